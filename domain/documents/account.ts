import { z } from 'zod';
import type { AccountId, Region } from '../ids.js';
import { DEFAULT_PENDING_SNAPSHOTS } from '../snapshot-room.js';
import { accountName, distinct, documentSchema, refuse, regionField } from './fields.js';
import type { AccountDocument } from './types.js';

const ROLE = /^arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):role\/[\w+=,.@/-]+$/;

export const accountSchema = documentSchema(
  'Account',
  z.strictObject({ name: accountName }),
  z
    .strictObject({
      id: z
        .string()
        .regex(/^\d{12}$/)
        .meta({ description: 'the account id: twelve digits, in quotes', 'x-example': '"111122223333"' }),
      roleArn: z.string().max(600).regex(ROLE).meta({
        description: 'the ARN of the role that is assumed in the account',
        'x-example': 'arn:aws:iam::111122223333:role/Patchtide',
      }),
      externalId: z
        .string()
        .regex(/^[\w+=,.@:/-]{2,1224}$/)
        .optional()
        .meta({
          description: 'the external id that the role asks for: 2 to 1224 letters, digits and + = , . @ : / - _',
          'x-example': '5f0c2a9e',
        }),
      regions: distinct(regionField, 1, 40).meta({
        description: 'the Regions with nodes, at least one',
        'x-example': '[eu-west-1, us-east-1]',
      }),
      pendingSnapshots: z.int().min(1).max(100_000).optional().meta({
        description: "how many snapshots may be pending at a time in each Region: the account's quota in AWS (100)",
        'x-example': 100,
      }),
    })
    .check((context) => {
      const account = ROLE.exec(context.value.roleArn)?.[1];
      if (account !== undefined && /^\d{12}$/.test(context.value.id) && account !== context.value.id)
        refuse(context, 'the role is in another account than spec.id', {
          path: ['roleArn'],
          input: context.value.roleArn,
          expected: `a role in account ${context.value.id}`,
        });
    }),
);
export type ParsedAccount = z.infer<typeof accountSchema>;

export const accountOf = ({ metadata, spec }: ParsedAccount): AccountDocument => ({
  name: metadata.name,
  id: spec.id as AccountId,
  roleArn: spec.roleArn,
  externalId: spec.externalId ?? null,
  regions: spec.regions as Region[],
  pendingSnapshots: spec.pendingSnapshots ?? DEFAULT_PENDING_SNAPSHOTS,
});
