import {
  CreatePatchBaselineCommand,
  type CreatePatchBaselineCommandInput,
  DeletePatchBaselineCommand,
  DeregisterPatchBaselineForPatchGroupCommand,
  DescribeInstancePatchStatesCommand,
  DescribePatchBaselinesCommand,
  DescribePatchGroupsCommand,
  GetPatchBaselineCommand,
  GetPatchBaselineForPatchGroupCommand,
  type PatchFilterKey,
  RegisterPatchBaselineForPatchGroupCommand,
  UpdatePatchBaselineCommand,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

const rule = (ApproveAfterDays: number, filters: Record<string, string[]> = {}) => ({
  PatchFilterGroup: {
    PatchFilters: Object.entries(filters).map(([key, Values]) => ({ Key: key as PatchFilterKey, Values })),
  },
  ApproveAfterDays,
});
const prod = {
  Name: 'patchtide-prod',
  OperatingSystem: 'AMAZON_LINUX_2023',
  ApprovalRules: { PatchRules: [rule(14, { CLASSIFICATION: ['*'] })] },
} satisfies CreatePatchBaselineCommandInput;

async function create(input: CreatePatchBaselineCommandInput): Promise<string> {
  return (await fleet.ssm.send(new CreatePatchBaselineCommand(input))).BaselineId ?? '';
}
const register = (BaselineId: string, PatchGroup: string) =>
  fleet.ssm.send(new RegisterPatchBaselineForPatchGroupCommand({ BaselineId, PatchGroup }));

async function missing(): Promise<number | undefined> {
  const { id } = await fleet.node('web-01');
  await fleet.run('AWS-RunPatchBaseline', id, { Operation: ['Scan'] });
  const { InstancePatchStates } = await fleet.ssm.send(new DescribeInstancePatchStatesCommand({ InstanceIds: [id] }));
  return InstancePatchStates?.[0]?.MissingCount;
}

test('a patch group is scanned under the baseline that is registered for it, else under the default', async () => {
  const defaultFirst = await fleet.ssm.send(
    new GetPatchBaselineForPatchGroupCommand({ PatchGroup: 'web', OperatingSystem: 'AMAZON_LINUX_2023' }),
  );
  expect(defaultFirst.BaselineId).toContain('patchbaseline/pb-');
  expect(await missing()).toBe(8);

  const BaselineId = await create(prod);
  await register(BaselineId, 'web');
  expect(await missing()).toBe(6);
  expect((await fleet.ssm.send(new DescribePatchGroupsCommand({}))).Mappings).toMatchObject([
    { PatchGroup: 'web', BaselineIdentity: { BaselineId, BaselineName: 'patchtide-prod' } },
  ]);
});

test('severity, approved and rejected patches decide what is approved', async () => {
  const BaselineId = await create({
    ...prod,
    ApprovalRules: { PatchRules: [rule(0, { SEVERITY: ['Critical'] })] },
    ApprovedPatches: ['curl.*'],
  });
  await register(BaselineId, 'web');
  expect(await missing()).toBe(2);

  await fleet.ssm.send(new UpdatePatchBaselineCommand({ BaselineId, RejectedPatches: ['curl.x86_64'] }));
  expect(await missing()).toBe(1);
});

test('an update leaves what it does not name, unless it replaces', async () => {
  const BaselineId = await create({ ...prod, ApprovedPatches: ['curl.*'], Description: 'ours' });
  await fleet.ssm.send(new UpdatePatchBaselineCommand({ BaselineId, Description: 'changed' }));
  expect(await fleet.ssm.send(new GetPatchBaselineCommand({ BaselineId }))).toMatchObject({
    Name: 'patchtide-prod',
    Description: 'changed',
    ApprovedPatches: ['curl.*'],
    ApprovalRules: { PatchRules: [{ ApproveAfterDays: 14 }] },
  });

  await fleet.ssm.send(new UpdatePatchBaselineCommand({ BaselineId, Replace: true, Name: 'patchtide-prod' }));
  expect(await fleet.ssm.send(new GetPatchBaselineCommand({ BaselineId }))).toMatchObject({
    Description: '',
    ApprovedPatches: [],
    ApprovalRules: { PatchRules: [] },
  });
});

test('a group has one baseline per operating system, and a baseline in use is not deleted', async () => {
  const [one, other] = [await create(prod), await create({ ...prod, Name: 'somebody-else' })];
  await register(one, 'web');

  await expect(register(other, 'web')).rejects.toMatchObject({ name: 'AlreadyExistsException' });
  await expect(fleet.ssm.send(new DeletePatchBaselineCommand({ BaselineId: one }))).rejects.toMatchObject({
    name: 'ResourceInUseException',
  });
  await fleet.ssm.send(new DeregisterPatchBaselineForPatchGroupCommand({ BaselineId: one, PatchGroup: 'web' }));
  await fleet.ssm.send(new DeletePatchBaselineCommand({ BaselineId: one }));
  await expect(fleet.ssm.send(new GetPatchBaselineCommand({ BaselineId: one }))).rejects.toMatchObject({
    name: 'DoesNotExistException',
  });
});

test('the same client token creates one baseline', async () => {
  const ClientToken = '11111111-2222-4333-8444-555555555555';

  expect(await create({ ...prod, ClientToken })).toBe(await create({ ...prod, ClientToken }));
});

test('own baselines are told from AWS’s', async () => {
  await create(prod);
  const names = async (owner: string) => {
    const { BaselineIdentities = [] } = await fleet.ssm.send(
      new DescribePatchBaselinesCommand({ Filters: [{ Key: 'OWNER', Values: [owner] }] }),
    );
    return BaselineIdentities.map(({ BaselineName }) => BaselineName);
  };

  expect(await names('Self')).toEqual(['patchtide-prod']);
  expect(await names('AWS')).toContain('AWS-UBUNTU-DefaultPatchBaseline');
});

describe('a rule is refused', () => {
  const wrong: [string, CreatePatchBaselineCommandInput][] = [
    ['without a delay', { ...prod, ApprovalRules: { PatchRules: [{ PatchFilterGroup: { PatchFilters: [] } }] } }],
    ['with a delay of more than 360 days', { ...prod, ApprovalRules: { PatchRules: [rule(361)] } }],
    [
      'with a filter of another system',
      { ...prod, ApprovalRules: { PatchRules: [rule(0, { MSRC_SEVERITY: ['*'] })] } },
    ],
    ['with a value that is none', { ...prod, ApprovalRules: { PatchRules: [rule(0, { SEVERITY: ['critical'] })] } }],
    ['with a delay on Ubuntu', { ...prod, OperatingSystem: 'UBUNTU', ApprovalRules: { PatchRules: [rule(7)] } }],
  ];
  test.each(wrong)('%s', async (_title, input) => {
    await expect(create(input)).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
