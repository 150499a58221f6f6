import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { planWithDefaults } from '../../domain/documents/defaults.js';
import { durationOf, formatDuration, parseDuration } from '../../domain/documents/durations.js';
import { parseDocument, parseDocuments } from '../../domain/documents/parse.js';
import { resolvePlan } from '../../domain/documents/resolve.js';

const planOf = (spec: unknown) =>
  parseDocument(
    { apiVersion: 'patchtide/v1', kind: 'PatchPlan', metadata: { name: 'storefront', owner: 'storefront-team' }, spec },
    'PatchPlan',
  );
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the shortest plan', () => {
  const plan = resolvePlan(planOf({ stages: ['dev', 'test', 'prod'] }), 4, { baselines: ['prod', 'other'] });

  it('means what the contract says', () => {
    expect(plan).toMatchObject({
      name: 'storefront',
      owner: 'storefront-team',
      version: 4,
      start: null,
      nodes: { accounts: null, regions: null, tags: { Application: 'storefront' } },
    });
    const [dev, test, prod] = plan.stages;
    const common = {
      window: null,
      waves: { by: 'zone', regions: 'parallel', maxUnavailable: { percent: 25 }, pauseAfterFailures: { percent: 10 } },
      carryOver: { windows: 3, doneAt: { percent: 100 } },
      tasks: { beforeStage: [], beforeNode: [], afterNode: [], afterStage: [] },
      reboot: 'if-needed',
      stopped: 'skip',
      timeouts: { install: 2 * HOUR, snapshot: HOUR },
      keepSnapshots: 14 * DAY,
      health: null,
      onFailure: 'ask',
      onHung: 'set-aside',
      surplus: 'ask',
    };
    const unapproved = { ...common, soak: 7 * DAY, approval: null, baseline: null };
    expect(dev).toEqual({ ...unapproved, name: 'dev', patchGroups: ['storefront-dev'], snapshot: 'none' });
    expect(test).toEqual({ ...unapproved, name: 'test', patchGroups: ['storefront-test'], snapshot: 'await' });
    expect(prod).toEqual({
      ...common,
      name: 'prod',
      patchGroups: ['storefront-prod'],
      baseline: 'prod',
      snapshot: 'await',
      soak: 0,
      approval: { roles: ['approver'], quorum: 1, decideWithin: 3 * DAY },
    });
  });

  it('is shown with every default written out', () => {
    expect(planWithDefaults(plan).spec).toMatchObject({
      nodes: { accounts: 'all', regions: 'all', tags: { Application: 'storefront' } },
      stages: [
        { name: 'dev', baseline: 'everything', window: 'from-tag', snapshot: 'none', soak: 'P7D', approval: 'none' },
        { name: 'test', timeouts: { install: 'PT2H', snapshot: 'PT1H' }, waves: { maxUnavailable: '25%' } },
        { name: 'prod', baseline: 'prod', soak: 'PT0S', approval: { roles: ['approver'], decideWithin: 'P3D' } },
      ],
    });
  });
});

describe('a plan of one stage', () => {
  it('has its only stage approved, and no soak after it', () => {
    const [stage] = resolvePlan(planOf({ stages: ['dev'] }), 1, { baselines: [] }).stages;
    expect(stage).toMatchObject({ soak: 0, approval: { quorum: 1 }, snapshot: 'none' });
  });
});

describe('what a stage says of itself', () => {
  it('stands before every default', () => {
    const [stage] = resolvePlan(
      planOf({
        stages: [
          {
            name: 'prod',
            approval: 'none',
            baseline: 'everything',
            soak: 'PT48H',
            waves: { maxUnavailable: 3 },
            tasks: { beforeNode: [{ document: 'Stop', os: 'linux', parameters: { commands: 'systemctl stop x' } }] },
          },
        ],
      }),
      1,
      { baselines: ['prod'] },
    ).stages;
    expect(stage).toMatchObject({
      approval: null,
      baseline: null,
      soak: 48 * HOUR,
      waves: { maxUnavailable: { nodes: 3 }, pauseAfterFailures: { percent: 10 } },
    });
    expect(stage?.tasks.beforeNode).toEqual([
      {
        document: 'Stop',
        kind: 'command',
        os: 'linux',
        parameters: { commands: ['systemctl stop x'] },
        timeout: 600_000,
      },
    ]);
  });

  it('of a health gate', () => {
    const arn = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/storefront/0123456789abcdef';
    const checks = [{ http: 'https://storefront.example/healthz' }, { targetGroup: arn }, { command: 'true' }];
    const [stage] = resolvePlan(planOf({ stages: [{ name: 'prod', health: { checks } }] }), 1, {
      baselines: [],
    }).stages;
    expect(stage?.health).toEqual({
      settle: 0,
      within: HOUR / 4,
      checks: [
        { http: 'https://storefront.example/healthz', expect: 200, timeout: 30_000 },
        { targetGroup: arn },
        { command: 'true', os: 'linux', timeout: 30_000 },
      ],
    });
  });
});

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const duration = fc.integer({ min: 1, max: (40 * HOUR) / 1_000 }).map((seconds) => formatDuration(seconds * 1_000));
const some = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
const limit = fc.oneof(
  fc.integer({ min: 1, max: 500 }),
  fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
);
const task = fc.record(
  {
    document: fc.constantFrom('AWS-RunShellScript', 'Own-Document'),
    kind: fc.constantFrom('command', 'automation'),
    os: fc.constantFrom('linux', 'windows'),
    parameters: fc.dictionary(
      fc.stringMatching(/^[a-zA-Z]{1,8}$/),
      fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 })),
    ),
    timeout: duration,
  },
  { requiredKeys: ['document'] },
);
const tasks = fc.array(task, { maxLength: 2 });
const shortDuration = fc.integer({ min: 1, max: 600 }).map((seconds) => formatDuration(seconds * 1_000));
const check = fc.oneof(
  fc.record(
    { http: fc.webUrl(), expect: fc.integer({ min: 100, max: 599 }), timeout: shortDuration },
    { requiredKeys: ['http'] },
  ),
  fc.record(
    { command: fc.string({ minLength: 1 }), os: fc.constantFrom('linux', 'windows'), timeout: shortDuration },
    { requiredKeys: ['command'] },
  ),
);
const stage = (stageName: string) =>
  fc.oneof(
    fc.constant(stageName),
    fc
      .record(
        {
          name: fc.constant(stageName),
          patchGroups: fc.constant([`group of ${stageName}`]),
          baseline: fc.oneof(name, fc.constant('everything')),
          window: fc.oneof(name, fc.constant('from-tag')),
          waves: fc.record({ maxUnavailable: limit, pauseAfterFailures: limit }, { requiredKeys: [] }),
          snapshot: fc.constantFrom('none', 'start', 'await'),
          keepSnapshots: fc.constantFrom('PT1H', 'P14D', 'P365D'),
          tasks: fc.record(
            { beforeStage: tasks, beforeNode: tasks, afterNode: tasks, afterStage: tasks },
            { requiredKeys: [] },
          ),
          reboot: fc.constantFrom('if-needed', 'always', 'never'),
          stopped: fc.constantFrom('skip', 'start'),
          timeouts: fc.record({ install: duration, snapshot: duration }, { requiredKeys: [] }),
          soak: duration,
          health: fc.record(
            { settle: shortDuration, within: shortDuration, checks: fc.array(check) },
            { requiredKeys: [] },
          ),
          approval: fc.oneof(
            fc.constant('none'),
            fc.record(
              {
                roles: fc.uniqueArray(fc.constantFrom('approver', 'admin', 'operator'), { minLength: 1 }),
                quorum: fc.integer({ min: 1, max: 10 }),
                decideWithin: duration,
              },
              { requiredKeys: [] },
            ),
          ),
          onFailure: fc.constantFrom('ask', 'stop', 'rollback'),
          surplus: fc.constantFrom('ask', 'allow'),
        },
        { requiredKeys: ['name'] },
      )
      .filter(
        // Refused: nothing to roll back to.
        ({ onFailure, snapshot }) =>
          onFailure !== 'rollback' || (snapshot ?? (stageName === 'dev' ? 'none' : 'await')) !== 'none',
      ),
  );
const start = fc.oneof(
  fc.record({ cron: fc.constantFrom('0 2 * * SUN', '*/30 1,2 1 * *'), timezone: fc.constant('Europe/London') }),
  fc.record(
    {
      nth: fc.integer({ min: 1, max: 5 }),
      weekday: fc.constantFrom('MON', 'SUN'),
      plusDays: fc.integer({ min: 0, max: 31 }),
      at: fc.constant('06:00'),
      timezone: fc.constant('Pacific/Chatham'),
    },
    { requiredKeys: ['nth', 'weekday', 'at', 'timezone'] },
  ),
);
const spec = fc
  .uniqueArray(fc.oneof(name, fc.constantFrom('dev', 'prod')), { minLength: 1, maxLength: 4 })
  .chain((stages) =>
    fc
      .record({
        start: some(start),
        nodes: some(
          fc.record(
            {
              accounts: fc.oneof(
                fc.constant('all'),
                fc.uniqueArray(
                  name.filter((one) => one !== 'all'),
                  { minLength: 1, maxLength: 3 },
                ),
              ),
              regions: fc.oneof(fc.constant('all'), fc.constant(['eu-west-1'])),
              tags: fc.dictionary(fc.stringMatching(/^[A-Za-z: ]{1,8}$/), fc.string(), { minKeys: 1, maxKeys: 3 }),
            },
            { requiredKeys: [] },
          ),
        ),
        stages: fc.tuple(...stages.map(stage)),
      })
      .map((record) => JSON.parse(JSON.stringify(record)) as unknown),
  );

describe('a plan with every default written out', () => {
  it('is read as the same plan, whatever baselines there are by then', () => {
    fc.assert(
      fc.property(spec, fc.array(name), fc.integer({ min: 1 }), (written, baselines, version) => {
        const plan = resolvePlan(planOf(written), version, { baselines: ['dev', ...baselines] });
        const shown = stringify(planWithDefaults(plan));
        const [again] = parseDocuments(shown, 'yaml');
        expect(again?.kind === 'PatchPlan' && resolvePlan(again, version, { baselines: [] })).toEqual(plan);
        expect(again?.kind === 'PatchPlan' && resolvePlan(again, version, { baselines: ['prod'] })).toEqual(plan);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a duration', () => {
  it.each([
    ['P7D', 7 * DAY],
    ['P1W', 7 * DAY],
    ['PT48H', 2 * DAY],
    ['P1DT1H30M', 25.5 * HOUR],
    ['PT5S', 5_000],
    ['PT0.5S', 500],
    ['PT0S', 0],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
    expect(durationOf(text)).toBe(milliseconds);
  });
  it.each([
    '',
    'P',
    'PT',
    'P1M',
    'P1Y',
    '-PT5S',
    '+PT5S',
    'p7d',
    '7D',
    'P1DT',
    'PT1.5H',
    'PT0.0001S',
    'P99999999999D',
    ' P1D',
  ])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
  it('is read again as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * DAY }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });
});
