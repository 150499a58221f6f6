import type { EC2Client } from '@aws-sdk/client-ec2';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { BeforeSend } from '../activities/send-ports.js';
import type { Location } from '../domain/ids.js';
import type { RoleCredentials } from './credentials.js';
import { HeldBack, isExpired, toFleetError } from './errors.js';

/** What every call to an SDK client takes beside its command. */
export interface CallOptions {
  readonly abortSignal: AbortSignal;
}

/**
 * One location, reached with its account's role. Every call to AWS goes through `call` or `pages`, so that all of them can
 * be aborted, renew credentials that AWS calls expired, and fail with FleetError and nothing else.
 */
export class Connection {
  readonly at: Location;
  /** For reads, and calls with a client token: up to six attempts. */
  readonly ssm: SSMClient;
  readonly ec2: EC2Client;
  readonly s3: S3Client;
  readonly elb: ElasticLoadBalancingV2Client;
  /** For effects without a client token: exactly one attempt, since a repetition would be a second effect. */
  readonly once: { readonly ssm: SSMClient; readonly ec2: EC2Client };
  readonly #credentials: RoleCredentials;

  constructor(
    at: Location,
    clients: {
      ssm: SSMClient;
      ec2: EC2Client;
      s3: S3Client;
      elb: ElasticLoadBalancingV2Client;
      once: { ssm: SSMClient; ec2: EC2Client };
    },
    credentials: RoleCredentials,
  ) {
    this.at = at;
    this.ssm = clients.ssm;
    this.ec2 = clients.ec2;
    this.s3 = clients.s3;
    this.elb = clients.elb;
    this.once = clients.once;
    this.#credentials = credentials;
  }

  /**
   * @throws the signal's reason when it is aborted, and what a BeforeSend throws; else FleetError
   */
  async call<Answer>(
    operation: string,
    signal: AbortSignal,
    send: (options: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const attempt = async () => {
      const used = await this.#credentials.get();
      return await send({ abortSignal: signal }).catch((error: unknown) => {
        if (isExpired(error)) this.#credentials.expire(used);
        throw error;
      });
    };
    try {
      return await untilAborted(signal, async () =>
        attempt().catch((error: unknown) => {
          // Refused before anything was done, so even a call without a token may be sent again.
          if (isExpired(error)) return attempt();
          throw error;
        }),
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof HeldBack) throw error.cause;
      throw toFleetError(error, this.at, operation);
    }
  }

  /** All pages of a reading operation. */
  async pages<Page>(
    operation: string,
    signal: AbortSignal,
    paginate: (options: CallOptions) => AsyncIterable<Page>,
  ): Promise<Page[]> {
    return await this.call(operation, signal, async (options) => {
      const pages: Page[] = [];
      for await (const page of paginate(options)) pages.push(page);
      return pages;
    });
  }

  close(): void {
    for (const client of [this.ssm, this.ec2, this.s3, this.elb, this.once.ssm, this.once.ec2]) client.destroy();
  }
}

/** The step of the SDK's middleware after which only the handler comes: credentials are there, the request is signed. */
export const AT_THE_WIRE = { step: 'deserialize', priority: 'low', name: 'patchtideBeforeSend' } as const;

/** Middleware for one command that calls this before each of its requests, and sends none where it throws. */
export const calling =
  (beforeSend: BeforeSend) =>
  <Request, Answer>(next: (request: Request) => Promise<Answer>) =>
  async (request: Request): Promise<Answer> => {
    await beforeSend().catch((cause: unknown) => {
      throw new HeldBack('The caller held the request back', { cause });
    });
    return await next(request);
  };

/** The SDK's waits for credentials and between attempts do not listen to a signal: this does. */
const untilAborted = async <Answer>(signal: AbortSignal, work: () => Promise<Answer>): Promise<Answer> => {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

/** Splits what an operation takes only so many of. */
export const chunksOf = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/** What an operation tells of one thing only: a few at a time keep within the rate of reading calls. In the items' order. */
export const fewAtATime = async <Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  for (const some of chunksOf(items, AT_ONCE)) results.push(...(await Promise.all(some.map(read))));
  return results;
};
const AT_ONCE = 5;
