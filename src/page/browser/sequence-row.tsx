/** One message: an arrow between lifelines, what it says, and what became of who heard it. */

import { COLUMNS, type SequenceRow } from '../sequence-rows.js';
import { clockTime } from '../state-words.js';

/** Of the drawing, in its own units; columns are one apart. */
const HEIGHT = 42;
const WIDTH = 40;
const ARROW_Y = 14;

export function SequenceRowView(props: {
  readonly row: SequenceRow;
  readonly top: number;
  /** From 1 on. */
  readonly place: number;
  readonly count: number;
  readonly isChosen: boolean;
  readonly onChoose: (row: SequenceRow) => void;
}) {
  const { row, top, place, count, isChosen, onChoose } = props;
  const { first, atMs, way, tone, title, detail, changes } = row;
  return (
    // The list has the keys.
    <div
      id={`row-${first}`}
      class={`row ${tone} ${way === null ? 'note' : ''}`}
      style={{ top }}
      role="option"
      aria-selected={isChosen}
      aria-setsize={count}
      aria-posinset={place}
      onClick={() => onChoose(row)}
      onKeyDown={() => undefined}
      tabIndex={-1}
    >
      <Lifelines way={way} />
      <div class="words">
        <p class="said" title={`${title} ${detail}`}>
          <strong>{title}</strong> {detail}
        </p>
        <p class="then" title={changes.join('; ')}>
          <time>{clockTime(atMs)}</time>
          {way !== null && (
            <span class="who">
              {' '}
              {row.actors[0] === undefined || row.actors.length < 2
                ? row.actors[0]
                : `${row.actors[0]} → ${row.actors[1]}`}
            </span>
          )}
          {changes.length > 0 && <span class="changes">{changes.join('; ')}</span>}
        </p>
      </div>
    </div>
  );
}

function Lifelines({ way }: { readonly way: SequenceRow['way'] }) {
  const x = (column: number) => (column + 0.5) * WIDTH;
  return (
    <svg
      class="lifelines"
      viewBox={`0 0 ${COLUMNS.length * WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {COLUMNS.map((column, index) => (
        <line key={column} x1={x(index)} x2={x(index)} y1="0" y2={HEIGHT} class="life" />
      ))}
      {way !== null && (
        <Arrow from={x(COLUMNS.indexOf(way.from))} to={x(COLUMNS.indexOf(way.to))} />
      )}
    </svg>
  );
}

function Arrow({ from, to }: { readonly from: number; readonly to: number }) {
  if (from === to) {
    const path = `M${from} ${ARROW_Y - 6}h12v12h-8`;
    return (
      <g class="message">
        <path d={path} />
        <path class="tip" d={`M${from + 2} ${ARROW_Y + 6}l7-4v8z`} />
      </g>
    );
  }
  const sense = Math.sign(to - from);
  return (
    <g class="message">
      <circle cx={from} cy={ARROW_Y} r="3" />
      <line x1={from} x2={to - sense * 6} y1={ARROW_Y} y2={ARROW_Y} />
      <path class="tip" d={`M${to} ${ARROW_Y}l${-sense * 8}-4.5v9z`} />
    </g>
  );
}
