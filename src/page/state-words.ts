/** What a person reads of an actor's state, time and owner. */

import { triggerOf } from '../inspect/statechart.js';
import { triggerWords } from '../inspect/statechart-words.js';
import type { StateValue } from '../protocol/inspect-line.js';

/**
 * Such as `serving`, `facts settled`, `durability ready`: the outermost first, and each region, or
 * state in a state, on its own.
 */
export function stateWords(value: StateValue): string[] {
  if (typeof value === 'string') return [value];
  return Object.entries(value).flatMap(([name, inner]) => {
    const words = stateWords(inner);
    return words.length === 1 ? [`${name} ${words[0]}`] : [name, ...words];
  });
}

/** The time of day where the reader is, to the millisecond: `12:00:01.123`. */
export function clockTime(atMs: number): string {
  const time = new Date(atMs);
  const clock = time.toTimeString().slice(0, '00:00:00'.length);
  return `${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** A message's type without what xstate puts around it: `readVitals done`, `after rescanInterval`. */
export function eventWords(type: string): string {
  const delay = /^xstate\.after\.([^.]+)\./.exec(type)?.[1];
  if (delay !== undefined) return /^\d+$/.test(delay) ? `after ${delay} ms` : `after ${delay}`;
  return triggerWords(triggerOf(type)).replace(/^xstate\./, '');
}
