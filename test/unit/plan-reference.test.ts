import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { planWithDefaults } from '../../domain/documents/defaults.js';
import { documentSchemas, parseDocument } from '../../domain/documents/parse.js';
import { resolvePlan } from '../../domain/documents/resolve.js';
import { DEFAULTS, fieldsOf, type Kind, tableOf, withTables } from '../../scripts/plan-reference.js';

const KINDS = Object.keys(documentSchemas) as Kind[];
const reference = readFileSync(new URL('../../docs/plan-reference.md', import.meta.url), 'utf8');

describe('the reference of documents', () => {
  it('names every field as the schemas have it', () => {
    for (const kind of KINDS) expect(reference).toContain(tableOf(kind));
    expect(withTables(reference)).toBe(reference);
  });

  it('says of no field that there is not what it means without it', () => {
    const optional = KINDS.flatMap((kind) => fieldsOf(kind))
      .filter(({ required, notYet }) => required === 'no' && !notYet)
      .map(({ path }) => path);
    expect([...new Set(optional)].sort()).toEqual(Object.keys(DEFAULTS).sort());
  });

  it('gives the defaults that plans have', () => {
    const shortest = { name: 'storefront', owner: 'storefront-team' };
    const document = {
      apiVersion: 'patchtide/v1',
      kind: 'PatchPlan',
      metadata: shortest,
      spec: { stages: ['a', 'b'] },
    };
    const plan = planWithDefaults(resolvePlan(parseDocument(document, 'PatchPlan'), 1, { baselines: [] }));
    const [first, last] = plan.spec.stages;
    if (typeof first !== 'object' || typeof last !== 'object') throw new Error('a stage has no defaults');
    const approval = typeof last.approval === 'object' ? last.approval : {};
    const meant: Record<string, unknown> = {
      snapshot: first.snapshot,
      'waves.maxUnavailable': first.waves?.maxUnavailable,
      'waves.pauseAfterFailures': first.waves?.pauseAfterFailures,
      'timeouts.install': first.timeouts?.install,
      'timeouts.snapshot': first.timeouts?.snapshot,
      reboot: first.reboot,
      stopped: first.stopped,
      soak: first.soak,
      approval: first.approval,
      'approval.roles': `[${approval.roles?.join(', ')}]`,
      'approval.quorum': approval.quorum,
      'approval.decideWithin': approval.decideWithin,
      onFailure: first.onFailure,
      surplus: first.surplus,
    };
    for (const [path, value] of Object.entries(meant))
      expect(DEFAULTS[`spec.stages[].${path}`]?.split('`')[1]).toBe(String(value));
    expect(DEFAULTS['spec.stages[].soak']).toContain(`last stage \`${last.soak}\``);
  });
});
