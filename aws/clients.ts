import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import type { AccountDirectory } from '../activities/ports.js';
import type { AccountId, Location } from '../domain/ids.js';
import { Connection } from './connection.js';
import { RoleCredentials } from './credentials.js';
import { Gate } from './gate.js';
import { AROUND_EACH_ATTEMPT, type CallObserver, observing, type Service } from './observe.js';

/** With what activities/effects.ts says of a send, these two bound how late AWS may still accept it. */
const CONNECTION_TIMEOUT = 2_000;
const REQUEST_TIMEOUT = 10_000;
/**
 * Requests under way at the same time, of one process and of one of its locations; the others wait before either clock runs.
 * The SDK's clocks start when a request is made, whether or not there is a socket for it and the process has time to read
 * the answer, so that a crowd would look like an unreachable AWS. A location that does not answer holds its own share alone.
 */
const REQUESTS_AT_ONCE = 256;
export const REQUESTS_AT_ONCE_PER_LOCATION = 64;
const READ_ATTEMPTS = 3;
/** A read of hundreds of nodes would begin anew for one that was refused too often. */
const THROTTLED_READ_ATTEMPTS = 6;

/**
 * The connections to all locations, each made on first use and kept. Endpoints and base credentials come from the SDK's
 * own configuration (AWS_ENDPOINT_URL, AWS_PROFILE, …): nothing here knows where AWS is.
 */
export class Connections {
  readonly #accounts: AccountDirectory;
  readonly #onCall: CallObserver;
  readonly #connections = new Map<string, Connection>();
  readonly #roles = new Map<AccountId, { credentials: RoleCredentials; sts: STSClient }>();
  readonly #requestHandler = {
    connectionTimeout: CONNECTION_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    throwOnRequestTimeout: true,
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true }),
  };
  readonly #places = new Gate(REQUESTS_AT_ONCE);

  constructor(accounts: AccountDirectory, onCall: CallObserver) {
    this.#accounts = accounts;
    this.#onCall = onCall;
  }

  to({ account, region }: Location): Connection {
    const name = `${account}/${region}`;
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const made = this.#connect({ account, region });
    this.#connections.set(name, made);
    return made;
  }

  /** What only an examination asks, with the credentials of the location's role; the caller destroys the clients. */
  examiners(at: Location): { readonly sts: STSClient; readonly iam: IAMClient } {
    const credentials = provider(this.#credentialsOf(at));
    const settings = {
      region: at.region,
      requestHandler: this.#requestHandler,
      credentials,
      maxAttempts: READ_ATTEMPTS,
    };
    return {
      sts: this.#paced(new STSClient(settings), 'sts', at),
      iam: this.#paced(new IAMClient(settings), 'iam', at),
    };
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    for (const { sts } of this.#roles.values()) sts.destroy();
    this.#connections.clear();
    this.#roles.clear();
    this.#requestHandler.httpAgent.destroy();
    this.#requestHandler.httpsAgent.destroy();
  }

  #connect(at: Location): Connection {
    const credentials = this.#credentialsOf(at);
    const settings = { region: at.region, requestHandler: this.#requestHandler, credentials: provider(credentials) };
    // Adaptive: a client that is throttled slows itself down, and its calls wait here instead of being refused there.
    const reads = { ...settings, maxAttempts: THROTTLED_READ_ATTEMPTS, retryMode: 'adaptive' };
    const effects = { ...settings, maxAttempts: 1 };
    const here = new Gate(REQUESTS_AT_ONCE_PER_LOCATION);
    const clients = {
      ssm: this.#paced(new SSMClient(reads), 'ssm', at, here),
      ec2: this.#paced(new EC2Client(reads), 'ec2', at, here),
      // A bucket in the path works on AWS, and on every endpoint that stands for it whatever its host is called;
      // a bucket in the host name would need a wildcard name for that host.
      s3: this.#paced(new S3Client({ ...reads, forcePathStyle: true }), 's3', at, here),
      elb: this.#paced(new ElasticLoadBalancingV2Client(reads), 'elasticloadbalancing', at, here),
      once: {
        ssm: this.#paced(new SSMClient(effects), 'ssm', at, here),
        ec2: this.#paced(new EC2Client(effects), 'ec2', at, here),
      },
    };
    return new Connection(at, clients, credentials);
  }

  /** An account's credentials serve all its Regions; they come from the STS of the Region that is asked for first. */
  #credentialsOf(at: Location): RoleCredentials {
    const known = this.#roles.get(at.account);
    if (known !== undefined) return known.credentials;
    const settings = { region: at.region, requestHandler: this.#requestHandler, maxAttempts: READ_ATTEMPTS };
    const sts = this.#paced(new STSClient(settings), 'sts', at);
    const credentials = new RoleCredentials(at.account, this.#accounts, sts);
    this.#roles.set(at.account, { credentials, sts });
    return credentials;
  }

  /**
   * Each attempt waits for its place, and is reported without that wait. It is signed before: signing may wait for
   * AssumeRole, which needs a place as well.
   */
  #paced<SdkClient extends Client>(client: SdkClient, service: Service, at: Location, here?: Gate): SdkClient {
    const observe = observing(service, at, this.#onCall);
    client.middlewareStack.add((next, context) => {
      const attempt = observe(next, context);
      const inPlace = (request: Parameters<typeof attempt>[0]) => this.#places.run(() => attempt(request));
      return here ? (request) => here.run(() => inPlace(request)) : inPlace;
    }, AROUND_EACH_ATTEMPT);
    return client;
  }
}

/** As much of the SDK's clients as pacing needs. */
interface Client {
  readonly middlewareStack: {
    add(middleware: Middleware, options: typeof AROUND_EACH_ATTEMPT): void;
  };
}
type Middleware = <Request, Answer>(
  next: (request: Request) => Promise<Answer>,
  context: { commandName?: string },
) => (request: Request) => Promise<Answer>;

/** `memoized` tells the SDK's clients to ask each time and to keep no copy of their own, which would outlive a renewal. */
const provider = (credentials: RoleCredentials) =>
  Object.assign(async () => await credentials.get(), { memoized: true });
