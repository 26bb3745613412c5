/** The statechart of the chosen actor: where it is, and how it came there. */

import charts from 'epa:charts';
import type { SeenActor } from '../../recording/seen.js';
import { machineIdOf } from '../actor-tree.js';
import { activeStates, type DrawnChart, placesOf } from '../drawn-chart.js';
import type { Moment } from '../moment.js';
import { clockTime, eventWords, stateWords } from '../state-words.js';
import { ChartDrawing } from './chart-drawing.js';
import { ContextTable } from './context-table.js';

export function ChartPanel({ moment, name }: { readonly moment: Moment; readonly name: string }) {
  const actor = [...moment.seen.actors.values()].find(({ line }) => line.name === name);
  return (
    <section class="panel chart" aria-labelledby="chart-title">
      <header>
        <h2 id="chart-title">{name}</h2>
        {actor !== undefined && <LastTransition actor={actor} />}
      </header>
      <div class="body">
        {actor === undefined ? (
          <p class="empty">There is no {name} at this moment. Choose another actor.</p>
        ) : (
          <ActorChart actor={actor} />
        )}
      </div>
    </section>
  );
}

function ActorChart({ actor }: { readonly actor: SeenActor }) {
  const machineId = machineIdOf(actor);
  const chart = charts.find(({ id }) => id === machineId);
  return (
    <>
      {chart === undefined ? (
        <p class="empty">
          {machineId === null
            ? 'This actor is no state machine: it does one thing and ends.'
            : `This page has no chart of ${machineId}: another version of the daemon was recorded.`}
        </p>
      ) : (
        <LitChart actor={actor} chart={chart} />
      )}
      <ContextTable context={actor.snapshot.context} />
    </>
  );
}

function LitChart({ actor, chart }: { readonly actor: SeenActor; readonly chart: DrawnChart }) {
  const { value } = actor.snapshot;
  const active = activeStates(chart, value);
  const taken = placesOf(chart, actor.transitions);
  const unknown = [...active].filter((id) => !chart.layout.states.some((state) => state.id === id));
  const words = value === undefined ? 'none' : stateWords(value).join(', ');
  return (
    <>
      {unknown.length > 0 && (
        <p class="empty">Recorded by another version: {unknown.join(', ')} is not in this chart.</p>
      )}
      <ChartDrawing
        layout={chart.layout}
        active={active}
        taken={taken}
        title={`Statechart of ${actor.line.name}; it is in: ${words}`}
      />
      {chart.told.map(({ state, told }) => (
        <details key={state} class="told" open={told.some(({ index }) => taken.has(index))}>
          <summary>In {state}, without going elsewhere</summary>
          <ul>
            {told.map(({ index, words: what }) => (
              <li key={index} class={taken.has(index) ? 'taken' : undefined}>
                {what}
                {taken.has(index) && <span class="mark"> ← last</span>}
              </li>
            ))}
          </ul>
        </details>
      ))}
    </>
  );
}

/** What it heard last, and where that led. */
function LastTransition({ actor }: { readonly actor: SeenActor }) {
  const { heard, transitions, atMs } = actor;
  if (heard === null) return <span class="faint">nothing heard yet</span>;
  const ways = transitions.filter(({ to }) => to.length > 0);
  return (
    <p class="last">
      <time>{clockTime(atMs)}</time> <strong>{eventWords(heard)}</strong>
      {ways.map(({ from, to, guard }, index) => (
        <span key={index} class="way">
          {lastKey(from)} → {to.map(lastKey).join(', ')}
          {guard !== null && <span class="guard"> [{guard}]</span>}
        </span>
      ))}
      {ways.length === 0 && <span class="faint"> no other state</span>}
    </p>
  );
}

function lastKey(id: string): string {
  return id.split('.').at(-1) ?? id;
}
