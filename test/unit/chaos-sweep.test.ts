import { describe, expect, test } from '@jest/globals';
import type { Call } from '../../chaos/faults.js';
import { accountOf, runIn, withoutRun } from '../../chaos/names.js';
import { Calls } from '../../chaos/points.js';
import { describeCall } from '../../chaos/proxies/aws-calls.js';
import { bytesIn, textIn } from '../../chaos/proxies/protobuf.js';
import { Naming, readStatement, statementOf } from '../../chaos/proxies/statements.js';
import { compare, effectsOf } from '../../chaos/sweep/compare.js';
import { disturbsAll, nameOf, planTrials } from '../../chaos/sweep/plan.js';

const call = (operation: string, more: Partial<Call> = {}): Call => ({
  service: 'aws',
  operation,
  key: 'k',
  effect: true,
  namedBefore: true,
  ...more,
});

describe('the calls of a run', () => {
  test('are named alike in every run', () => {
    const nodes = new Map([['i-0123456789abcdef0', 'prod-alpha-01']]);
    const text = `patch-cycle/x12/1/prod/default@2026-11-22T18:00:00.000Z/${accountOf(12, 1)} i-0123456789abcdef0`;
    expect(withoutRun(text, nodes)).toBe('patch-cycle/x/1/prod/default@…/alpha prod-alpha-01');
    expect(withoutRun('patchtide/x7-1/prod/w1.b1.install', nodes)).toBe('patchtide/x-1/prod/w1.b1.install');
  });

  test.each([
    ['patchtide/x12-1/prod/w1.b1.install', 'x12'],
    ['patch-cycle/x3/1/dev', 'x3'],
    [accountOf(45, 2), 'x45'],
    ['x9-prod', 'x9'],
    ['patchtide-eu-west-1/index-1', null],
  ])('are told from those of other runs: %s', (text, run) => {
    expect(runIn(text)).toBe(run);
  });

  test('are numbered by operation and key, and go wrong once, at the point that was named', () => {
    const calls = new Calls({ point: 'ssm:SendCommand k #2', fault: 'reply-lost' });
    const faults = [1, 2, 3].map(() => calls.pass(call('ssm:SendCommand')));
    expect(faults).toEqual([null, 'reply-lost', null]);
    expect(calls.struck).toBe(true);
    expect(calls.points.map(({ id }) => id)).toEqual([1, 2, 3].map((number) => `ssm:SendCommand k #${number}`));
  });
});

describe('a call to AWS', () => {
  const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=ASIA1/20261122/eu-west-1/ssm/aws4_request' };
  const account = accountOf(2, 1);

  test('is named by the key of the effect', () => {
    const command = { ...headers, 'x-amz-target': 'AmazonSSM.SendCommand' };
    const body = JSON.stringify({ DocumentName: 'AWS-RunShellScript', Comment: 'patchtide/x2-1/dev/w1.b1.check' });
    expect(describeCall({ method: 'POST', path: '/', headers: command, account }, body, new Map())).toMatchObject({
      operation: 'ssm:SendCommand',
      key: 'alpha eu-west-1 patchtide/x-1/dev/w1.b1.check',
      effect: true,
    });
  });

  test('that only reads is no effect', () => {
    const read = { ...headers, 'x-amz-target': 'AmazonSSM.ListCommands' };
    expect(describeCall({ method: 'POST', path: '/', headers: read, account }, '{}', new Map()).effect).toBe(false);
  });
});

describe('a statement', () => {
  test.each([
    ['insert into "operations" ("key") values ($1)', 'insert', 'operations'],
    ['select * from "cycles" where "id" = $1 for update', 'select', 'cycles'],
    ['update "cycles" set "status" = $1', 'update', 'cycles'],
    ['delete from "selections" where "cycle" = $1', 'delete', 'selections'],
    ['START TRANSACTION', 'begin', ''],
  ])('is known by what it does: %s', (sql, verb, table) => {
    expect(statementOf(sql)).toEqual({ verb, table });
  });

  test('within a transaction takes effect with the commit, which is named after it', () => {
    const naming = new Naming(() => new Map());
    const statement = (verb: string, table = '', parameters: string[] = []) => naming.name({ verb, table, parameters });
    expect(statement('begin')).toBeNull();
    expect(statement('update', 'cycles', ['running', 'x4-1'])?.call.effect).toBe(false);
    expect(statement('commit')).toMatchObject({
      run: 'x4',
      call: { operation: 'store:commit after', key: 'update cycles running x-1', effect: true },
    });
    expect(statement('insert', 'operations', ['patchtide/x4-1/dev/w1.b1.check'])?.call.effect).toBe(true);
  });

  test('is read from the messages of a client', () => {
    const text = (value: string) => Buffer.concat([Buffer.from(value), Buffer.from([0])]);
    const number = (value: number, bytes: 2 | 4) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeIntBE(value, 0, bytes);
      return buffer;
    };
    const parse = Buffer.concat([
      Buffer.from('P'),
      number(0, 4),
      text(''),
      text('update "cycles" set "a" = $1'),
      number(0, 2),
    ]);
    const values = [number(1, 4), Buffer.from('a'), number(-1, 4), number(4, 4), Buffer.from('x1-1')];
    const bind = Buffer.concat([
      Buffer.from('B'),
      number(0, 4),
      text(''),
      text(''),
      number(0, 2),
      number(3, 2),
      ...values,
    ]);
    const parsed = readStatement('P', parse, null);
    expect(readStatement('B', bind, parsed)).toEqual({ verb: 'update', table: 'cycles', parameters: ['a', 'x1-1'] });
  });
});

test('a field of a protobuf message is found without its schema', () => {
  const message = Buffer.from([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69, 0x1a, 0x01, 0x21]);
  expect(textIn(message, 2)).toBe('hi');
  expect(textIn(message, 3)).toBe('!');
  expect(bytesIn(message, 4)).toBeNull();
});

describe('the ledgers of two runs', () => {
  const nodes = new Map([['i-0123456789abcdef0', 'dev-01']]);
  const install = { kind: 'command-accepted', key: 'patchtide/x1-1/dev/w1.b1.install', account: accountOf(1, 1) };
  const snapshot = (volume: string) => ({ kind: 'snapshot-created', node: 'i-0123456789abcdef0', volume });

  test('are the same where they differ by names and ids alone', () => {
    const other = { kind: 'command-accepted', key: 'patchtide/x2-1/dev/w1.b1.install', account: accountOf(2, 1) };
    expect(
      compare(effectsOf([install, snapshot('vol-1')], nodes), effectsOf([other, snapshot('vol-2')], nodes)),
    ).toEqual({
      lost: [],
      twice: [],
    });
  });

  test('show what is lost and what was done twice', () => {
    const undisturbed = effectsOf([install, snapshot('vol-1')], nodes);
    expect(compare(undisturbed, effectsOf([install, install], nodes))).toEqual({
      lost: ['snapshot-created dev-01 volume 1'],
      twice: [expect.stringContaining('command-accepted')],
    });
  });

  test('are not told apart by what may be written again', () => {
    const baseline = { kind: 'baseline-registered', region: 'eu-west-1' };
    expect(compare(effectsOf([baseline], nodes), effectsOf([baseline, baseline], nodes)).twice).toEqual([]);
  });
});

describe('the trials of a sweep', () => {
  const points = [
    { id: 'ssm:SendCommand k #1', call: call('ssm:SendCommand') },
    { id: 'store:commit after k #1', call: call('store:commit after', { service: 'store' }) },
    {
      id: 'temporal:RespondActivityTaskCompleted k #1',
      call: call('temporal:RespondActivityTaskCompleted', { service: 'temporal' }),
    },
    { id: 'ssm:ListCommands k #1', call: call('ssm:ListCommands', { effect: false }) },
  ];
  const all = { only: null, sample: null, seed: '1', reads: 0, quick: false };

  test('are every effect with everything that its service can be made to do', () => {
    expect(planTrials(points, all)).toHaveLength(7 + 5 + 7);
  });

  test('are drawn by the seed', () => {
    const drawn = (seed: string) => planTrials(points, { ...all, seed, sample: 4, reads: 2 }).map(nameOf);
    expect(drawn('7')).toEqual(drawn('7'));
    expect(drawn('7')).not.toEqual(drawn('8'));
  });

  test('are found by their names, reads too', () => {
    const [only, ...others] = planTrials(points, { ...all, only: 'ssm:ListCommands k #1 × throttled' });
    expect(others).toEqual([]);
    expect(only?.fault).toBe('throttled');
  });

  test('have a worker to themselves where they disturb all that it does', () => {
    const alone = planTrials(points, all).filter(disturbsAll);
    expect(
      alone
        .filter(({ point }) => point.call.service === 'aws')
        .map(({ fault }) => fault)
        .sort(),
    ).toEqual(['killed-after', 'killed-before']);
  });
});
