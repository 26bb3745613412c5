/**
 * What a drawing says in words: of an arrow, what is heard and under which condition; of a state,
 * what is done in it; and of what happens without leaving a state, all of it.
 */

import type {
  ChartAction,
  ChartState,
  ChartTransition,
  Statechart,
} from '../../inspect/statechart.js';
import { guardWords, stateName, triggerWords } from '../../inspect/statechart-words.js';
import type { ToldState } from '../drawn-chart.js';

/** From one state to another, by transitions that differ only in what is heard and done. */
export interface Way {
  readonly from: string;
  readonly to: string;
  /** The condition that all of them have; `''` = none. */
  readonly guard: string;
  /** What is heard, one or the other; empty when nothing needs to be. */
  readonly triggers: readonly string[];
  /** Their places in the chart's list. */
  readonly transitions: readonly number[];
}

/** All that lead somewhere, in the chart's order. */
export function waysOf(chart: Statechart): Way[] {
  const ways = new Map<string, Way>();
  chart.transitions.forEach((transition, index) => {
    const { trigger } = transition;
    const guard = guardOf(transition);
    for (const to of transition.to) {
      const key = JSON.stringify([transition.from, to, guard, trigger.kind === 'always']);
      const known = ways.get(key);
      const words = trigger.kind === 'always' ? [] : [triggerWords(trigger)];
      ways.set(key, {
        from: transition.from,
        to,
        guard,
        triggers: [...new Set([...(known?.triggers ?? []), ...words])],
        transitions: [...(known?.transitions ?? []), index],
      });
    }
  });
  return [...ways.values()];
}

/** Whether a way can be drawn: the machine as a whole is no box that arrows may begin or end at. */
export function isDrawn({ from, to }: Way, chart: Statechart): boolean {
  return from !== chart.id && to !== chart.id;
}

/** The label of an arrow, a line for each part. */
export function lineOfWay({ triggers, guard }: Way): string[] {
  const heard = triggers.map((trigger, index) => (index === 0 ? trigger : `or ${trigger}`));
  return guard === '' ? heard : [...heard, `[${guard}]`];
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
  const { trigger, actions, to } = transition;
  const guard = guardOf(transition);
  const when = trigger.kind === 'always' ? 'at once' : `on ${triggerWords(trigger)}`;
  const condition = guard === '' ? '' : ` [${guard}]`;
  const goal = to.length === 0 ? '' : ` → ${to.map((id) => stateName(chart, id)).join(', ')}`;
  const does = actions.length === 0 ? '' : ` / ${actionWords(actions)}`;
  return `${when}${condition}${goal}${does}`;
}

function guardOf({ guard }: ChartTransition): string {
  return guard === null ? '' : guardWords(guard);
}

function actionWords(actions: readonly ChartAction[]): string {
  return actions.map(({ name, isInline }) => (isInline ? `(${name})` : name)).join(', ');
}
