/** The real machines of the coordinator's children, which fail when a test says so. */

import { assign } from 'xstate';
import { numaNodeMachine } from '../../actors/numa-node.js';
import { scannerMachine } from '../../actors/scanner.js';
import { storeMachine } from '../../actors/store.js';
import { applyToSlice } from '../../src/core/node-ownership.js';

/**
 * Faults to come, by actor id: `scanner` fails when it is asked for fresh facts, `store` when
 * something is to be saved, `node-0` when it is to carry out a plan.
 */
export class Brittle {
  readonly #faults = new Map<string, number>();

  /** Lets an actor fail the next time, or several times. */
  arm(actorId: string, times = 1): void {
    this.#faults.set(actorId, times);
  }

  /** Counts a fault off; whether there was one. */
  isDue(actorId: string): boolean {
    const left = this.#faults.get(actorId) ?? 0;
    this.#faults.set(actorId, left - 1);
    return left > 0;
  }

  #failIfDue(actorId: string): void {
    if (this.isDue(actorId)) throw new Error(`${actorId} is broken`);
  }

  readonly machines = {
    numaNode: numaNodeMachine.provide({
      actions: {
        apply: assign(({ context: { slice } }, { change }) => {
          this.#failIfDue(`node-${slice.nodeId}`);
          return { slice: applyToSlice(slice, change) };
        }),
      },
    }),
    scanner: scannerMachine.provide({
      actions: {
        noteWanted: assign((_, { wanted }) => {
          this.#failIfDue('scanner');
          return { wanted };
        }),
      },
    }),
    store: storeMachine.provide({
      actions: {
        gather: assign((_, { save }) => {
          this.#failIfDue('store');
          return { next: save };
        }),
      },
    }),
  };
}
