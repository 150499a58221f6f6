import { AwsError } from '../errors.js';
import type { Form } from '../http/form.js';
import type { Call, QueryOperation } from '../http/operation.js';

const LONGEST_SESSION = 3600;
const SHORTEST_SESSION = 900;

/** Security Token Service. */
export const stsOperations: Record<string, QueryOperation> = {
  AssumeRole: { bucket: 'sts', run: assumeRole },
  GetCallerIdentity: { bucket: 'sts', run: getCallerIdentity },
};

/** Hands out credentials of the account whose role it is, if the external id is right. Chained roles last an hour at most. */
function assumeRole(form: Form, { fleet, arn }: Call): object {
  const roleArn = form.get('RoleArn');
  const sessionName = form.get('RoleSessionName');
  if (!roleArn || !sessionName) throw new AwsError('ValidationError', 'RoleArn and RoleSessionName are required.');
  const seconds = form.number('DurationSeconds') ?? LONGEST_SESSION;
  if (!(seconds >= SHORTEST_SESSION && seconds <= LONGEST_SESSION)) {
    const message = 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining';
    throw new AwsError('ValidationError', message);
  }
  const account = fleet.description.accounts.find((each) => each.roleArn === roleArn);
  const trusted = account && (account.externalId === undefined || account.externalId === form.get('ExternalId'));
  if (!trusted) {
    const message = `User: ${arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
    throw new AwsError('AccessDenied', message, 403);
  }
  const number = fleet.next('session');
  const role = roleArn.split('/').at(-1) ?? 'role';
  const assumed = `arn:aws:sts::${account.id}:assumed-role/${role}/${sessionName}`;
  const accessKey = `ASIAFLEET${fleet.chance.hex(11, 'session', number).toUpperCase()}`;
  const expiresAt = fleet.clock.wall() + Math.min(seconds, account.sessionSeconds ?? LONGEST_SESSION) * 1000;
  fleet.sessions.put(accessKey, { account: account.id, arn: assumed, expiresAt });
  return {
    Credentials: {
      AccessKeyId: accessKey,
      SecretAccessKey: fleet.chance.hex(40, 'secret', number),
      SessionToken: fleet.chance.hex(40, 'token', number),
      Expiration: new Date(expiresAt),
    },
    AssumedRoleUser: { AssumedRoleId: `AROAFLEET:${sessionName}`, Arn: assumed },
    PackedPolicySize: 0,
  };
}

function getCallerIdentity(_form: Form, { account, arn }: Call): object {
  return { UserId: 'AIDAFLEET', Account: account, Arn: arn };
}
