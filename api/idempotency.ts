import { createHash, randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { digestOf } from '../domain/digest.js';
import { Problem } from './errors.js';
import { identityOf } from './plugins/identify.js';
import type { ApiStore } from './ports.js';

/**
 * What makes a request the same as another one of the same caller: its `Idempotency-Key`, else itself alone.
 * @throws {Problem} idempotency-key-reused, where the key came with another request before
 */
export async function requestKey(store: Pick<ApiStore, 'claimKey'>, request: FastifyRequest): Promise<string> {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return randomUUID();
  const { name } = identityOf(request);
  const { kind } = await store.claimKey(name, key, digestOf({ url: request.url, body: request.body ?? null }));
  if (kind === 'conflict') {
    throw new Problem('idempotency-key-reused', `The Idempotency-Key ${key} came with another request before.`);
  }
  return uuidOf(`${name}\n${key}`);
}

/** A UUID (version 8, RFC 9562) that is the same for the same text. */
const uuidOf = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
