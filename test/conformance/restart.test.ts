import { cp, mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCommandInvocationCommand } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';

let folder: string;
let fleets: TestFleet[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-'));
  fleets = [];
});
afterEach(async () => {
  await Promise.all(fleets.map((fleet) => fleet.close()));
  await rm(folder, { recursive: true });
});

async function begin(name: string): Promise<TestFleet> {
  const fleet = await testFleet(SMALL, { stateFolder: join(folder, name) });
  fleets.push(fleet);
  return fleet;
}

/** What a kill leaves behind: the file as it is, while the process that wrote it is still at work. */
async function killAndRestart(): Promise<TestFleet> {
  await cp(join(folder, 'first'), join(folder, 'second'), { recursive: true });
  return begin('second');
}

test('commands in flight go on with the wall clock, and nothing that was acknowledged is lost', async () => {
  const first = await begin('first');
  const { id } = await first.node('web-01');
  const CommandId = await first.send('AWS-RunPatchBaseline', [id], { Operation: ['Install'] }, 'key-1');
  const object = { Bucket: 'patchtide-eu-west-1', Key: 'set' };
  await first.s3.send(new PutObjectCommand({ ...object, Body: 'patches' }));
  first.pass(30);
  const before = await first.ledger();

  const second = await killAndRestart();
  second.pass(1_000);
  const ledger = await second.ledger();

  expect(ledger.slice(0, before.length)).toEqual(before);
  expect(ledger.map((entry) => entry.kind)).toEqual([
    'fleet-began',
    'command-accepted',
    'command-started',
    'patches-installed',
    'agent-lost',
    'reboot',
    'agent-back',
    'command-ended',
  ]);
  const invocation = await second.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: id }));
  expect(invocation).toMatchObject({ Status: 'Success', Comment: 'key-1' });
  const { Body } = await second.s3.send(new GetObjectCommand(object));
  expect(await Body?.transformToString()).toBe('patches');
});

test('a line that the kill tore is dropped', async () => {
  const first = await begin('first');
  const { id } = await first.node('web-01');
  await first.send('AWS-RunShellScript', [id], { commands: ['true'] }, 'whole');
  await first.send('AWS-RunShellScript', [id], { commands: ['true'] }, 'torn');
  const file = join(folder, 'first', 'fleet.jsonl');
  await truncate(file, (await stat(file)).size - 10);

  const second = await killAndRestart();

  expect((await second.ledger('?kind=command-accepted')).map((entry) => entry.key)).toEqual(['whole']);
});

test('the same seed makes the same fleet', async () => {
  const [one, other] = [await begin('first'), await begin('other')];
  const ids = async (fleet: TestFleet) => (await fleet.nodes()).map((node) => node.id);

  expect(await ids(one)).toEqual(await ids(other));
});
