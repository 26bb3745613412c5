/** What people are told of a transition: its states, what makes it happen, on which condition. */

import type { ChartAction, ChartGuard, ChartTrigger, Statechart } from './statechart.js';

/** As short as tells the state from the others: `ready`, or `cpus.none` beside `pages.none`. */
export function stateName(chart: Statechart, id: string): string {
  const state = chart.states.find((other) => other.id === id);
  if (state === undefined || state.parent === null) return chart.id;
  const isUnique = chart.states.every(({ id: other, key }) => other === id || key !== state.key);
  return isUnique ? state.key : `${stateName(chart, state.parent)}.${state.key}`;
}

/** Such as `FRESH`, `after backoff`, `write failed`, `any actor done`, `at once`. */
export function triggerWords(trigger: ChartTrigger): string {
  switch (trigger.kind) {
    case 'event':
      return eventWords(trigger.type);
    case 'always':
      return 'at once';
    case 'after':
      return afterWords(trigger.delay, trigger.ms);
    case 'actorDone':
      return `${actorWords(trigger.actor)} done`;
    case 'actorFailed':
      return `${actorWords(trigger.actor)} failed`;
    case 'actorSnapshot':
      return `${actorWords(trigger.actor)} changed`;
    case 'stateDone':
      return `${trigger.state.split('.').at(-1)} done`;
  }
}

/** Such as `holdsNothing`, `not isIdle`, `not (isIdle or hasNoCpu)`. */
export function guardWords(guard: ChartGuard): string {
  switch (guard.kind) {
    case 'named':
      return guard.name;
    case 'inline':
      return 'a condition';
    case 'not':
      return `not ${guard.of.map(partWords).join(', ')}`;
    case 'and':
    case 'or':
      return guard.of.map(partWords).join(` ${guard.kind} `);
  }
}

/** What is done, in order. Inline actions have no name; of those, there is at least the kind. */
export function actionWords(actions: readonly ChartAction[]): string {
  return actions.map(({ name, isInline }) => (isInline ? `(${name})` : name)).join(', ');
}

function partWords(guard: ChartGuard): string {
  const isOne = guard.kind === 'named' || guard.kind === 'inline' || guard.kind === 'not';
  return isOne ? guardWords(guard) : `(${guardWords(guard)})`;
}

function eventWords(type: string): string {
  if (type === '*') return 'any event';
  return type.endsWith('.*') ? `any ${type.slice(0, -'.*'.length)} event` : type;
}

function actorWords(actor: string): string {
  return actor === '*' ? 'any actor' : actor;
}

function afterWords(delay: string, ms: number | null): string {
  if (ms === null) return `after ${delay}`;
  const duration = ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
  return delay === String(ms) ? `after ${duration}` : `after ${delay} (${duration})`;
}
