/**
 * A page of rows, of which one more than the page holds was read: that one tells whether there is another page. `next` is the
 * position of the page's last row, null on the last page.
 */
export const pageOf = <Row, Position>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => Position,
): { items: Row[]; next: Position | null } => {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? positionOf(last) : null };
};
