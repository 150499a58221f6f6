/** A node at the end of a cycle. */
export interface EndedNode {
  readonly node: string;
  readonly name: string;
  readonly stage: string;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly compliance: string;
}

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
