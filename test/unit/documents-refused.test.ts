import { describe, expect, it } from '@jest/globals';
import { account, baseline, plan, refusalOf, stage, window } from '../support/documents.js';

describe('a fault has the path, what was expected and the nearest right spelling', () => {
  it.each<[string, string, object]>([
    ['an unknown field', plan('{ stages: [dev], nodez: {} }'), { path: 'spec.nodez', nearest: 'nodes', found: '{}' }],
    ['an unknown field of a stage', stage('soack: P7D'), { path: 'spec.stages[0].soack', nearest: 'soak' }],
    [
      'a wrong value',
      stage('snapshot: awiat'),
      { path: 'spec.stages[0].snapshot', nearest: 'await', found: '"awiat"' },
    ],
    ['a wrong value beside names', stage('window: from_tag'), { path: 'spec.stages[0].window', nearest: 'from-tag' }],
    ['a wrong type', stage('soak: 7'), { path: 'spec.stages[0].soak', found: '7', example: 'P7D' }],
    ['null', stage('soak: null'), { path: 'spec.stages[0].soak', found: 'null' }],
    ['a field without its value', plan('{ stages: }'), { path: 'spec.stages', found: 'null' }],
    ['no stages', plan('{ stages: [] }'), { path: 'spec.stages', expected: '1 to 20 stages in order' }],
    ['a missing owner', only_metadata('{ name: storefront }'), { path: 'metadata.owner', message: 'is missing' }],
    ['a name in capitals', only_metadata('{ name: Storefront, owner: x }'), { path: 'metadata.name' }],
    ['a name that is too long', only_metadata(`{ name: ${'a'.repeat(41)}, owner: x }`), { path: 'metadata.name' }],
    ['a stage name that is too long', plan(`{ stages: [${'a'.repeat(21)}] }`), { path: 'spec.stages[0]' }],
    [
      'a restore of hung nodes without a snapshot that is waited for',
      stage('snapshot: start, onHung: restore'),
      { path: 'spec.stages[0].onHung', expected: 'set-aside, or snapshot: await beside it' },
    ],
    [
      'a restore of hung nodes in dev, which takes no snapshot by itself',
      plan('{ stages: [{ name: dev, onHung: restore }] }'),
      { path: 'spec.stages[0].onHung', message: expect.stringContaining('its snapshot is none') },
    ],
    ['two stages with one name', plan('{ stages: [dev, { name: dev }] }'), { path: 'spec.stages[1].name' }],
    [
      'one patch group in two stages',
      plan('{ stages: [dev, { name: prod, patchGroups: [storefront-dev] }] }'),
      { path: 'spec.stages[1].patchGroups' },
    ],
    [
      'a duration in months',
      stage('soak: P1M'),
      { path: 'spec.stages[0].soak', message: expect.stringContaining('months') },
    ],
    [
      'a duration in years',
      stage('soak: P1Y'),
      { path: 'spec.stages[0].soak', message: expect.stringContaining('years') },
    ],
    ['a negative duration', stage('soak: -P1D'), { path: 'spec.stages[0].soak' }],
    ['a duration that is none', stage('soak: 7 days'), { path: 'spec.stages[0].soak', example: 'P7D' }],
    [
      'a share of nothing',
      stage('waves: { maxUnavailable: 0% }'),
      { path: 'spec.stages[0].waves.maxUnavailable', example: '25%' },
    ],
    [
      'a share of more than all',
      stage('waves: { maxUnavailable: 101% }'),
      { path: 'spec.stages[0].waves.maxUnavailable' },
    ],
    ['no node at a time', stage('waves: { maxUnavailable: 0 }'), { path: 'spec.stages[0].waves.maxUnavailable' }],
    [
      'a check of health that is none',
      stage('health: { checks: [{ htp: "https://a.example" }] }'),
      { path: 'spec.stages[0].health.checks[0]' },
    ],
    [
      'a health address that is no URL',
      stage('health: { checks: [{ http: storefront }] }'),
      { path: 'spec.stages[0].health.checks[0].http', message: 'is not an http or https URL' },
    ],
    [
      'a health address with a password',
      stage('health: { checks: [{ http: "https://a:b@c.example" }] }'),
      { path: 'spec.stages[0].health.checks[0].http', message: expect.stringContaining('holds a secret') },
    ],
    ...['http://169.254.169.254/', 'http://2852039166/', 'http://[fd00:ec2::254]/', 'http://[::ffff:a9fe:a9fe]/'].map(
      (url): [string, string, object] => [
        `a health address of the machine's metadata: ${url}`,
        stage(`health: { checks: [{ http: "${url}" }] }`),
        { path: 'spec.stages[0].health.checks[0].http', message: 'is an address that no service of a fleet has' },
      ],
    ),
    [
      'a target group that is no ARN',
      stage('health: { checks: [{ targetGroup: storefront }] }'),
      { path: 'spec.stages[0].health.checks[0].targetGroup' },
    ],
    [
      'a time to settle that is longer than a day',
      stage('health: { settle: P2D }'),
      { path: 'spec.stages[0].health.settle' },
    ],
    [
      'a rollback without snapshots',
      stage('onFailure: rollback, snapshot: none'),
      { path: 'spec.stages[0].snapshot', found: '"none"', message: expect.stringContaining('nothing to roll back to') },
    ],
    [
      'a rollback in dev, which takes no snapshots where it does not say so',
      plan('{ stages: [{ name: dev, onFailure: rollback }, prod] }'),
      { path: 'spec.stages[0].onFailure', found: '"rollback"' },
    ],
    ['a quorum of none', stage('approval: { quorum: 0 }'), { path: 'spec.stages[0].approval.quorum' }],
    [
      'a decision after months',
      stage('approval: { decideWithin: P31D }'),
      { path: 'spec.stages[0].approval.decideWithin' },
    ],
    [
      'an unknown role',
      stage('approval: { roles: [aprover] }'),
      { path: 'spec.stages[0].approval.roles[0]', nearest: 'approver' },
    ],
    ['no tags', plan('{ stages: [dev], nodes: { tags: {} } }'), { path: 'spec.nodes.tags' }],
    [
      'a tag that is a number',
      plan('{ stages: [dev], nodes: { tags: { Tier: 1 } } }'),
      { path: 'spec.nodes.tags.Tier', found: '1' },
    ],
    [
      'an unknown Region',
      plan('{ stages: [dev], nodes: { regions: [eu-wst-1] } }'),
      { path: 'spec.nodes.regions[0]', nearest: 'eu-west-1' },
    ],
    [
      'a repetition',
      plan('{ stages: [dev], nodes: { regions: [eu-west-1, eu-west-1] } }'),
      { path: 'spec.nodes.regions[1]' },
    ],
    [
      'a task without a document',
      stage('tasks: { beforeNode: [{ os: linux }] }'),
      { path: 'spec.stages[0].tasks.beforeNode[0].document' },
    ],
    [
      'a parameter that is a number',
      stage('tasks: { afterNode: [{ document: Deploy, parameters: { count: [1] } }] }'),
      { path: 'spec.stages[0].tasks.afterNode[0].parameters.count[0]' },
    ],
    [
      'a task that takes days',
      stage('tasks: { afterNode: [{ document: Deploy, timeout: P3D }] }'),
      { path: 'spec.stages[0].tasks.afterNode[0].timeout' },
    ],
    [
      'a time zone that does not exist',
      window('{ schedule: { cron: "0 2 * * *" }, timezone: Europe/Londn }'),
      { path: 'spec.timezone', nearest: 'Europe/London' },
    ],
    [
      'a city for a time zone',
      window('{ schedule: { cron: "0 2 * * *" }, timezone: New York }'),
      { path: 'spec.timezone', nearest: 'America/New_York' },
    ],
    ['no time zone', window('{ schedule: { cron: "0 2 * * *" } }'), { path: 'spec.timezone', message: 'is missing' }],
    [
      'a cron expression that never fires',
      window('{ schedule: { cron: "0 2 31 4 *" }, timezone: UTC }'),
      { path: 'spec.schedule.cron', message: expect.stringContaining('never fires') },
    ],
    [
      'a cron expression that is wrong',
      window('{ schedule: { cron: "0 25 * * *" }, timezone: UTC }'),
      { path: 'spec.schedule.cron' },
    ],
    [
      'an nth that no month has',
      window('{ schedule: { nth: 6, weekday: TUE, at: "02:00" }, timezone: UTC }'),
      { path: 'spec.schedule.nth' },
    ],
    [
      'a weekday that is none',
      window('{ schedule: { nth: 2, weekday: TUES, at: "02:00" }, timezone: UTC }'),
      { path: 'spec.schedule.weekday', nearest: 'TUE' },
    ],
    [
      'a time that is none',
      window('{ schedule: { nth: 2, weekday: TUE, at: "24:00" }, timezone: UTC }'),
      { path: 'spec.schedule.at' },
    ],
    ['an empty schedule', window('{ schedule: {}, timezone: UTC }'), { path: 'spec.schedule' }],
    [
      'a schedule of two kinds',
      window('{ schedule: { cron: "0 2 * * *", always: true }, timezone: UTC }'),
      { path: 'spec.schedule.always', message: expect.stringContaining('beside') },
    ],
    ['always: false', window('{ schedule: { always: false } }'), { path: 'spec.schedule.always' }],
    ['an end of what never ends', window('{ schedule: { always: true }, duration: PT4H }'), { path: 'spec.duration' }],
    [
      'a cutoff as long as its window',
      window('{ schedule: { cron: "0 2 * * *" }, timezone: UTC, duration: PT2H, cutoff: PT120M }'),
      { path: 'spec.cutoff' },
    ],
    [
      'the default cutoff in a short window',
      window('{ schedule: { cron: "0 2 * * *" }, timezone: UTC, duration: PT1H }'),
      { path: 'spec.cutoff', found: '"PT1H"' },
    ],
    [
      'a cutoff as long as the shortest default',
      window('{ schedule: { cron: "0 2 * * *" }, timezone: UTC, cutoff: PT4H }'),
      { path: 'spec.cutoff' },
    ],
    ['a baseline that approves nothing', baseline('{ rules: [] }'), { path: 'spec.rules' }],
    [
      'a delay of over 360 days',
      baseline('{ rules: [{ os: any, classification: any, severity: any, approveAfterDays: 361 }] }'),
      { path: 'spec.rules[0].approveAfterDays' },
    ],
    [
      'an unknown operating system',
      baseline('{ rules: [{ os: WINDOW, classification: any, severity: any, approveAfterDays: 0 }] }'),
      { path: 'spec.rules[0].os', nearest: 'WINDOWS' },
    ],
    [
      'an unknown classification',
      baseline('{ rules: [{ os: any, classification: securty, severity: any, approveAfterDays: 0 }] }'),
      { path: 'spec.rules[0].classification', nearest: 'security' },
    ],
    [
      'a severity that the system does not know',
      baseline('{ rules: [{ os: UBUNTU, classification: any, severity: critical, approveAfterDays: 0 }] }'),
      { path: 'spec.rules[0].severity' },
    ],
    [
      'a patch in both lists',
      baseline('{ rules: [], approved: [KB1], rejected: [KB1] }'),
      { path: 'spec.rejected[0]' },
    ],
    [
      'more patches than SSM takes',
      baseline(`{ rules: [], approved: [${Array.from({ length: 51 }, (_, index) => `KB${index}`).join()}] }`),
      { path: 'spec.approved' },
    ],
    [
      'an account id without quotes',
      account('{ id: 111122223333, roleArn: "arn:aws:iam::111122223333:role/P", regions: [eu-west-1] }'),
      { path: 'spec.id', example: '"111122223333"' },
    ],
    [
      'a short account id',
      account('{ id: "1234", roleArn: "arn:aws:iam::111122223333:role/P", regions: [eu-west-1] }'),
      { path: 'spec.id' },
    ],
    [
      'a role in another account',
      account('{ id: "111122223333", roleArn: "arn:aws:iam::444455556666:role/P", regions: [eu-west-1] }'),
      { path: 'spec.roleArn', expected: 'a role in account 111122223333' },
    ],
    [
      'no Regions',
      account('{ id: "111122223333", roleArn: "arn:aws:iam::111122223333:role/P", regions: [] }'),
      { path: 'spec.regions' },
    ],
    ['an unknown kind', plan('{}').replace('PatchPlan', 'PatchPlam'), { path: 'kind', nearest: 'PatchPlan' }],
    ['another apiVersion', plan('{}').replace('/v1', '/v2'), { path: 'apiVersion', expected: 'patchtide/v1' }],
  ])('%s', (_, yaml, expected) => {
    const { code, faults } = refusalOf(yaml);
    expect(code).toBe('document-invalid');
    expect(faults).toEqual([expect.objectContaining(expected)]);
    expect(faults[0]?.expected).not.toBe('');
  });

  function only_metadata(metadata: string): string {
    return plan('{ stages: [dev] }').replace('{ name: storefront, owner: storefront-team }', metadata);
  }
});

describe('what is reserved is refused, never ignored', () => {
  it.each([
    ['freeze calendars', 'apiVersion: patchtide/v1\nkind: FreezeCalendar', 'kind'],
    ['tag rules', 'apiVersion: patchtide/v1\nkind: TagRules', 'kind'],
    ['guardrails', 'apiVersion: patchtide/v1\nkind: Guardrails', 'kind'],
  ])('%s', (_, yaml, path) => {
    const { code, faults } = refusalOf(yaml);
    expect(code).toBe('document-not-carried-out');
    expect(faults).toEqual([
      expect.objectContaining({ path, message: expect.stringContaining('not carried out yet') }),
    ]);
  });
  it.each([
    ['a window named from-tag', window('{ schedule: { always: true } }').replace('prod-a', 'from-tag')],
    [
      'a baseline named everything',
      baseline('{ rules: [], approved: [KB1] }').replace('name: prod', 'name: everything'),
    ],
    [
      'an account named all',
      account('{ id: "111122223333", roleArn: "arn:aws:iam::111122223333:role/P", regions: [eu-west-1] }').replace(
        'shop-production',
        'all',
      ),
    ],
  ])('%s', (_, yaml) => {
    expect(refusalOf(yaml).faults).toMatchObject([{ path: 'metadata.name' }]);
  });
});
