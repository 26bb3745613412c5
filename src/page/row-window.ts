/**
 * Which rows of a long list are drawn: those in sight, and a few around them; and where the list is
 * scrolled to while rows come behind and go before those that somebody reads.
 */

/** Rows drawn beyond either edge, so that a quick scroll shows no gap. */
const AROUND = 8;

export interface RowWindow {
  /** The first row that is drawn, and the one behind the last. */
  readonly start: number;
  readonly end: number;
}

/** All lengths in pixels. */
export function rowWindow(
  count: number,
  rowHeight: number,
  scrollTop: number,
  viewHeight: number,
): RowWindow {
  const start = Math.floor(scrollTop / rowHeight) - AROUND;
  const end = Math.ceil((scrollTop + viewHeight) / rowHeight) + AROUND;
  const last = Math.min(Math.max(end, 0), count);
  return { start: Math.min(Math.max(start, 0), last), end: last };
}

/** What is at the upper edge of the view. */
export interface UpperEdge {
  /** The number of the row there. */
  readonly first: number;
  /** Pixels of it that are out of sight. */
  readonly offset: number;
}

type Rows = readonly { readonly first: number }[];

/** Where a list is scrolled to, in terms that stay when rows before it go. */
export function upperEdge(rows: Rows, rowHeight: number, scrollTop: number): UpperEdge {
  const top = Math.max(scrollTop, 0);
  const index = Math.floor(top / rowHeight);
  return { first: rows[index]?.first ?? 0, offset: top - index * rowHeight };
}

/** Where it is to be scrolled to, so that the same is at the edge: the row, or the next that is left. */
export function scrollTopOf(rows: Rows, rowHeight: number, edge: UpperEdge): number {
  const index = rows.findIndex(({ first }) => first >= edge.first);
  if (index === -1) return rows.length * rowHeight;
  return index * rowHeight + (rows[index]?.first === edge.first ? edge.offset : 0);
}
