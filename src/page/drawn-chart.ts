/** A statechart as the page draws it: laid out when the page is built, and told where not drawn. */

import type { StateValue, TakenTransition } from '../protocol/inspect-line.js';

/** Between the lines of a text, in pixels. */
export const LINE_HEIGHT = 14;

/** All that the page knows of a state machine. */
export interface DrawnChart {
  /** Of the machine, which the ids of its states begin with. */
  readonly id: string;
  readonly layout: ChartLayout;
  /** What is done without leaving a state, or in any state. */
  readonly told: readonly ToldState[];
  /** All transitions; what is drawn and told names them by their places. */
  readonly transitions: readonly TakenTransition[];
}

/** All lengths in pixels, from the drawing's upper left corner. */
export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  /** Those around others first. The machine itself is not among them. */
  readonly states: readonly PlacedState[];
  /** Where each compound state begins. */
  readonly beginnings: readonly PlacedDot[];
  readonly arrows: readonly PlacedArrow[];
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedState extends Box {
  readonly id: string;
  readonly name: string;
  readonly shape: 'atomic' | 'compound' | 'region' | 'final';
  /** What is done in it, a line each. */
  readonly lines: readonly string[];
}

export interface PlacedDot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** To the state that is entered first. */
  readonly points: readonly Point[];
}

export type Point = readonly [x: number, y: number];

/** Transitions that differ only in what is heard share one arrow. */
export interface PlacedArrow {
  /** Their places in the chart's list. */
  readonly transitions: readonly number[];
  readonly points: readonly Point[];
  readonly label: (Box & { readonly lines: readonly string[] }) | null;
}

/** What is told of a state, rather than drawn. */
export interface ToldState {
  readonly state: string;
  readonly told: readonly {
    /** Its place in the chart's list. */
    readonly index: number;
    /** Such as `on DECIDE / decide`. */
    readonly words: string;
  }[];
}

/** The ids of the states that an actor is in, the outermost first. */
export function activeStates(chart: DrawnChart, value: StateValue | undefined): Set<string> {
  const ids = new Set<string>();
  const walk = (prefix: string, inner: StateValue): void => {
    if (typeof inner === 'string') ids.add(`${prefix}.${inner}`);
    else {
      for (const [name, deeper] of Object.entries(inner)) {
        ids.add(`${prefix}.${name}`);
        walk(`${prefix}.${name}`, deeper);
      }
    }
  };
  if (value !== undefined) walk(chart.id, value);
  return ids;
}

/** The places of transitions that were taken; of one that this chart does not have, none. */
export function placesOf(chart: DrawnChart, taken: readonly TakenTransition[]): Set<number> {
  const keyOf = ({ from, to, event, guard }: TakenTransition) =>
    JSON.stringify([from, to, event, guard]);
  const keys = new Set(taken.map(keyOf));
  const places = new Set<number>();
  chart.transitions.forEach((transition, place) => {
    if (keys.has(keyOf(transition))) places.add(place);
  });
  return places;
}
