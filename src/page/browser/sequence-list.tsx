/** The list of messages: lifelines, arrows and words, of which only those in sight are drawn. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { rowWindow } from '../row-window.js';
import { COLUMNS, type SequenceRow } from '../sequence-rows.js';
import { SequenceRowView } from './sequence-row.js';

/** As in `sequence-panel.css`. */
const ROW_HEIGHTS = { wide: 42, narrow: 64 };
const NARROW = '(max-width: 760px)';

/** Rows that Page Up and Page Down go. */
const PAGE = 8;

export function SequenceList(props: {
  readonly rows: readonly SequenceRow[];
  /** -1 = none. */
  readonly chosenIndex: number;
  /** Whether the end is kept in sight. */
  readonly isFollowing: boolean;
  readonly onChoose: (row: SequenceRow | undefined) => void;
  readonly onFollow: (isFollowing: boolean) => void;
}) {
  const { rows, chosenIndex, isFollowing, onChoose, onFollow } = props;
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const rowHeight = useRowHeight();
  const { start, end } = rowWindow(rows.length, rowHeight, view.top, view.height);

  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = list.current;
    if (element !== null && isFollowing) element.scrollTop = element.scrollHeight;
  });
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null || chosenIndex === -1) return;
    const top = chosenIndex * rowHeight;
    const bottom = top + rowHeight - element.clientHeight;
    element.scrollTop = Math.min(Math.max(element.scrollTop, bottom), top);
  }, [chosenIndex, rowHeight]);

  const onScroll = () => {
    const element = list.current;
    if (element === null) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    const isAtEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
    if (chosenIndex === -1 && isAtEnd !== isFollowing) onFollow(isAtEnd);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const from = chosenIndex === -1 ? rows.length : chosenIndex;
    const goals: Record<string, number> = {
      ArrowUp: from - 1,
      ArrowDown: from + 1,
      PageUp: from - PAGE,
      PageDown: from + PAGE,
      Home: 0,
      End: rows.length - 1,
    };
    const goal = goals[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    onChoose(rows[Math.min(Math.max(goal, 0), rows.length - 1)]);
  };
  const chosen = rows[chosenIndex];
  return (
    <div class="body rows-of-messages">
      <div class="heads" aria-hidden="true">
        {COLUMNS.map((column) => (
          <span key={column}>{column}</span>
        ))}
      </div>
      <div
        ref={list}
        class="rows"
        role="listbox"
        aria-label="Messages"
        aria-activedescendant={chosen === undefined ? undefined : `row-${chosen.first}`}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div style={{ height: rows.length * rowHeight, position: 'relative' }}>
          {rows.slice(start, end).map((row, index) => (
            <SequenceRowView
              key={row.first}
              row={row}
              top={(start + index) * rowHeight}
              place={start + index + 1}
              count={rows.length}
              isChosen={start + index === chosenIndex}
              onChoose={onChoose}
            />
          ))}
        </div>
      </div>
    </div>
  );
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
