/**
 * How services are told apart in the machine: a colour, and a mark of letters for those who do not
 * see it. Both hang on nothing but the services' names, so that going back in time changes neither.
 */

import { compareNames } from '../core/names.js';

/** How one service is shown. */
export interface OwnerLook {
  readonly name: string;
  /** One to three characters; no other service that is there has the same. */
  readonly mark: string;
  /** The number of a colour, from 0 on. */
  readonly colour: number;
}

/** Colours that can be told apart; with more services, some share one. */
export const COLOUR_COUNT = 12;

/** The longest mark that fits a CPU. */
const MARK_MAX = 3;

/**
 * The looks of all services, by name.
 *
 * @param names of all services that have been there, in any order
 */
export function ownerLooks(names: Iterable<string>): ReadonlyMap<string, OwnerLook> {
  const sorted = [...new Set(names)].sort(compareNames);
  const marks = new Set<string>();
  const colours = new Set<number>();
  const looks = new Map<string, OwnerLook>();
  for (const name of sorted) {
    const mark = freeMark(name, marks);
    const colour = freeColour(name, colours);
    marks.add(mark);
    colours.add(colour);
    if (colours.size === COLOUR_COUNT) colours.clear();
    looks.set(name, { name, mark, colour });
  }
  return looks;
}

/** Letters of the name if they can be had; else a letter and a number. */
function freeMark(name: string, taken: ReadonlySet<string>): string {
  const letters = [...name.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase()];
  const initial = letters[0] ?? '?';
  const candidates = [
    initial,
    ...letters.slice(1).map((letter) => `${initial}${letter}`),
    ...letters.slice(1, -1).map((letter, index) => `${initial}${letter}${letters[index + 2]}`),
  ];
  const free = candidates.find((mark) => !taken.has(mark));
  if (free !== undefined) return free;
  // Letters and digits in base 36, as long as a mark may be, are enough for any host.
  for (let number = 0; ; number++) {
    const mark = number.toString(36).toUpperCase().padStart(MARK_MAX, '0');
    if (!taken.has(mark)) return mark;
  }
}

/** The colour that the name leads to, or the next that is free. */
function freeColour(name: string, taken: ReadonlySet<number>): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  for (let step = 0; ; step++) {
    const colour = (hash + step * 5) % COLOUR_COUNT;
    if (!taken.has(colour)) return colour;
  }
}
