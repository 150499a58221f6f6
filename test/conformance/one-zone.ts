import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { AccountDirectory } from '../../activities/ports.js';
import type { AccountId, Location, Region, ZoneId } from '../../domain/ids.js';
import type { FleetDescriptionInput } from '../../simulator/index.js';

/* The account `shop` with one zone, and the directory that knows it: the place of tests about steps on nodes. */

export const ACCOUNT = '111122223333' as AccountId;
export const HERE: Location = { account: ACCOUNT, region: 'eu-west-1' as Region };
export const ZONE = 'euw1-az1' as ZoneId;
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/Patchtide`;
export const EXTERNAL_ID = 'shop-external-id';

/** A fleet there, without rates. */
export const oneZone = (
  more: Pick<FleetDescriptionInput, 'seed' | 'groups' | 'targetGroups'>,
): FleetDescriptionInput => ({
  accounts: [
    {
      name: 'shop',
      id: ACCOUNT,
      roleArn: ROLE,
      externalId: EXTERNAL_ID,
      regions: { 'eu-west-1': { zones: { 'eu-west-1a': ZONE } } },
    },
  ],
  buckets: [{ name: 'patchtide-eu-west-1', region: 'eu-west-1' }],
  limits: { ssm: 'none', 'ec2-describe': 'none', 'ec2-mutate': 'none', 'ec2-snapshots': 'none' },
  consistencyMs: [5, 20],
  ...more,
});

export const directory: AccountDirectory = {
  account: async (id) => ({ name: id, id, roleArn: ROLE, externalId: EXTERNAL_ID, regions: [] }),
};

/** What a client of the SDK takes to act there as Patchtide's role. */
export async function assumed() {
  const sts = new STSClient({ region: HERE.region });
  const command = new AssumeRoleCommand({ RoleArn: ROLE, ExternalId: EXTERNAL_ID, RoleSessionName: 'test' });
  const { Credentials: given } = await sts.send(command);
  sts.destroy();
  const credentials = {
    accessKeyId: given?.AccessKeyId ?? '',
    secretAccessKey: given?.SecretAccessKey ?? '',
    sessionToken: given?.SessionToken ?? '',
  };
  return { region: HERE.region, credentials };
}
