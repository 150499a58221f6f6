import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ComplianceNode, countsBy, countsOf, DIMENSIONS } from '../../domain/compliance.js';
import type { AccountId, Region } from '../../domain/ids.js';

const node: fc.Arbitrary<ComplianceNode> = fc.record({
  account: fc.constantFrom('111122223333', '222233334444').map((id) => id as AccountId),
  region: fc.constantFrom('eu-west-1', 'us-east-1').map((name) => name as Region),
  patchGroup: fc.constantFrom('storefront-dev', 'storefront-prod', null),
  environment: fc.constantFrom('dev', 'prod', null),
  os: fc.constantFrom('UBUNTU' as const, 'WINDOWS' as const, null),
  compliance: fc.constantFrom('compliant' as const, 'non-compliant' as const, 'unknown' as const),
});

test('every node is counted once, in every dimension: the numbers add up to the inventory', () => {
  fc.assert(
    fc.property(fc.array(node), fc.constantFrom(...DIMENSIONS), (nodes, dimension) => {
      const rows = countsBy(nodes, dimension);
      for (const row of rows) expect(row.compliant + row.nonCompliant + row.unknown).toBe(row.total);
      const sum = (of: 'total' | 'compliant' | 'nonCompliant' | 'unknown') =>
        rows.reduce((all, row) => all + row[of], 0);
      expect({
        total: sum('total'),
        compliant: sum('compliant'),
        nonCompliant: sum('nonCompliant'),
        unknown: sum('unknown'),
      }).toEqual(countsOf(nodes));
      expect(countsOf(nodes).total).toBe(nodes.length);
      expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    }),
  );
});

test('rows are in the order of their values, nodes without one last', () => {
  const of = (patchGroup: string | null, compliance: ComplianceNode['compliance']): ComplianceNode => ({
    account: '111122223333' as AccountId,
    region: 'eu-west-1' as Region,
    patchGroup,
    environment: null,
    os: null,
    compliance,
  });
  expect(
    countsBy([of(null, 'unknown'), of('b', 'compliant'), of('a', 'compliant'), of('b', 'non-compliant')], 'patchGroup'),
  ).toEqual([
    { key: 'a', total: 1, compliant: 1, nonCompliant: 0, unknown: 0 },
    { key: 'b', total: 2, compliant: 1, nonCompliant: 1, unknown: 0 },
    { key: null, total: 1, compliant: 0, nonCompliant: 0, unknown: 1 },
  ]);
});
