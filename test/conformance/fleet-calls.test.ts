import { afterEach, describe, expect, test } from '@jest/globals';
import type { AccountDirectory, FleetError } from '../../activities/ports.js';
import { REQUESTS_AT_ONCE_PER_LOCATION } from '../../aws/clients.js';
import { type CallRecord, createFleet } from '../../aws/index.js';
import type { AccountId, Instant, NodeId, Region } from '../../domain/ids.js';
import { useAwsEndpoint } from '../support/aws-environment.js';
import { assumedRole, ok, type Script, ssmError, startScriptedAws, stsError } from '../support/scripted-aws.js';

/* How the adapters call AWS: attempts, credentials, failures on the way. The endpoint is scripted, the SDK is the real one. */

const account = '111122223333' as AccountId;
const at = { account, region: 'eu-west-1' as Region };
const elsewhere = { account, region: 'us-east-1' as Region };
const accounts: AccountDirectory = {
  account: async (id) => ({
    name: 'shop',
    id,
    roleArn: `arn:aws:iam::${id}:role/Patchtide`,
    externalId: 'our-secret',
    regions: [at.region, elsewhere.region],
  }),
};
const never = new AbortController().signal;
const command = {
  key: 'patchtide/shop-1/dev/w1.b1.install',
  document: 'AWS-RunShellScript',
  parameters: { commands: ['true'] },
  nodes: ['i-1' as NodeId],
  executionTimeout: 600,
};
const sent = ok({ Command: { CommandId: 'c-1' } });
const inAnHour = () => new Date(Date.now() + 3_600_000);

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const open = async (script: Script) => {
  const aws = await startScriptedAws(script);
  useAwsEndpoint(aws.url);
  const records: CallRecord[] = [];
  const fleet = createFleet({ accounts, bucket: 'patchtide-{region}', onCall: (call) => records.push(call) });
  closing.push(
    () => fleet.close(),
    () => aws.close(),
  );
  const count = (operation: string) => aws.calls.filter((call) => call.operation === operation).length;
  return { aws, fleet, records, count };
};

const failure = async (work: Promise<unknown>): Promise<FleetError> =>
  await work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as FleetError,
  );

describe('an effect without a client token', () => {
  test('is sent once, and a 5xx leaves open what became of it', async () => {
    const { fleet, count } = await open(({ operation }) =>
      operation === 'AssumeRole' ? assumedRole('ASIA1', inAnHour()) : ssmError('InternalServerError', 'sorry', 500),
    );
    const error = await failure(fleet.sendCommand(at, command, never));
    expect(error).toMatchObject({ code: 'unreachable', effect: 'unknown', operation: 'SendCommand' });
    expect(count('SendCommand')).toBe(1);
  });

  test('is sent once when the connection breaks', async () => {
    const { fleet, count } = await open(({ operation }) =>
      operation === 'AssumeRole' ? assumedRole('ASIA1', inAnHour()) : 'hang-up',
    );
    const error = await failure(fleet.sendCommand(at, command, never));
    expect(error).toMatchObject({ code: 'unreachable', effect: 'unknown' });
    expect(count('SendCommand')).toBe(1);
  });

  test('is sent once when it is throttled, and nothing happened', async () => {
    const { fleet, count, records } = await open(({ operation }) =>
      operation === 'AssumeRole' ? assumedRole('ASIA1', inAnHour()) : ssmError('ThrottlingException', 'Rate exceeded'),
    );
    expect(await failure(fleet.sendCommand(at, command, never))).toMatchObject({ code: 'throttled', effect: 'none' });
    expect(count('SendCommand')).toBe(1);
    expect(records).toMatchObject([
      { service: 'sts', operation: 'AssumeRole', outcome: 'ok', location: at },
      { service: 'ssm', operation: 'SendCommand', outcome: 'throttled', location: at },
    ]);
  });

  test('is refused before it is sent where AWS would refuse it', async () => {
    const { fleet, aws } = await open(() => 'silence');
    const many = Array.from({ length: 51 }, (_, index) => `i-${index}` as NodeId);
    for (const wrong of [
      { ...command, nodes: many },
      { ...command, nodes: [] },
      { ...command, key: 'k'.repeat(101) },
    ]) {
      expect(await failure(fleet.sendCommand(at, wrong, never))).toMatchObject({ code: 'rejected', effect: 'none' });
    }
    expect(aws.calls).toEqual([]);
  });
});

test('a read is tried three times', async () => {
  const { fleet, count } = await open(({ operation }) => {
    if (operation === 'AssumeRole') return assumedRole('ASIA1', inAnHour());
    return count('ListCommands') < 3 ? ssmError('InternalServerError', 'sorry', 500) : ok({ Commands: [] });
  });
  const since = '2026-05-12T02:00:00.000Z' as Instant;
  expect(await fleet.listCommands(at, { keyPrefix: 'patchtide/', since }, never)).toEqual([]);
  expect(count('ListCommands')).toBe(3);
});

describe('credentials', () => {
  test('are assumed once per account, with the stored role and external id, for all who wait', async () => {
    const { fleet, aws, count } = await open(({ operation }) =>
      operation === 'AssumeRole' ? assumedRole('ASIA1', inAnHour()) : sent,
    );
    await Promise.all([
      fleet.sendCommand(at, command, never),
      fleet.sendCommand(elsewhere, command, never),
      fleet.sendCommand(at, command, never),
    ]);
    expect(count('AssumeRole')).toBe(1);
    const asked = new URLSearchParams(aws.calls.find(({ operation }) => operation === 'AssumeRole')?.body);
    expect(Object.fromEntries(asked)).toMatchObject({
      RoleArn: 'arn:aws:iam::111122223333:role/Patchtide',
      ExternalId: 'our-secret',
      RoleSessionName: 'patchtide',
    });
    expect(aws.calls.filter(({ operation }) => operation === 'SendCommand').map(({ accessKey }) => accessKey)).toEqual([
      'ASIA1',
      'ASIA1',
      'ASIA1',
    ]);
  });

  test('are renewed before they expire', async () => {
    let given = 0;
    const { fleet, count } = await open(({ operation }) => {
      if (operation !== 'AssumeRole') return sent;
      given += 1;
      return assumedRole(`ASIA${given}`, given === 1 ? new Date(Date.now() - 1000) : inAnHour());
    });
    await fleet.sendCommand(at, command, never);
    await fleet.sendCommand(at, command, never);
    await fleet.sendCommand(at, command, never);
    expect(count('AssumeRole')).toBe(2);
  });

  test('that AWS calls expired are renewed, and the call goes on', async () => {
    let given = 0;
    const { fleet, aws, count } = await open(({ operation, accessKey }) => {
      if (operation === 'AssumeRole') {
        given += 1;
        return assumedRole(`ASIA${given}`, inAnHour());
      }
      return accessKey === 'ASIA1' ? ssmError('ExpiredTokenException', 'The security token is expired') : sent;
    });
    expect(await fleet.sendCommand(at, command, never)).toEqual({ commandId: 'c-1' });
    expect(count('AssumeRole')).toBe(2);
    expect(aws.calls.filter(({ operation }) => operation === 'SendCommand').map(({ accessKey }) => accessKey)).toEqual([
      'ASIA1',
      'ASIA2',
    ]);
  });

  test('that stay expired are not asked for again and again', async () => {
    const { fleet, count } = await open(({ operation }) =>
      operation === 'AssumeRole' ? assumedRole('ASIA1', inAnHour()) : ssmError('ExpiredTokenException', 'expired'),
    );
    expect(await failure(fleet.sendCommand(at, command, never))).toMatchObject({ code: 'unreachable', effect: 'none' });
    expect(count('SendCommand')).toBe(2);
  });

  test('that are refused say so: denied, and nothing was sent', async () => {
    const { fleet, count } = await open(() => stsError('AccessDenied', 'not authorized to perform sts:AssumeRole'));
    expect(await failure(fleet.sendCommand(at, command, never))).toMatchObject({
      code: 'denied',
      effect: 'none',
      operation: 'AssumeRole',
      location: at,
    });
    expect(count('SendCommand')).toBe(0);
  });
});

test('an endpoint where nobody listens did nothing', async () => {
  const { fleet, aws } = await open(() => 'silence');
  await aws.close();
  expect(await failure(fleet.sendCommand(at, command, never))).toMatchObject({ code: 'unreachable', effect: 'none' });
});

test('an aborted call throws the reason of its signal, at once', async () => {
  const reason = new Error('the worker shuts down');
  const controller = new AbortController();
  const { fleet } = await open(({ operation }) => {
    if (operation === 'AssumeRole') return assumedRole('ASIA1', inAnHour());
    controller.abort(reason);
    return 'silence';
  });
  expect(await failure(fleet.sendCommand(at, command, controller.signal))).toBe(reason);
  expect(await failure(fleet.findNodes(at, {}, controller.signal))).toBe(reason);
});

test('objects go to the bucket of the location’s Region, named in the path', async () => {
  const { fleet, aws } = await open(({ operation }) =>
    operation === 'AssumeRole' ? assumedRole('ASIA1', inAnHour()) : ok(''),
  );
  expect(await fleet.putObject(elsewhere, 'lists/a.yaml', 'patches: []', never)).toBe(
    's3://patchtide-us-east-1/patchtide/lists/a.yaml',
  );
  expect(aws.calls.at(-1)).toMatchObject({ body: 'patches: []', accessKey: 'ASIA1' });
  expect(aws.calls.at(-1)?.path).toMatch(/^\/patchtide-us-east-1\/patchtide\/lists\/a\.yaml/);
});

test('a send that is called off at the last moment, after its credentials were got, does not go out', async () => {
  const { fleet, count, records } = await open(({ operation }) =>
    operation === 'AssumeRole' ? assumedRole('ASIA1', inAnHour()) : sent,
  );
  const reason = new Error('somebody else has taken it over');
  const off = async () => {
    expect(count('AssumeRole')).toBe(1);
    throw reason;
  };
  const snapshot = { key: command.key, node: 'i-1' as NodeId, tags: {} };
  expect(await failure(fleet.sendCommand(at, command, never, off))).toBe(reason);
  expect(await failure(fleet.createSnapshots(at, snapshot, never, off))).toBe(reason);
  expect(count('SendCommand') + count('CreateSnapshots')).toBe(0);
  expect(records).toMatchObject([{ operation: 'AssumeRole' }]);
  await fleet.sendCommand(at, command, never, async () => {});
  expect(count('SendCommand')).toBe(1);
});

test('of a crowd, a location’s share is under way; the others wait before any clock runs, and hold up no other location', async () => {
  let [asked, underWay] = [0, 0];
  let [fill, release] = [() => {}, () => {}];
  const full = new Promise<void>((resolve) => {
    fill = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { fleet, count } = await open(async ({ operation }) => {
    if (operation === 'AssumeRole') return assumedRole('ASIA1', inAnHour());
    if (operation === 'ListCommands') return ok({ Commands: [] });
    underWay += 1;
    if (underWay === REQUESTS_AT_ONCE_PER_LOCATION) fill();
    await released;
    return sent;
  });
  const crowd = Array.from({ length: 3 * REQUESTS_AT_ONCE_PER_LOCATION }, () =>
    fleet.sendCommand(at, command, never, async () => {
      asked += 1;
    }),
  );
  await full;
  const since = '2026-05-12T02:00:00.000Z' as Instant;
  expect(await fleet.listCommands(elsewhere, { keyPrefix: 'patchtide/', since }, never)).toEqual([]);
  expect({ asked, underWay }).toEqual({
    asked: REQUESTS_AT_ONCE_PER_LOCATION,
    underWay: REQUESTS_AT_ONCE_PER_LOCATION,
  });
  release();
  await Promise.all(crowd);
  expect(count('SendCommand')).toBe(crowd.length);
});
