import { z } from 'zod';

/** What became of a node, as the report of its cycle has it. */
export const reportedNode = z.object({
  node: z.string(),
  name: z.string(),
  stage: z.string(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
});

/** With what a table counts. */
export const endedNodes = z.object({ nodes: z.array(reportedNode.extend({ compliance: z.string() })) });
export type EndedNode = z.infer<typeof endedNodes>['nodes'][number];

/** How many nodes of each stage (rows) have which value (columns), with sums. */
export function countsTable(title: string, nodes: readonly EndedNode[], of: (node: EndedNode) => string): string {
  const stages = [...new Set(nodes.map(({ stage }) => stage))];
  const values = [...new Set(nodes.map(of))].sort();
  const count = (stage: string | null, value: string | null) =>
    String(nodes.filter((node) => (stage ?? node.stage) === node.stage && (value ?? of(node)) === of(node)).length);
  const row = (name: string, stage: string | null) => [
    name,
    ...values.map((value) => count(stage, value)),
    count(stage, null),
  ];
  return table([[title, ...values, 'all'], ...stages.map((stage) => row(stage, stage)), row('all', null)]);
}

/** Columns as wide as their widest cell; all but the first aligned to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join('\n');
}
