/**
 * What a diagram shows of a statechart. Arrows join neighbours, which is what layout programs draw
 * well. One that would cross the border of a state ends at a signpost inside it (`to stopped`), and
 * that state has an arrow that goes on from there (`from stopping`).
 *
 * What is done without going to another state is not drawn: such loops would hide the rest.
 */

import type { Statechart } from './statechart.js';
import { sharedWays, wayLines } from './statechart-ways.js';
import { stateName, triggerWords } from './statechart-words.js';

/** Stands for a state that no arrow can lead to from where it is drawn. */
export interface Signpost {
  readonly id: string;
  readonly label: string;
  /** The state that it is drawn inside of. */
  readonly parent: string;
}

/** Between states or signposts, by their ids. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** One line or several. */
  readonly label: string;
  /** The state that both ends are drawn inside of. */
  readonly parent: string;
}

export interface Drawing {
  readonly signposts: readonly Signpost[];
  readonly arrows: readonly Arrow[];
}

/** Lays down what is drawn, in the chart's order. */
export function drawingOf(chart: Statechart): Drawing {
  const plan = new Plan(chart);
  for (const way of sharedWays(chart.transitions)) {
    const [first] = way;
    const label = wayLines(way).join('\n') || triggerWords(first.trigger);
    for (const to of first.to) plan.join(first.from, to, label);
  }
  return plan.drawing();
}

class Plan {
  readonly #chart: Statechart;
  readonly #signposts = new Map<string, Signpost>();
  readonly #arrows: Arrow[] = [];
  /** Arrows that go on from signposts, and the states that these were put up for. */
  readonly #onward = new Map<string, { readonly arrow: Arrow; readonly origins: Set<string> }>();

  constructor(chart: Statechart) {
    this.#chart = chart;
  }

  drawing(): Drawing {
    const onward = [...this.#onward.values()].map(({ arrow, origins }) => {
      const label = `from ${[...origins].join('\nor ')}${arrow.label}`;
      return { ...arrow, label };
    });
    return { signposts: [...this.#signposts.values()], arrows: [...this.#arrows, ...onward] };
  }

  join(from: string, to: string, label: string): void {
    const [leaving, entering] = [this.#pathTo(from), this.#pathTo(to)];
    // The two ways down part at this depth: never, when `to` is `from` or inside it.
    const depth = leaving.findIndex((id, index) => id !== entering[index]);
    const around = depth === -1 ? entering.at(-2) : leaving[depth - 1];
    const inside = depth === -1 ? around : leaving.at(-2);
    // A region cannot be pointed at, nor the machine as a whole; the table has what is not drawn.
    if (inside === undefined || around === undefined || this.#isParallel(inside)) return;
    const [start, end] = depth === -1 ? [from, to] : [leaving[depth], entering[depth]];
    const isWayIn = depth === -1 && from !== to;
    const beyond = end === to ? '' : ` (to ${this.#nameOf(to)})`;
    if (isWayIn) {
      const isWhole = from === this.#chart.id;
      const where = isWhole ? 'in any state' : `anywhere in ${this.#nameOf(from)}`;
      this.#arrows.push({ from: this.#signpost(where, inside), to, label, parent: inside });
    } else if (start === from && end !== undefined && !this.#isParallel(around)) {
      this.#arrows.push({ from, to: end, label: `${label}${beyond}`, parent: around });
    } else {
      const signpost = this.#signpost(`to ${this.#nameOf(to)}`, inside);
      this.#arrows.push({ from, to: signpost, label, parent: inside });
      if (start === undefined || end === undefined || this.#isParallel(around)) return;
      this.#goOn({ from: start, to: end, label: beyond, parent: around }, this.#nameOf(from));
    }
  }

  /** An arrow that continues what ended at a signpost; those with the same ends are one. */
  #goOn(arrow: Arrow, origin: string): void {
    const key = JSON.stringify(arrow);
    const onward = this.#onward.get(key) ?? { arrow, origins: new Set() };
    this.#onward.set(key, onward);
    onward.origins.add(origin);
  }

  /** The id of the signpost with this text; one is put up where there is none. */
  #signpost(label: string, parent: string): string {
    const id = `${parent} ${label}`;
    this.#signposts.set(id, { id, label, parent });
    return id;
  }

  /** From the machine down to the state. */
  #pathTo(id: string): string[] {
    const parent = this.#stateOf(id)?.parent ?? null;
    return parent === null ? [id] : [...this.#pathTo(parent), id];
  }

  #isParallel(id: string): boolean {
    return this.#stateOf(id)?.type === 'parallel';
  }

  #nameOf(id: string): string {
    return stateName(this.#chart, id);
  }

  #stateOf(id: string) {
    return this.#chart.states.find((state) => state.id === id);
  }
}
