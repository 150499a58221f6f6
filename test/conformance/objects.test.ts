import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

const Bucket = 'patchtide-eu-west-1';
const get = async (Key: string) => {
  const { Body, ...head } = await fleet.s3.send(new GetObjectCommand({ Bucket, Key }));
  return { ...head, text: await Body?.transformToString() };
};

test('what is put is got, with its type and metadata', async () => {
  const object = { Bucket, Key: 'sets/a b/ü.yaml', Body: 'patches: []\n', ContentType: 'application/yaml' };
  await fleet.s3.send(new PutObjectCommand({ ...object, Metadata: { digest: 'sha256-1' } }));

  expect(await get('sets/a b/ü.yaml')).toMatchObject({
    text: 'patches: []\n',
    ContentType: 'application/yaml',
    Metadata: { digest: 'sha256-1' },
  });
});

test('a stream is put in chunks', async () => {
  const text = 'line\n'.repeat(50_000);
  await fleet.s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'stream',
      Body: Readable.from([text.slice(0, 99), text.slice(99)]),
      ContentLength: text.length,
    }),
  );

  expect((await get('stream')).text).toBe(text);
});

test('objects are listed by prefix, in pages, and deleted', async () => {
  for (const Key of ['a/1', 'a/2', 'a/3', 'b/1']) await fleet.s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  await fleet.s3.send(new DeleteObjectCommand({ Bucket, Key: 'a/2' }));
  const pages = [];
  for await (const page of paginateListObjectsV2({ client: fleet.s3, pageSize: 1 }, { Bucket, Prefix: 'a/' })) {
    pages.push(page.Contents?.map(({ Key }) => Key));
  }

  expect(pages).toEqual([['a/1'], ['a/3']]);
});

test('what is not there is said so', async () => {
  await fleet.s3.send(new HeadBucketCommand({ Bucket }));

  await expect(fleet.s3.send(new HeadBucketCommand({ Bucket: 'nobodys' }))).rejects.toMatchObject({ name: 'NotFound' });
  await expect(get('none')).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(fleet.s3.send(new PutObjectCommand({ Bucket: 'nobodys', Key: 'a', Body: 'a' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
  });
});

test('a bucket belongs to its Region', async () => {
  const credentials = { accessKeyId: 'AKIAHUB', secretAccessKey: 'hub' };
  const s3 = new S3Client({
    endpoint: fleet.url,
    region: 'us-east-1',
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });

  await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'a' }))).rejects.toMatchObject({
    name: 'PermanentRedirect',
  });
  s3.destroy();
});
