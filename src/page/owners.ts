/**
 * How services are told apart in the machine: a colour, and a mark of letters for those who do not
 * see it. Going back in time changes neither, nor does another service that comes.
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

/** From a colour that is taken to the next to try: to all of them, and not to a similar one. */
const STEP = 5;

/** The longest mark that fits a CPU. */
const MARK_MAX = 3;

/** The looks of services; each is given its own when it is first seen, and keeps it. */
export class OwnerLooks {
  readonly #looks = new Map<string, OwnerLook>();
  readonly #marks = new Set<string>();
  readonly #freeColours = new Set<number>();

  /** All that were given out, by name. */
  get all(): OwnerLook[] {
    return [...this.#looks.values()].sort((a, b) => compareNames(a.name, b.name));
  }

  of(name: string): OwnerLook {
    const known = this.#looks.get(name);
    if (known !== undefined) return known;
    const look = { name, mark: freeMark(name, this.#marks), colour: this.#takeColour(name) };
    this.#marks.add(look.mark);
    this.#looks.set(name, look);
    return look;
  }

  /** The colour that the name leads to, or the next that fewer services have. */
  #takeColour(name: string): number {
    if (this.#freeColours.size === 0) {
      for (let colour = 0; colour < COLOUR_COUNT; colour++) this.#freeColours.add(colour);
    }
    let hash = 0;
    for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
    let colour = hash % COLOUR_COUNT;
    while (!this.#freeColours.delete(colour)) colour = (colour + STEP) % COLOUR_COUNT;
    return colour;
  }
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
