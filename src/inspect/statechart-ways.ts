/** Transitions that lead the same way, as a diagram draws them: one arrow, one label. */

import type { ChartTransition } from './statechart.js';
import { guardWords, triggerWords } from './statechart-words.js';

/** Transitions that differ only in what is heard and done. */
export type Way = readonly [ChartTransition, ...ChartTransition[]];

/** All that share an arrow, in the order of the first of each. */
export function sharedWays(transitions: readonly ChartTransition[]): Way[] {
  const ways = new Map<string, [ChartTransition, ...ChartTransition[]]>();
  for (const transition of transitions) {
    const { from, to, guard, trigger } = transition;
    const key = JSON.stringify([from, to, guard, trigger.kind === 'always']);
    const way = ways.get(key);
    if (way === undefined) ways.set(key, [transition]);
    else way.push(transition);
  }
  return [...ways.values()];
}

/** The label, a line for each part: what is heard, one or the other, and the guard. May be empty. */
export function wayLines(way: Way): string[] {
  const { guard, trigger } = way[0];
  const triggers =
    trigger.kind === 'always' ? [] : new Set(way.map((one) => triggerWords(one.trigger)));
  const heard = [...triggers].map((words, index) => (index === 0 ? words : `or ${words}`));
  return guard === null ? heard : [...heard, `[${guardWords(guard)}]`];
}
