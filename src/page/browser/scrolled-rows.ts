/** The list of messages as it is scrolled: which rows are drawn, while more come and old ones go. */

import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { rowWindow, scrollTopOf, type UpperEdge, upperEdge } from '../row-window.js';
import type { SequenceRow } from '../sequence-rows.js';

/** As in `sequence-panel.css`. */
const ROW_HEIGHTS = { wide: 42, narrow: 64 };
const NARROW = '(max-width: 760px)';

export interface ScrolledRows {
  /** For the element that is scrolled. */
  readonly list: RefObject<HTMLDivElement | null>;
  /** In pixels. */
  readonly rowHeight: number;
  /** The first row that is drawn, and the one behind the last. */
  readonly start: number;
  readonly end: number;
  readonly onScroll: () => void;
}

/**
 * Keeps the end in sight as long as it is followed, and otherwise what is at the upper edge where it is;
 * brings a row into sight when it is chosen.
 *
 * @param chosenIndex -1 = none
 * @param onFollow hears that somebody scrolled away from the end, or back to it
 */
export function useScrolledRows(
  rows: readonly SequenceRow[],
  chosenIndex: number,
  isFollowing: boolean,
  onFollow: (isFollowing: boolean) => void,
): ScrolledRows {
  const list = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(600);
  const [, setScrollCount] = useState(0);
  const edge = useRef<UpperEdge>({ first: 0, offset: 0 });
  /** Where the list was scrolled to when rows were drawn last: from there only people scroll. */
  const drawnTop = useRef(0);
  const rowHeight = useRowHeight();
  // Known before the browser has scrolled there, so that what is drawn now is what will be in sight.
  const top = isFollowing
    ? Math.max(rows.length * rowHeight - height, 0)
    : scrollTopOf(rows, rowHeight, edge.current);
  const { start, end } = rowWindow(rows.length, rowHeight, top, height);

  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    if (Math.abs(element.scrollTop - top) >= 1) element.scrollTop = top;
    drawnTop.current = element.scrollTop;
    edge.current = upperEdge(rows, rowHeight, drawnTop.current);
  });
  const scrolledTo = (scrollTop: number) => {
    edge.current = upperEdge(rows, rowHeight, scrollTop);
    setScrollCount((count) => count + 1);
  };
  const chosenNumber = rows[chosenIndex]?.first;
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null || chosenNumber === undefined) return;
    const rowTop = chosenIndex * rowHeight;
    const bottom = rowTop + rowHeight - element.clientHeight;
    scrolledTo(Math.min(Math.max(element.scrollTop, bottom), rowTop));
  }, [chosenNumber, rowHeight]);

  const onScroll = () => {
    const element = list.current;
    if (element === null) return;
    const { scrollTop, clientHeight, scrollHeight } = element;
    // Rows that have come since are no reason to stop following.
    if (Math.abs(scrollTop - drawnTop.current) < 1) return;
    scrolledTo(scrollTop);
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 4;
    if (chosenIndex === -1 && isAtEnd !== isFollowing) onFollow(isAtEnd);
  };
  return { list, rowHeight, start, end, onScroll };
}

function useRowHeight(): number {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useLayoutEffect(() => {
    const query = matchMedia(NARROW);
    const listen = () => setNarrow(query.matches);
    query.addEventListener('change', listen);
    return () => query.removeEventListener('change', listen);
  }, []);
  return isNarrow ? ROW_HEIGHTS.narrow : ROW_HEIGHTS.wide;
}
