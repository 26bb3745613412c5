/** Contexts that cannot be changed behind the back of a machine. */

import { expect } from 'chai';
import type { InspectionEvent } from 'xstate';

/** Freezes a value and all that it holds. A typed array cannot be frozen: it goes to `sets`. */
export function freezeDeeply(value: unknown, sets: Map<Uint32Array, Uint32Array>): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  if (value instanceof Uint32Array) {
    if (!sets.has(value)) sets.set(value, value.slice());
    return;
  }
  if (value instanceof Map) {
    const refuse = { value: refuseChange, enumerable: false };
    Object.defineProperties(value, { set: refuse, delete: refuse, clear: refuse });
    for (const entry of value) for (const part of entry) freezeDeeply(part, sets);
  }
  Object.freeze(value);
  for (const part of Object.values(value)) freezeDeeply(part, sets);
}

/** Throws when a set of CPUs is not what it was when it was met first. */
export function expectUnchanged(sets: ReadonlyMap<Uint32Array, Uint32Array>): void {
  for (const [set, before] of sets) expect(set, 'a set of CPUs changed').to.deep.equal(before);
}

/**
 * Freezes every context of the actors that are given the returned inspector; a hidden change
 * makes the actor fail, or the test when it is over.
 */
export function useFrozenContexts(): (event: InspectionEvent) => void {
  const sets = new Map<Uint32Array, Uint32Array>();
  afterEach(() => {
    expectUnchanged(sets);
    sets.clear();
  });
  return (event) => {
    if (event.type === '@xstate.snapshot' && 'context' in event.snapshot) {
      freezeDeeply(event.snapshot.context, sets);
    }
  };
}

function refuseChange(): never {
  throw new Error('a map that is shared was changed');
}
