import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { EC2Client } from '@aws-sdk/client-ec2';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import type { AccountDirectory } from '../activities/ports.js';
import type { AccountId, Location } from '../domain/ids.js';
import { Connection } from './connection.js';
import { RoleCredentials } from './credentials.js';
import { AROUND_EACH_ATTEMPT, type CallObserver, observing } from './observe.js';

/** With what activities/effects.ts says of a send, these two bound how late AWS may still accept it. */
const CONNECTION_TIMEOUT = 2_000;
const REQUEST_TIMEOUT = 10_000;
/**
 * More than a worker has calls in flight to one endpoint: the SDK's connection timeout counts the wait for a free socket,
 * so that a short queue would look like an unreachable AWS.
 */
const SOCKETS_PER_ENDPOINT = 512;
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
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_PER_ENDPOINT }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_PER_ENDPOINT }),
  };

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
    const clients = { sts: new STSClient(settings), iam: new IAMClient(settings) };
    clients.sts.middlewareStack.add(observing('sts', at, this.#onCall), AROUND_EACH_ATTEMPT);
    clients.iam.middlewareStack.add(observing('iam', at, this.#onCall), AROUND_EACH_ATTEMPT);
    return clients;
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
    const clients = {
      ssm: new SSMClient(reads),
      ec2: new EC2Client(reads),
      // A bucket in the path works on AWS, and on every endpoint that stands for it whatever its host is called;
      // a bucket in the host name would need a wildcard name for that host.
      s3: new S3Client({ ...reads, forcePathStyle: true }),
      once: { ssm: new SSMClient(effects), ec2: new EC2Client(effects) },
    };
    clients.ssm.middlewareStack.add(observing('ssm', at, this.#onCall), AROUND_EACH_ATTEMPT);
    clients.ec2.middlewareStack.add(observing('ec2', at, this.#onCall), AROUND_EACH_ATTEMPT);
    clients.s3.middlewareStack.add(observing('s3', at, this.#onCall), AROUND_EACH_ATTEMPT);
    clients.once.ssm.middlewareStack.add(observing('ssm', at, this.#onCall), AROUND_EACH_ATTEMPT);
    clients.once.ec2.middlewareStack.add(observing('ec2', at, this.#onCall), AROUND_EACH_ATTEMPT);
    return new Connection(at, clients, credentials);
  }

  /** An account's credentials serve all its Regions; they come from the STS of the Region that is asked for first. */
  #credentialsOf(at: Location): RoleCredentials {
    const known = this.#roles.get(at.account);
    if (known !== undefined) return known.credentials;
    const sts = new STSClient({ region: at.region, requestHandler: this.#requestHandler, maxAttempts: READ_ATTEMPTS });
    sts.middlewareStack.add(observing('sts', at, this.#onCall), AROUND_EACH_ATTEMPT);
    const credentials = new RoleCredentials(at.account, this.#accounts, sts);
    this.#roles.set(at.account, { credentials, sts });
    return credentials;
  }
}

/** `memoized` tells the SDK's clients to ask each time and to keep no copy of their own, which would outlive a renewal. */
const provider = (credentials: RoleCredentials) =>
  Object.assign(async () => await credentials.get(), { memoized: true });
