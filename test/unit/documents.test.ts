import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { accountOf } from '../../domain/documents/account.js';
import { baselineOf } from '../../domain/documents/baseline.js';
import { parseDocument, parseDocuments } from '../../domain/documents/parse.js';
import { checkReferences } from '../../domain/documents/references.js';
import { windowOf } from '../../domain/documents/window.js';
import { account, baseline, only, plan, refusal, refusalOf, stage, window } from '../support/documents.js';

describe('the examples', () => {
  it.each([
    ['shortest.yaml', 1],
    ['storefront.yaml', 8],
    ['production.yaml', 11],
    ['short-windows.yaml', 3],
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
      pendingSnapshots: 100,
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
