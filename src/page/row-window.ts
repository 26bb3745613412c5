/** Which rows of a long list are drawn: those in sight, and a few around them. */

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
