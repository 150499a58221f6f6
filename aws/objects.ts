import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Location } from '../domain/ids.js';
import type { Connection } from './connection.js';

/** Everything of ours in a bucket lies under it, so that rights and lifecycle rules can name it. */
const PREFIX = 'patchtide';
export const OUTPUT_PREFIX = `${PREFIX}/output`;

/** `{region}` in the bucket's name becomes the location's Region: nodes read from a bucket of their own Region. */
export const bucketOf = (bucket: string, { region }: Location): string => bucket.replaceAll('{region}', region);

/** See Fleet.putObject. */
export const putObject = async (
  aws: Connection,
  bucket: string,
  name: string,
  body: string,
  signal: AbortSignal,
): Promise<string> => {
  const key = `${PREFIX}/${name}`;
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    ContentType: 'text/plain; charset=utf-8',
  });
  await aws.call('PutObject', signal, (options) => aws.s3.send(command, options));
  return `s3://${bucket}/${key}`;
};
