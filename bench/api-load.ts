import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of the next request. */
  readonly body?: () => string;
}

/** What a phase of load came to; times in milliseconds, from writing the request to the end of its answer. */
export interface LoadResult {
  readonly requests: number;
  /** Answers that came, a second. */
  readonly achieved: number;
  /** Answers other than 2xx, and requests without one. */
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Sends `rate` requests a second, evenly spaced, for `seconds`. autocannon sends the quota of a second as fast as it can
 * and then pauses, so each of `rate` runs has one connection and one request a second, and the runs begin one after the
 * other: a slow answer delays nothing but the next request of its own connection, a second later.
 */
export async function load(url: string, rate: number, seconds: number, request: LoadRequest): Promise<LoadResult> {
  const times: number[] = [];
  let failed = 0;
  const note = (statusCode: number, time: number) => {
    times.push(time);
    if (statusCode < 200 || statusCode > 299) failed += 1;
  };
  const lanes = Array.from({ length: rate }, async (_, lane) => {
    await delay((lane * 1_000) / rate);
    const { errors } = await fromOneConnection(url, seconds, request, note);
    failed += errors;
  });
  await Promise.all(lanes);
  times.sort((a, b) => a - b);
  const quantile = (share: number) => round(times[Math.ceil(share * times.length) - 1] ?? Number.NaN);
  return {
    requests: times.length,
    achieved: round(times.length / seconds),
    failed,
    p50: quantile(0.5),
    p99: quantile(0.99),
    max: quantile(1),
  };
}

/** One request a second, `amount` of them. `errors` are the requests that got no answer. */
function fromOneConnection(
  url: string,
  amount: number,
  { method, headers, body }: LoadRequest,
  note: (statusCode: number, time: number) => void,
): Promise<autocannon.Result> {
  return new Promise((resolve, reject) => {
    const run = autocannon(
      {
        url,
        connections: 1,
        connectionRate: 1,
        amount,
        headers: { ...headers },
        requests: [{ method, setupRequest: (next) => ({ ...next, ...(body && { body: body() }) }) }],
      },
      (failure: Error | null, result) => (failure ? reject(failure) : resolve(result)),
    );
    run.on('response', (_client, statusCode, _bytes, time) => note(statusCode, time));
  });
}

const round = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;
