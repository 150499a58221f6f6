import {
  CreateAssociationCommand,
  type CreateAssociationCommandInput,
  DescribeAssociationCommand,
  ListAssociationsCommand,
  paginateListAssociations,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet({ ...SMALL, limits: { ssm: 'none' } });
});
afterEach(() => fleet.close());

const nightly = {
  Name: 'AWS-RunPatchBaseline',
  AssociationName: 'nightly-scan',
  ScheduleExpression: 'rate(1 day)',
  Targets: [{ Key: 'tag:Patch Group', Values: ['web'] }],
  Parameters: { Operation: ['Scan'] },
} satisfies CreateAssociationCommandInput;

const create = (more: Partial<CreateAssociationCommandInput> = {}) =>
  fleet.ssm.send(new CreateAssociationCommand({ ...nightly, ...more }));

test('an association is listed without its parameters and described with them', async () => {
  const { AssociationDescription } = await create();
  const { Associations } = await fleet.ssm.send(new ListAssociationsCommand({}));

  expect(Associations).toMatchObject([
    { Name: 'AWS-RunPatchBaseline', AssociationName: 'nightly-scan', ScheduleExpression: 'rate(1 day)' },
  ]);
  expect(Associations?.[0]).not.toHaveProperty('Parameters');
  const AssociationId = Associations?.[0]?.AssociationId;
  expect(AssociationId).toBe(AssociationDescription?.AssociationId);
  const described = await fleet.ssm.send(new DescribeAssociationCommand({ AssociationId }));
  expect(described.AssociationDescription).toMatchObject({ ...nightly, AssociationId, Date: expect.any(Date) });
});

test('associations are filtered by document and told in pages of at most 50', async () => {
  for (let number = 1; number <= 60; number += 1) await create({ AssociationName: `scan-${number}` });
  await create({ Name: 'AWS-GatherSoftwareInventory', AssociationName: 'inventory' });

  const pages: number[] = [];
  const filter = { AssociationFilterList: [{ key: 'Name' as const, value: 'AWS-RunPatchBaseline' }] };
  for await (const page of paginateListAssociations({ client: fleet.ssm }, filter))
    pages.push(page.Associations?.length ?? 0);
  expect(pages).toEqual([50, 10]);
});

describe('refused', () => {
  test('the same document on the same instance twice', async () => {
    const own = { Targets: undefined, InstanceId: (await fleet.node('web-01')).id };
    await create(own);

    await expect(create(own)).rejects.toMatchObject({ name: 'AssociationAlreadyExists' });
  });

  const wrong: [string, Partial<CreateAssociationCommandInput>][] = [
    ['InvalidDocument', { Name: 'Nobody-Knows' }],
    ['InvalidTarget', { Targets: undefined }],
    ['InvalidInstanceId', { Targets: undefined, InstanceId: 'i-0123456789abcdef0' }],
    ['ValidationException', { ScheduleExpression: 'nightly' }],
  ];
  test.each(wrong)('with %s', async (name, more) => {
    await expect(create(more)).rejects.toMatchObject({ name });
  });

  test('to describe one that is not there', async () => {
    const AssociationId = '00000000-0000-4000-8000-000000000000';
    await expect(fleet.ssm.send(new DescribeAssociationCommand({ AssociationId }))).rejects.toMatchObject({
      name: 'AssociationDoesNotExist',
    });
  });
});
