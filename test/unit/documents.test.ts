import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { accountOf } from '../../domain/documents/account.js';
import { baselineOf } from '../../domain/documents/baseline.js';
import { DocumentError } from '../../domain/documents/errors.js';
import { parseDocument, parseDocuments } from '../../domain/documents/parse.js';
import { checkReferences } from '../../domain/documents/references.js';
import { windowOf } from '../../domain/documents/window.js';

const plan = (spec: string) =>
  `apiVersion: patchtide/v1\nkind: PatchPlan\nmetadata: { name: storefront, owner: storefront-team }\nspec: ${spec}`;
const stage = (fields: string) => plan(`{ stages: [{ name: prod, ${fields} }] }`);
const window = (spec: string) =>
  `apiVersion: patchtide/v1\nkind: MaintenanceWindow\nmetadata: { name: prod-a }\nspec: ${spec}`;
const baseline = (spec: string) =>
  `apiVersion: patchtide/v1\nkind: PatchBaseline\nmetadata: { name: prod }\nspec: ${spec}`;
const account = (spec: string) =>
  `apiVersion: patchtide/v1\nkind: Account\nmetadata: { name: shop-production }\nspec: ${spec}`;

function refusal(work: () => unknown): DocumentError {
  try {
    work();
  } catch (error) {
    if (error instanceof DocumentError) return error;
    throw error;
  }
  throw new Error('the document was not refused');
}
const refusalOf = (yaml: string) => refusal(() => parseDocuments(yaml, 'yaml'));
const only = (yaml: string) => {
  const [document] = parseDocuments(yaml, 'yaml');
  if (!document) throw new Error('no document');
  return document;
};

describe('the examples', () => {
  it.each([
    ['shortest.yaml', 1],
    ['storefront.yaml', 8],
    ['production.yaml', 11],
  ])('%s holds %d documents without a fault', (file, count) => {
    const documents = parseDocuments(readFileSync(`examples/${file}`, 'utf8'), 'yaml');
    expect(documents).toHaveLength(count);
    const named = (kind: string) => documents.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
    const known = {
      accounts: named('Account'),
      windows: named('MaintenanceWindow'),
      baselines: named('PatchBaseline'),
    };
    for (const document of documents) checkReferences(document, known);
  });
});

describe('a document', () => {
  it('is read from YAML and from JSON alike', () => {
    const yaml = only(plan('{ stages: [dev, { name: prod, soak: PT1H }] }'));
    expect(parseDocuments(JSON.stringify(yaml), 'json')).toEqual([yaml]);
    expect(
      parseDocuments(JSON.stringify([yaml, { ...yaml, metadata: { name: 'other', owner: 'me' } }]), 'json'),
    ).toHaveLength(2);
  });

  it('keeps durations and short forms as they were written', () => {
    expect(only(plan('{ stages: [dev, { name: prod, soak: PT48H }] }')).spec).toEqual({
      stages: ['dev', { name: 'prod', soak: 'PT48H' }],
    });
  });

  it('of several says which one is wrong, and tells of all faults at once', () => {
    const { faults } = refusalOf(
      [plan('{ stages: [] }'), window('{ schedule: { cron: "0 2 * * *" } }'), 'x: 1'].join('\n---\n'),
    );
    expect(faults.map(({ document, path }) => [document, path])).toEqual([
      ['PatchPlan storefront', 'spec.stages'],
      ['MaintenanceWindow prod-a', 'spec.timezone'],
      ['document 3', 'apiVersion'],
    ]);
  });

  it('with the kind and name of another in the same text is refused', () => {
    expect(refusalOf([plan('{ stages: [a] }'), plan('{ stages: [b] }')].join('\n---\n')).faults).toMatchObject([
      { document: 'PatchPlan storefront', path: 'metadata.name' },
    ]);
  });

  it('has to be of the kind and name of the place where it is sent', () => {
    const value = {
      apiVersion: 'patchtide/v1',
      kind: 'PatchPlan',
      metadata: { name: 'a', owner: 'me' },
      spec: { stages: ['x'] },
    };
    expect(parseDocument(value, 'PatchPlan', 'a').spec.stages).toEqual(['x']);
    expect(refusal(() => parseDocument(value, 'PatchPlan', 'b')).faults).toMatchObject([
      { path: 'metadata.name', expected: 'b' },
    ]);
    expect(refusal(() => parseDocument(value, 'Account', 'a')).faults).toMatchObject([
      { path: 'kind', expected: 'Account' },
    ]);
    for (const none of [null, undefined, 3, 'text', []])
      expect(refusal(() => parseDocument(none, 'PatchPlan')).faults).toMatchObject([{ path: '' }]);
  });

  it('says of itself in one sentence a line what is wrong', () => {
    expect(refusalOf(stage('soack: P7D, baseline: PROD')).message).toBe(
      [
        'spec.stages[0].baseline: is not right (expected: the name of a PatchBaseline, or everything; without it the one named after the stage, else everything)',
        'spec.stages[0].soack: there is no such field (did you mean soak?)',
      ].join('\n'),
    );
  });
});

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
    ['health checks', stage('health: { settle: PT5M }'), 'spec.stages[0].health'],
    ['rollback', stage('onFailure: rollback'), 'spec.stages[0].onFailure'],
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

describe('text that is no document', () => {
  it.each([
    ['nothing', ''],
    ['a comment', '# nothing'],
    ['an open list', 'a: ['],
    ['a field twice', 'kind: a\nkind: b'],
    ['a tag', 'a: !secret b'],
    ['a binary tag', 'a: !!binary aGVsbG8='],
    ['another version of YAML', '%YAML 1.1\n---\na: on'],
    ['a key that is a list', '? [a]\n: b'],
    ['an alias of nothing', 'a: *b'],
  ])('is refused with a reason: %s', (_, yaml) => {
    const { code, faults } = refusalOf(yaml);
    expect(code).toBe('document-syntax');
    expect(faults[0]?.message).toMatch(/\S/);
  });
  it('is refused with the place of the error', () => {
    expect(refusalOf('a: 1\nb: [1, 2\nc: 3').message).toMatch(/line 3, column 1/);
    expect(refusalOf('kind: a\nkind: b').message).toMatch(/line 2, column 1: the field "kind" stands here before/);
  });
  it.each(['{', '{"a":1,"a":2}', '{"a":1,}', "{'a':1}", ''])('is refused as JSON: %s', (json) => {
    expect(refusal(() => parseDocuments(json, 'json')).code).toBe('document-syntax');
  });
  it('of a field that JavaScript takes for something else is refused', () => {
    expect(refusalOf('__proto__: { a: 1 }').faults).toMatchObject([{ path: '__proto__' }]);
    expect(refusal(() => parseDocuments('{"metadata":{"__proto__":1}}', 'json')).faults).toMatchObject([
      { path: 'metadata.__proto__' },
    ]);
  });

  const nested = (level: string) => Array.from({ length: 9 }, () => `*${level}`).join();
  it.each([
    ['very long', `a: ${'x'.repeat(300_000)}`],
    ['very deep lists', '['.repeat(100_000)],
    ['very deep fields', '{a: '.repeat(50_000)],
    ['very deep items', '- '.repeat(100_000)],
    ['a list in itself', '&a [*a]'],
    [
      'aliases of aliases',
      `a: &a [${'x,'.repeat(9)}]\nb: &b [${nested('a')}]\nc: &c [${nested('b')}]\nd: [${nested('c')}]`,
    ],
    ['thousands of tags', '!a '.repeat(80_000)],
    ['thousands of bad escapes', `a: "${'\\x'.repeat(120_000)}"`],
    ['thousands of fields', Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['thousands of documents', 'a: 1\n---\n'.repeat(25_000)],
  ])('that is made to exhaust the reader is refused quickly: %s', (_, yaml) => {
    const begun = performance.now();
    expect(refusalOf(yaml).faults.length).toBeLessThan(50);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

describe('names that a plan speaks of', () => {
  const known = { accounts: ['shop-production'], windows: ['prod-a', 'prod-b'], baselines: ['prod'] };
  it('have to be there', () => {
    const document = only(
      plan('{ nodes: { accounts: [shop-prodution] }, stages: [{ name: prod, window: prod-c, baseline: prd }] }'),
    );
    const { code, faults } = refusal(() => checkReferences(document, known));
    expect(code).toBe('document-unknown-name');
    expect(faults).toMatchObject([
      { path: 'spec.nodes.accounts[0]', nearest: 'shop-production' },
      { path: 'spec.stages[0].window', nearest: 'prod-a' },
      { path: 'spec.stages[0].baseline', nearest: 'prod', found: '"prd"' },
    ]);
  });
  it('may be the words for none in particular', () => {
    const document = only(
      plan('{ nodes: { accounts: all }, stages: [dev, { name: prod, window: from-tag, baseline: everything }] }'),
    );
    expect(() => checkReferences(document, { accounts: [], windows: [], baselines: [] })).not.toThrow();
  });
});

describe('documents become what cycles work with', () => {
  it('an account', () => {
    const document = only(
      account('{ id: "111122223333", roleArn: "arn:aws:iam::111122223333:role/P", regions: [eu-west-1] }'),
    );
    expect(document.kind === 'Account' && accountOf(document)).toEqual({
      name: 'shop-production',
      id: '111122223333',
      roleArn: 'arn:aws:iam::111122223333:role/P',
      externalId: null,
      regions: ['eu-west-1'],
    });
  });
  it('a window, with a cutoff of an hour where none is given', () => {
    const document = only(
      window('{ schedule: { nth: 2, weekday: TUE, at: "02:00" }, timezone: Europe/London, duration: PT5H }'),
    );
    expect(document.kind === 'MaintenanceWindow' && windowOf(document, 3)).toEqual({
      name: 'prod-a',
      version: 3,
      schedule: { nth: 2, weekday: 'TUE', plusDays: 0, at: '02:00' },
      timezone: 'Europe/London',
      duration: 18_000_000,
      cutoff: 3_600_000,
    });
  });
  it('a window that is always open', () => {
    const document = only(window('{ schedule: { always: true } }'));
    expect(document.kind === 'MaintenanceWindow' && windowOf(document, 1)).toMatchObject({
      schedule: { always: true },
      timezone: 'UTC',
      duration: null,
      cutoff: 0,
    });
  });
  it('a baseline', () => {
    const document = only(
      baseline(
        '{ rules: [{ os: any, classification: security, severity: critical, approveAfterDays: 0 }], rejected: [KB5] }',
      ),
    );
    expect(document.kind === 'PatchBaseline' && baselineOf(document, 2)).toEqual({
      name: 'prod',
      version: 2,
      rules: [{ os: 'any', classification: 'security', severity: 'critical', approveAfterDays: 0 }],
      approved: [],
      rejected: ['KB5'],
    });
  });
});
