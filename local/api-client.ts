import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** Code `refused`: the API answered with a problem; its text says what was wrong. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly code = 'refused';
  readonly status: number;
  constructor(what: string, status: number, body: string) {
    super(`${what}: ${status} ${body.slice(0, 2_000)}`);
    this.status = status;
  }
}

/** How often a call is repeated while the API cannot answer (503, or no connection), and the pause in milliseconds. */
const ATTEMPTS = 60;
const PAUSE = 500;

/** The REST API as one person with a key. What is repeated carries an idempotency key or changes nothing twice. */
export class ApiClient {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  get<T>(path: string, answer: z.ZodType<T>): Promise<T> {
    return this.#call('GET', path, answer);
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.#call('PUT', path, z.unknown(), { body });
  }

  post<T>(path: string, answer: z.ZodType<T>, body: unknown, idempotencyKey?: string): Promise<T> {
    return this.#call('POST', path, answer, {
      body,
      ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
    });
  }

  async #call<T>(
    method: string,
    path: string,
    answer: z.ZodType<T>,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(new URL(path, this.#url), {
        method,
        headers: {
          authorization: `Bearer ${this.#key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      }).catch(() => null);
      const text = (await response?.text().catch(() => null)) ?? null;
      if (response?.ok && text !== null) return answer.parse(text === '' ? null : JSON.parse(text));
      const unavailable = response === null || text === null || response.status === 503;
      if (!unavailable || attempt === ATTEMPTS)
        throw new ApiRefusal(`${method} ${path}`, response?.status ?? 0, text ?? 'no answer');
      await delay(PAUSE);
    }
  }
}
