import { createHash } from 'node:crypto';
import type { Fleet } from '../fleet/fleet.js';
import type { Command, Invocation, StoredObject } from '../fleet/model.js';

export const bucketNamed = (fleet: Fleet, name: string) =>
  fleet.description.buckets.find((bucket) => bucket.name === name);

export function putObject(
  fleet: Fleet,
  bucket: string,
  key: string,
  body: Buffer,
  more: { contentType?: string | undefined; metadata?: Record<string, string> } = {},
): StoredObject {
  return fleet.objects.put(`${bucket}/${key}`, {
    bucket,
    key,
    body: body.toString('base64'),
    contentType: more.contentType ?? 'application/octet-stream',
    etag: `"${createHash('md5').update(body).digest('hex')}"`,
    metadata: more.metadata ?? {},
    modifiedAt: fleet.clock.wall(),
  });
}

/** Where a command's output on a node lies. */
export function outputKey(command: Command, node: string, plugin: string, stream: 'stdout' | 'stderr'): string {
  const folder = plugin.replace(':', '');
  const prefix = command.output?.prefix ? `${command.output.prefix}/` : '';
  return `${prefix}${command.id}/${node}/${folder}/0.${folder}/${stream}`;
}

/** Writes what an invocation printed to the bucket that its command names; a bucket that is not there loses it. */
export function storeOutput(fleet: Fleet, command: Command, invocation: Invocation, plugin: string): void {
  const bucket = command.output?.bucket;
  if (bucket === undefined || !bucketNamed(fleet, bucket)) return;
  for (const stream of ['stdout', 'stderr'] as const) {
    if (invocation[stream] === '') continue;
    putObject(fleet, bucket, outputKey(command, invocation.node, plugin, stream), Buffer.from(invocation[stream]), {
      contentType: 'text/plain',
    });
  }
}
