/** All that a statechart says, state by state, as a markdown table. */

import type { ChartState, ChartTransition, Statechart } from './statechart.js';
import { actionWords, guardWords, stateName, triggerWords } from './statechart-words.js';

/** The table, without a newline at its end. */
export function tableOf(chart: Statechart): string {
  const rows = chart.states.flatMap((state) => rowsOf(state, chart));
  return ['| in | when | if | it does | and goes to |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

function rowsOf(state: ChartState, chart: Statechart): string[] {
  const nameOf = (id: string) => stateName(chart, id);
  const place = state.parent === null ? 'any state' : nameOf(state.id);
  const row = (when: string, guard: string, does: string, goal = '') =>
    `| ${[place, when, guard, does, goal].map(cell).join(' | ')} |`;
  const onEntry = state.parent === null ? 'it starts' : 'entering it';
  const rows: string[] = [];
  if (state.entry.length > 0) rows.push(row(onEntry, '', actionWords(state.entry)));
  for (const { name } of state.invokes) rows.push(row('as long as it lasts', '', `runs ${name}`));
  if (state.initialActions.length > 0 && state.initial !== null) {
    rows.push(row(onEntry, '', actionWords(state.initialActions), nameOf(state.initial)));
  }
  for (const transition of chart.transitions.filter(({ from }) => from === state.id)) {
    const { trigger, guard, actions } = transition;
    const goal = goalOf(transition, nameOf);
    const does = actionWords(actions) || (goal === '' ? 'nothing' : '');
    rows.push(row(triggerWords(trigger), guard === null ? '' : guardWords(guard), does, goal));
  }
  if (state.exit.length > 0) rows.push(row('leaving it', '', actionWords(state.exit)));
  if (state.type === 'final' && state.parent !== null) {
    rows.push(row(onEntry, '', `${nameOf(state.parent)} is done`));
  }
  return rows;
}

function goalOf(
  { from, to, isReentering }: ChartTransition,
  nameOf: (id: string) => string,
): string {
  if (isReentering && to.length === 1 && to[0] === from) return `${nameOf(from)}, anew`;
  return to.map(nameOf).join(', ');
}

/** Markdown reads more into some punctuation than is meant. */
function cell(text: string): string {
  return text.replace(/[\\|*`<>[\]]|\b_|_\b/g, '\\$&');
}
