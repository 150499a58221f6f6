import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import type { AccountDirectory } from '../activities/ports.js';
import type { AccountId } from '../domain/ids.js';
import { CredentialsFailure } from './errors.js';

/** Temporary credentials in the shape that the SDK's clients ask for. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

const SESSION_NAME = 'patchtide';
/** Chained roles last an hour at most (STS, role chaining), so this is the longest that always works. */
const SESSION_SECONDS = 3600;
const REFRESH_BEFORE = 5 * 60_000;

/**
 * One account's credentials: assumed on first use with the stored role and external id, renewed five minutes before they
 * expire (or halfway, when they are given for less than ten), by one call at a time however many wait for it.
 */
export class RoleCredentials {
  readonly #account: AccountId;
  readonly #accounts: AccountDirectory;
  readonly #sts: STSClient;
  #held: { readonly credentials: Credentials; readonly renewAt: number } | null = null;
  #renewal: Promise<Credentials> | null = null;

  constructor(account: AccountId, accounts: AccountDirectory, sts: STSClient) {
    this.#account = account;
    this.#accounts = accounts;
    this.#sts = sts;
  }

  /**
   * Credentials that are good for a call now.
   * @throws CredentialsFailure, with what STS or the directory of accounts said as its cause
   */
  async get(): Promise<Credentials> {
    if (this.#held !== null && Date.now() < this.#held.renewAt) return this.#held.credentials;
    this.#renewal ??= this.#assume().finally(() => {
      this.#renewal = null;
    });
    return await this.#renewal;
  }

  /** AWS says that these are over: the next call gets new ones. Where somebody has renewed them already, those stay. */
  expire(used: Credentials): void {
    if (this.#held?.credentials === used) this.#held = null;
  }

  async #assume(): Promise<Credentials> {
    const startedAt = Date.now();
    try {
      const { roleArn, externalId } = await this.#accounts.account(this.#account);
      const answer = await this.#sts.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: SESSION_NAME,
          DurationSeconds: SESSION_SECONDS,
          ...(externalId === null ? {} : { ExternalId: externalId }),
        }),
      );
      const given = answer.Credentials;
      if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration) {
        throw new Error('AssumeRole answered without credentials');
      }
      const credentials = {
        accessKeyId: given.AccessKeyId,
        secretAccessKey: given.SecretAccessKey,
        sessionToken: given.SessionToken,
        expiration: given.Expiration,
      };
      const lifetime = given.Expiration.getTime() - startedAt;
      const renewAt = given.Expiration.getTime() - Math.min(REFRESH_BEFORE, lifetime / 2);
      this.#held = { credentials, renewAt };
      return credentials;
    } catch (cause) {
      throw new CredentialsFailure(`No credentials for account ${this.#account}`, { cause });
    }
  }
}
