/** The list of messages: lifelines, arrows and words, of which only those in sight are drawn. */

import { COLUMNS, type SequenceRow } from '../sequence-rows.js';
import { useScrolledRows } from './scrolled-rows.js';
import { SequenceRowView } from './sequence-row.js';

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
  const { list, rowHeight, start, end, onScroll } = useScrolledRows(
    rows,
    chosenIndex,
    isFollowing,
    onFollow,
  );
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
