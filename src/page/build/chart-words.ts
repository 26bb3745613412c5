/**
 * What a drawing says in words: of an arrow, what is heard and under which condition; of a state,
 * what is done in it; and of what happens without leaving a state, all of it.
 */

import type { ChartState, ChartTransition, Statechart } from '../../inspect/statechart.js';
import { sharedWays, wayLines } from '../../inspect/statechart-ways.js';
import {
  actionWords,
  guardWords,
  stateName,
  triggerWords,
} from '../../inspect/statechart-words.js';
import type { ToldState } from '../drawn-chart.js';

/** An arrow from one state to another. */
export interface DrawnWay {
  readonly from: string;
  readonly to: string;
  /** Its label, a line for each part. */
  readonly lines: readonly string[];
  /** The places in the chart's list of the transitions that it stands for. */
  readonly transitions: readonly number[];
}

/** All that can be drawn: the machine as a whole is no box that an arrow may begin or end at. */
export function drawnWays(chart: Statechart): DrawnWay[] {
  const places = new Map(chart.transitions.map((transition, place) => [transition, place]));
  return sharedWays(chart.transitions).flatMap((way) => {
    const [{ from, to: goals }] = way;
    const lines = wayLines(way);
    const transitions = way.map((transition) => places.get(transition) ?? -1);
    return goals
      .filter((to) => from !== chart.id && to !== chart.id)
      .map((to) => ({ from, to, lines, transitions }));
  });
}

/** What is done in a state, besides going elsewhere; a line for each. */
export function lineOfState({ entry, exit, invokes }: ChartState): string[] {
  return [
    ...(entry.length === 0 ? [] : [`entry / ${actionWords(entry)}`]),
    ...invokes.map(({ name }) => `runs ${name}`),
    ...(exit.length === 0 ? [] : [`exit / ${actionWords(exit)}`]),
  ];
}

/** All that is not drawn, state by state. */
export function toldBeside(chart: Statechart): ToldState[] {
  return chart.states.flatMap((state) => {
    const told = chart.transitions.flatMap((transition, index) => {
      if (transition.from !== state.id || isShown(transition, chart)) return [];
      return [{ index, words: wordsOf(transition, chart) }];
    });
    if (told.length === 0) return [];
    return [{ state: state.parent === null ? 'any state' : stateName(chart, state.id), told }];
  });
}

function isShown({ from, to }: ChartTransition, chart: Statechart): boolean {
  return to.length > 0 && from !== chart.id && !to.includes(chart.id);
}

function wordsOf(transition: ChartTransition, chart: Statechart): string {
  const { trigger, guard, actions, to } = transition;
  const when = trigger.kind === 'always' ? 'at once' : `on ${triggerWords(trigger)}`;
  const condition = guard === null ? '' : ` [${guardWords(guard)}]`;
  const goal = to.length === 0 ? '' : ` → ${to.map((id) => stateName(chart, id)).join(', ')}`;
  const does = actions.length === 0 ? '' : ` / ${actionWords(actions)}`;
  return `${when}${condition}${goal}${does}`;
}
