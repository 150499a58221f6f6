import type { Fleet } from '../fleet/fleet.js';
import { matchesGlob } from '../glob.js';

/** Operations whose action IAM calls otherwise, and those that need none. */
const ACTIONS: Readonly<Record<string, string | null>> = {
  's3:HeadBucket': 's3:ListBucket',
  's3:ListObjectsV2': 's3:ListBucket',
  's3:ListBuckets': 's3:ListAllMyBuckets',
  's3:HeadObject': 's3:GetObject',
  'sts:GetCallerIdentity': null,
};

/** The action of IAM that an operation takes; null where none. */
export function actionOf(service: string, operation: string): string | null {
  const name = `${service}:${operation}`;
  return name in ACTIONS ? (ACTIONS[name] ?? null) : name;
}

/** Whether the description keeps an action (`ssm:SendCommand`) from the role of an account. */
export function isKeptFrom(fleet: Fleet, account: string, action: string): boolean {
  const { denied = [] } = fleet.description.accounts.find(({ id }) => id === account) ?? {};
  return denied.some((pattern) => matchesGlob(pattern, action));
}
