import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { nodesSchema } from './support/cycle.js';
import { installEnded, stepOf, stepsOf, untilInstalling } from './support/effects.js';
import { accountDocument, alwaysOpen, fleetOf, nodes, planDocument, REGION, stage, zoneOf } from './support/fleets.js';
import { isWaitingFor, RunningStack } from './support/running-stack.js';
import { until } from './support/until.js';

/** Locations in which AWS goes wrong, so that it does for nobody else. */
const DARK = 'us-east-1';
const CLOSED = 'ap-south-1';
const REGIONS = [REGION, DARK, CLOSED];
const bothZones = { zones: [zoneOf(REGION, 1), zoneOf(REGION, 2)], count: 2 };

const onlyStage = (regions = [REGION]) => ({
  nodes: { regions },
  stages: [stage('only', { snapshot: 'none', approval: 'none' })],
});

let stack: RunningStack;
beforeAll(async () => {
  stack = await RunningStack.start(
    fleetOf(
      [
        nodes('paused', 'only', bothZones),
        nodes('cancelled', 'only', bothZones),
        nodes('dark', 'only', { regions: [DARK] }),
        nodes('closed', 'only', { regions: [CLOSED] }),
        nodes('nightly', 'only'),
      ],
      REGIONS,
    ),
  );
  await stack.apply(
    accountDocument(REGIONS),
    alwaysOpen,
    planDocument('nightly', { ...onlyStage(), start: { cron: '* * * * *', timezone: 'Europe/London' } }),
    planDocument('paused', onlyStage()),
    planDocument('cancelled', onlyStage()),
    planDocument('dark', onlyStage([DARK])),
    planDocument('closed', onlyStage([CLOSED])),
  );
}, 60_000);
afterAll(() => stack?.stop(), 60_000);

describe('an operator', () => {
  test('who pauses a cycle holds back the next zone until the cycle is resumed', async () => {
    const id = await stack.startCycle('paused');
    await untilInstalling(stack, `${id}/only`);
    expect((await stack.steer(id, 'pause', 'The shop is busy')).status).toBe(202);
    await stack.speed();

    // What was begun is finished, and while the cycle is paused other work goes on.
    await stack.effect('the first zone to be finished', (entry) => stepOf(entry, `${id}/only`)?.step === 'after-1');
    await stack.as('operator').post('/v1/plans/paused/preview', z.unknown(), {});
    expect(await stack.cycle(id)).toMatchObject({ status: 'paused' });
    expect((await stack.steer(id, 'pause', 'Once more')).status).toBe(409);

    const resumedAt = Date.now();
    expect((await stack.steer(id, 'resume', 'The shop is quiet')).status).toBe(202);
    expect(await stack.ended(id)).toMatchObject({ status: 'completed', nodes: { total: 2, patched: 2 } });
    const second = (await stack.ledger()).filter((entry) => stepOf(entry, `${id}/only`)?.wave === 2);
    expect(Math.min(...second.map(({ at }) => Date.parse(at)))).toBeGreaterThanOrEqual(resumedAt);
    expect(await stack.violations(id)).toEqual([]);
  }, 90_000);

  test('who cancels a cycle in the middle of an install lets it finish what it touched, and begins nothing more', async () => {
    const id = await stack.startCycle('cancelled');
    await untilInstalling(stack, `${id}/only`);
    expect((await stack.steer(id, 'cancel', 'Wrong plan')).status).toBe(202);
    await stack.speed();

    expect(await stack.ended(id)).toMatchObject({
      status: 'cancelled',
      message: expect.stringContaining('Wrong plan'),
    });
    const ledger = await stack.ledger();
    expect(stepsOf(ledger, `${id}/only`, 1)).toEqual(['check', 'before-1', 'install', 'scan', 'after-1']);
    expect(stepsOf(ledger, `${id}/only`, 2)).toEqual([]);
    const { items } = await stack.as('viewer').get(`/v1/cycles/${id}/nodes`, nodesSchema);
    expect(items.map(({ outcome, touched }) => ({ outcome, touched }))).toEqual(
      expect.arrayContaining([
        { outcome: 'patched', touched: true },
        { outcome: 'skipped', touched: false },
      ]),
    );
    expect(await stack.violations(id)).toEqual([]);
    expect((await stack.steer(id, 'resume', 'Too late')).status).toBe(409);
  }, 90_000);
});

describe('AWS', () => {
  test('that goes down in the middle of an install is waited for, and the cycle goes on when it is back', async () => {
    const id = await stack.startCycle('dark');
    await untilInstalling(stack, `${id}/only`);
    const down = await stack.fault({ fault: 'down', region: DARK, always: true });
    await stack.speed();

    const waiting = await stack.cycleThat('wait for AWS', id, isWaitingFor('aws'));
    expect(waiting).toMatchObject({ status: 'running', waitingFor: { kind: 'aws', stage: 'only' } });
    await stack.lift(down);

    expect(await stack.ended(id)).toMatchObject({ status: 'completed', waitingFor: null, nodes: { patched: 1 } });
    const ledger = await stack.ledger();
    expect(installEnded(ledger, `${id}/only`)).toBeGreaterThan(0);
    expect(stepsOf(ledger, `${id}/only`, 1)).toEqual(['check', 'before-1', 'install', 'scan', 'after-1']);
  }, 180_000);

  test('that denies a call is waited for with its own words, and the cycle goes on when it allows it', async () => {
    const denial = await stack.fault({ fault: 'deny', region: CLOSED, operation: 'SendCommand', always: true });
    const id = await stack.startCycle('closed');

    const waiting = await stack.cycleThat('wait for AWS', id, isWaitingFor('aws'));
    expect(waiting.waitingFor?.message).toContain('not authorized to perform SendCommand');
    await stack.lift(denial);

    expect(await stack.ended(id)).toMatchObject({ status: 'completed', waitingFor: null, nodes: { patched: 1 } });
    expect(await stack.violations(id)).toEqual([]);
  }, 180_000);
});

describe('a plan with a start', () => {
  const scheduleSchema = z.object({ paused: z.boolean(), note: z.string().nullable(), nextTimes: z.array(z.string()) });
  const cyclesSchema = z.object({ items: z.array(z.object({ id: z.string(), requestedBy: z.string() })) });

  test('runs by itself, shows its next times, and stays still while it is paused', async () => {
    const schedule = await stack.as('viewer').get('/v1/plans/nightly/schedule', scheduleSchema);
    expect(schedule.paused).toBe(false);
    const [first = '', second = ''] = schedule.nextTimes;
    expect(Date.parse(second) - Date.parse(first)).toBe(60_000);

    const started = await until('the schedule to start a cycle', async () => {
      const { items } = await stack.as('viewer').get('/v1/cycles?plan=nightly', cyclesSchema);
      return items[0];
    });
    const paused = await stack.as('operator').post('/v1/plans/nightly/pause', scheduleSchema, { reason: 'Holidays' });
    expect(paused).toMatchObject({ paused: true, note: expect.stringContaining('Holidays') });
    expect(await stack.ended(started.id)).toMatchObject({ status: 'completed', nodes: { total: 1 } });

    const resumed = await stack.as('operator').post('/v1/plans/nightly/resume', scheduleSchema, { reason: 'Back' });
    expect(resumed.paused).toBe(false);
    await stack.as('operator').post('/v1/plans/nightly/pause', scheduleSchema, { reason: 'The test is over' });
  }, 120_000);
});
