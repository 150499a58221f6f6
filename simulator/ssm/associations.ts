import { z } from 'zod';
import { AwsError, validationError } from '../errors.js';
import { isKnownDocument } from '../fleet/documents.js';
import type { Association } from '../fleet/registered.js';
import { type Call, jsonOperation } from '../http/operation.js';
import { nodeOf, pageOf, paging, seconds } from './common.js';

/** Quota of an account and Region (SSM API reference, AssociationLimitExceeded). */
const ASSOCIATIONS_A_LOCATION = 2_000;
const VERSION = '1';
/** What the list tells of how an association was created. */
const LISTED = [
  'Name',
  'AssociationName',
  'InstanceId',
  'Targets',
  'ScheduleExpression',
  'ScheduleOffset',
  'Duration',
  'DocumentVersion',
];

export const createAssociation = jsonOperation(
  z.object({
    Name: z.string().regex(/^[a-zA-Z0-9_\-.:/]{3,}$/),
    DocumentVersion: z.string().optional(),
    InstanceId: z.string().optional(),
    Parameters: z.record(z.string(), z.array(z.string())).optional(),
    Targets: z
      .array(z.object({ Key: z.string().min(1).max(163), Values: z.array(z.string()).max(50) }))
      .max(5)
      .optional(),
    ScheduleExpression: z
      .string()
      .regex(/^(cron|rate|at)\(.+\)$/)
      .max(256)
      .optional(),
    ScheduleOffset: z.int().min(1).max(6).optional(),
    AssociationName: z
      .string()
      .regex(/^[a-zA-Z0-9_\-.]{3,128}$/)
      .optional(),
    MaxErrors: z.string().optional(),
    MaxConcurrency: z.string().optional(),
    ComplianceSeverity: z.string().optional(),
    SyncCompliance: z.string().optional(),
    ApplyOnlyAtCronInterval: z.boolean().optional(),
    CalendarNames: z.array(z.string()).optional(),
    Duration: z.int().min(1).max(24).optional(),
  }),
  (settings, call) => {
    const { fleet, account, region } = call;
    if (!isKnownDocument(fleet.description, settings.Name))
      throw new AwsError('InvalidDocument', `Document with name ${settings.Name} does not exist.`);
    const { InstanceId, Targets = [] } = settings;
    if ((InstanceId === undefined) === (Targets.length === 0))
      throw new AwsError('InvalidTarget', 'Give either InstanceId or Targets.');
    if (InstanceId !== undefined && !nodeOf(InstanceId, call))
      throw new AwsError('InvalidInstanceId', `${InstanceId} is no managed node.`);
    const present = associationsAt(call);
    const same = (each: Association) =>
      each.settings.Name === settings.Name && each.settings.InstanceId === InstanceId && InstanceId !== undefined;
    if (present.some(same)) throw new AwsError('AssociationAlreadyExists', 'The specified association already exists.');
    if (present.length >= ASSOCIATIONS_A_LOCATION)
      throw new AwsError('AssociationLimitExceeded', `You can have at most ${ASSOCIATIONS_A_LOCATION} associations.`);
    const id = fleet.chance.uuid('association', fleet.next('association'));
    const association: Association = { id, account, region, createdAt: fleet.clock.wall(), settings };
    fleet.associations.put(id, association);
    return { AssociationDescription: describe(association) };
  },
);

export const listAssociations = jsonOperation(
  z.object({
    AssociationFilterList: z
      .array(z.object({ key: z.string(), value: z.string().min(1) }))
      .max(5)
      .default([]),
    ...paging(1, 50),
  }),
  (input, call) => {
    const found = associationsAt(call).filter((association) =>
      input.AssociationFilterList.every(({ key, value }) => filterValue(association, key) === value),
    );
    const { page, token } = pageOf(found, ({ id }) => id, input);
    const associations = page.map(({ id, settings }) => ({
      ...Object.fromEntries(LISTED.map((field) => [field, settings[field]])),
      AssociationId: id,
      AssociationVersion: VERSION,
    }));
    return { Associations: associations, ...token };
  },
);

/** By its id, or by document and instance. */
export const describeAssociation = jsonOperation(
  z.object({
    AssociationId: z.string().optional(),
    Name: z.string().optional(),
    InstanceId: z.string().optional(),
    AssociationVersion: z.string().optional(),
  }),
  ({ AssociationId, Name, InstanceId }, call) => {
    if (AssociationId === undefined && (Name === undefined || InstanceId === undefined))
      throw validationError('Give AssociationId, or Name and InstanceId.');
    const found = associationsAt(call).find(({ id, settings }) =>
      AssociationId === undefined ? settings.Name === Name && settings.InstanceId === InstanceId : id === AssociationId,
    );
    if (!found) throw new AwsError('AssociationDoesNotExist', 'The specified association does not exist.');
    return { AssociationDescription: describe(found) };
  },
);

const associationsAt = ({ fleet, account, region }: Call): Association[] =>
  [...fleet.associations.values()].filter((each) => each.account === account && each.region === region);

const describe = ({ id, settings, createdAt }: Association) => ({
  ...settings,
  AssociationId: id,
  AssociationVersion: VERSION,
  Date: seconds(createdAt),
  LastUpdateAssociationDate: seconds(createdAt),
  Overview: { Status: 'Pending', AssociationStatusAggregatedCount: {} },
});

function filterValue({ id, settings }: Association, key: string): string | undefined {
  switch (key) {
    case 'AssociationId':
      return id;
    case 'Name':
      return settings.Name;
    case 'AssociationName':
      return settings.AssociationName;
    case 'InstanceId':
      return settings.InstanceId;
    default:
      throw validationError(`${key} is no filter key of ListAssociations that the simulator knows.`);
  }
}
