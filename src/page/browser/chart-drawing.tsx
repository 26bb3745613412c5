/** Draws a statechart that was laid out when the page was built. */

import { memo } from 'preact/compat';
import { useEffect, useRef } from 'preact/hooks';
import {
  type Box,
  type ChartLayout,
  LINE_HEIGHT,
  type PlacedArrow,
  type PlacedState,
  type Point,
} from '../drawn-chart.js';

/** Drawn smaller than this share of its size, its text could not be read; it scrolls then. */
const SMALLEST = 0.75;

export function ChartDrawing(props: {
  readonly layout: ChartLayout;
  readonly active: ReadonlySet<string>;
  readonly taken: ReadonlySet<number>;
  readonly title: string;
}) {
  const { layout, active, taken, title } = props;
  const { width, height } = layout;
  const drawing = useRef<SVGSVGElement>(null);
  const last = [...taken].join();
  // A drawing that is larger than its panel shows what has just happened.
  useEffect(() => {
    if (last === '') return;
    drawing.current
      ?.querySelector('.arrow.taken')
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [last]);
  return (
    <svg
      ref={drawing}
      class="drawing"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      style={{ minWidth: `${Math.ceil(width * SMALLEST)}px` }}
      role="img"
    >
      <title>{title}</title>
      <defs>
        {['head', 'head-taken'].map((id) => (
          <marker
            key={id}
            id={id}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerUnits="userSpaceOnUse"
            markerWidth="8"
            markerHeight="8"
            orient="auto"
          >
            <path d="M0 0 8 4 0 8z" class={id} />
          </marker>
        ))}
      </defs>
      {layout.states.map((state) => (
        <StateBox key={state.id} state={state} isActive={active.has(state.id)} />
      ))}
      {layout.beginnings.map(({ x, y, radius, points }) => (
        <g key={`${x} ${y}`} class="beginning">
          <circle cx={x} cy={y} r={radius} />
          <path d={pathOf(points)} marker-end="url(#head)" />
        </g>
      ))}
      {inFront(layout.arrows, taken).map(({ arrow, isTaken }) => (
        <ArrowPath key={arrow.transitions.join()} arrow={arrow} isTaken={isTaken} />
      ))}
    </svg>
  );
}

/** The last transition is drawn over the others. */
function inFront(arrows: readonly PlacedArrow[], taken: ReadonlySet<number>) {
  return arrows
    .map((arrow) => ({ arrow, isTaken: arrow.transitions.some((place) => taken.has(place)) }))
    .sort((a, b) => Number(a.isTaken) - Number(b.isTaken));
}

const StateBox = memo((props: { readonly state: PlacedState; readonly isActive: boolean }) => {
  const { state, isActive } = props;
  const { x, y, width, height, name, shape, lines } = state;
  return (
    <g class={`state ${shape} ${isActive ? 'active' : ''}`} data-state={state.id}>
      <rect x={x} y={y} width={width} height={height} rx={shape === 'region' ? 2 : 6} />
      {shape === 'final' && (
        <rect x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx="4" class="inner" />
      )}
      <text x={x + 8} y={y + 15} class="name">
        {isActive ? `● ${name}` : name}
      </text>
      {lines.map((line, index) => (
        <text key={line} x={x + 8} y={y + 15 + (index + 1) * LINE_HEIGHT} class="does">
          {line}
        </text>
      ))}
    </g>
  );
});

const ArrowPath = memo((props: { readonly arrow: PlacedArrow; readonly isTaken: boolean }) => {
  const { arrow, isTaken } = props;
  const { points, label } = arrow;
  // On each of its parts: Chromium does not draw a text anew when only its parent's class changes.
  const kind = isTaken ? 'arrow taken' : 'arrow';
  return (
    <g class={kind}>
      <path
        class={kind}
        d={pathOf(points)}
        marker-end={`url(#${isTaken ? 'head-taken' : 'head'})`}
      />
      {label !== null && <Label box={label} lines={label.lines} kind={kind} />}
    </g>
  );
});

function Label(props: {
  readonly box: Box;
  readonly lines: readonly string[];
  readonly kind: string;
}) {
  const { box, lines, kind } = props;
  return (
    <>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} class="behind" />
      {lines.map((line, index) => (
        <text key={line} class={kind} x={box.x + 2} y={box.y + 11 + index * LINE_HEIGHT}>
          {line}
        </text>
      ))}
    </>
  );
}

function pathOf(points: readonly Point[]): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
}
