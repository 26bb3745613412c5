/** Writes a statechart as a mermaid `stateDiagram-v2`, which repository pages render. */

import type { ChartState, Statechart } from './statechart.js';
import { drawingOf } from './statechart-drawing.js';

/** The text of the diagram, without a newline at its end. */
export function mermaidOf(chart: Statechart): string {
  const { signposts, arrows } = drawingOf(chart);
  const ids = mermaidIds([...chart.states, ...signposts]);
  const idOf = (id: string) => ids.get(id) ?? id;

  // What is inside is declared before any arrow: mermaid puts a state where it meets it first.
  function inside(state: ChartState): string[] {
    const children = chart.states.filter(({ parent }) => parent === state.id);
    const posts = signposts.filter(({ parent }) => parent === state.id);
    const begin = state.type === 'compound' ? state.initial : null;
    return [
      ...children.flatMap((child, index) =>
        index > 0 && state.type === 'parallel' ? ['--', ...block(child)] : block(child),
      ),
      ...posts.map(({ id, label }) => `state "${quoted(label)}" as ${idOf(id)}`),
      ...(begin === null ? [] : [`[*] --> ${idOf(begin)}`]),
      ...arrows
        .filter(({ parent }) => parent === state.id)
        .map(({ from, to, label }) => `${idOf(from)} --> ${idOf(to)} : ${quoted(label)}`),
      ...children.filter(({ type }) => type === 'final').map(({ id }) => `${idOf(id)} --> [*]`),
    ];
  }

  function block(state: ChartState): string[] {
    const head = `state "${quoted(titleOf(state))}" as ${idOf(state.id)}`;
    const lines = inside(state);
    return lines.length === 0 ? [head] : [`${head} {`, ...lines.map(indented), '}'];
  }

  const [machine] = chart.states;
  const body =
    machine === undefined ? [] : machine.type === 'parallel' ? block(machine) : inside(machine);
  const look = signposts.length === 0 ? [] : ['classDef signpost stroke-dasharray: 4 4'];
  const looks = signposts.map(({ id }) => `class ${idOf(id)} signpost`);
  return ['stateDiagram-v2', ...[...body, ...look, ...looks].map(indented)].join('\n');
}

function titleOf({ key, history }: ChartState): string {
  if (history === null) return key;
  return history === 'deep' ? `${key} (deep history)` : `${key} (history)`;
}

/** Mermaid reads more into most punctuation than is meant: syntax of its own, HTML, markdown. */
function quoted(text: string): string {
  const lines = text
    .split('\n')
    .map((line) =>
      line.replace(/[^\w ,()[\]]|\b_|_\b/gu, (character) => `#${character.codePointAt(0)};`),
    );
  return lines.join('<br/>');
}

/** What is called what in the diagram: letters, digits and `_` only, and no two alike. */
function mermaidIds(things: readonly { readonly id: string }[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  for (const { id } of things) {
    const plain = id.replace(/[^a-zA-Z0-9]+/g, '_');
    let unique = plain;
    for (let count = 2; taken.has(unique); count++) unique = `${plain}_${count}`;
    taken.add(unique);
    ids.set(id, unique);
  }
  return ids;
}

function indented(line: string): string {
  return `  ${line}`;
}
