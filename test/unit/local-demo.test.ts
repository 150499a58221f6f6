import { describe, expect, test } from '@jest/globals';
import { type Cycle, progressOn } from '../../local/demo-progress.js';
import { countsTable } from '../../local/demo-tables.js';
import { findingsText, isKept } from '../../local/findings.js';

const node = (stage: string, outcome: string) => ({
  node: 'i-1',
  name: 'web-1',
  stage,
  outcome,
  reason: null,
  compliance: 'compliant',
});

test('a table counts nodes by stage and outcome, with sums', () => {
  const nodes = [node('dev', 'patched'), node('dev', 'failed'), node('prod', 'patched')];
  expect(countsTable('outcome', nodes, ({ outcome }) => outcome ?? '')).toBe(
    [
      '  outcome  failed  patched  all',
      '  dev           1        1    2',
      '  prod          0        1    1',
      '  all           1        2    3',
    ].join('\n'),
  );
});

describe('progress', () => {
  const cycle = (patched: number, waitingFor: Cycle['waitingFor'] = null): Cycle => ({
    id: 'storefront-1',
    workflowId: 'patch-cycle/storefront/1',
    status: 'running',
    message: null,
    waitingFor,
    stages: [
      {
        name: 'dev',
        status: 'patching',
        locations: [
          {
            account: '111122223333',
            region: 'eu-west-1',
            waves: [
              { zone: 'euw1-az1', zoneName: 'eu-west-1a', status: 'patching', nodes: { total: 4, patched, failed: 0 } },
            ],
          },
        ],
      },
    ],
    links: { temporalUi: null },
  });
  const outputOf = (isTTY: boolean) => {
    const written: string[] = [];
    const output = { isTTY, columns: 80, write: (text: string) => written.push(text) };
    return { written, progress: progressOn(output as unknown as NodeJS.WriteStream) };
  };

  test('away from a terminal is a line for each change', () => {
    const { written, progress } = outputOf(false);
    progress.show(cycle(1));
    progress.show(cycle(1));
    progress.show(cycle(2));
    expect(written).toHaveLength(4);
    expect(written[3]).toMatch(/^\d\d:\d\d {3}111122223333 eu-west-1 eu-west-1a +patching {2}2 of 4\n$/);
  });

  test('says what the cycle waits for', () => {
    const { written, progress } = outputOf(false);
    progress.show(cycle(4, { kind: 'approval', stage: 'prod', manifest: null, message: 'one approver is to decide' }));
    expect(written.at(-1)).toMatch(/waits for approval \(prod\): one approver is to decide\n$/);
  });

  test('on a terminal stays in its place', () => {
    const { written, progress } = outputOf(true);
    progress.show(cycle(1));
    progress.show(cycle(2));
    expect(written[0]).not.toContain('\u001b[4A');
    expect(written[1]).toContain('\u001b[4A\u001b[0J');
  });
});

describe('findings', () => {
  const kept = { rule: 'no command twice', checked: 12, violations: [] };

  test('tell of each rule whether it was kept, and of a broken one how', () => {
    const broken = { rule: 'one zone', checked: 3, violations: ['az1 and az2'] };
    expect(findingsText([kept, broken])).toBe(
      '  ok       no command twice (12 checked)\n  VIOLATED one zone (3 checked)\n             az1 and az2',
    );
    expect([kept, broken].map(isKept)).toEqual([true, false]);
  });

  test('a rule that nothing was held against is not kept', () => {
    expect(isKept({ ...kept, checked: 0 })).toBe(false);
    expect(findingsText([{ ...kept, checked: 0 }])).toContain('untried');
  });
});
