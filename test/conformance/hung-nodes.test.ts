import { CreateReplaceRootVolumeTaskCommand, RebootInstancesCommand } from '@aws-sdk/client-ec2';
import { GetCommandInvocationCommand } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { FaultInput } from '../../simulator/index.js';
import { type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
let id: string;
beforeEach(async () => {
  fleet = await testFleet();
  ({ id } = await fleet.node('web-01'));
});
afterEach(() => fleet.close());

const isUp = async () => (await fleet.node('web-01')).agentOnline;
const install = () => fleet.send('AWS-RunPatchBaseline', [id], { Operation: ['Install'] });

const byReboot = () => fleet.ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
const byRestore = () => fleet.ec2.send(new CreateReplaceRootVolumeTaskCommand({ InstanceId: id }));

test.each([
  ['agent-lost-until-reboot', [false, true]],
  ['agent-lost-until-restore', [false, false, true]],
  ['agent-never-returns', [false, false, false]],
] as const)('%s: up after the restart of an install, a reboot by EC2, another root volume', async (fault, expected) => {
  await fleet.fault({ fault: fault as FaultInput['fault'], node: 'web-01' });
  const seen: boolean[] = [];
  for (const attempt of [install, byReboot, byRestore].slice(0, expected.length)) {
    await attempt();
    fleet.pass(3_000);
    seen.push(await isUp());
  }

  expect(seen).toEqual(expected);
});

test('an install can go on for ever, until EC2 reboots the node', async () => {
  await fleet.fault({ fault: 'install-hangs', node: 'web-01' });
  const CommandId = await install();
  const status = async () =>
    (await fleet.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: id }))).StatusDetails;
  fleet.pass(100_000);
  expect(await status()).toBe('InProgress');
  await byReboot();

  expect(await status()).toBe('Failed');
  expect(await fleet.ledger('?kind=patches-installed')).toEqual([]);
});

test('a script reads the boot id, which every restart changes', async () => {
  const read = async () => {
    const { StandardOutputContent } = await fleet.run('AWS-RunShellScript', id, {
      commands: ['cat /proc/sys/kernel/random/boot_id'],
    });
    return StandardOutputContent?.trim();
  };
  const ids = [await read()];
  for (const restart of [byReboot, byRestore]) {
    await restart();
    fleet.pass(3_000);
    ids.push(await read());
  }

  expect(new Set(ids).size).toBe(3);
  expect(ids.at(-1)).toBe((await fleet.node('web-01')).bootId);
});

test('a Windows node tells when it booted last', async () => {
  const till = await fleet.node('till-01');
  const read = async () => {
    const commands = ["(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToString('o')"];
    return (await fleet.run('AWS-RunPowerShellScript', till.id, { commands })).StandardOutputContent;
  };
  const before = await read();
  await fleet.ec2.send(new RebootInstancesCommand({ InstanceIds: [till.id] }));
  fleet.pass(3_000);

  expect(await read()).not.toBe(before);
});
