/**
 * The actor of one NUMA node (or of the CPUs that sit in none): owns the node's CPUs and who
 * claims them, its hugepage counters and its records. It refuses whatever would give a CPU two
 * owners or a claim a CPU that is not the node's.
 */

import { assign, not, setup } from 'xstate';
import { countCpus, isEmpty } from '../src/core/cpu-set.js';
import { NO_NODE } from '../src/core/homes.js';
import {
  applyToSlice,
  claimedCpusOf,
  faultOf,
  faultOfChange,
  holdsNothing,
} from '../src/core/node-ownership.js';
import { freePages } from '../src/core/pages.js';
import type { NodeChange, NodeSlice } from '../src/core/slices.js';

/** What a node actor hears from the coordinator. */
export type NumaNodeEvent =
  /** A plan changes what is claimed or recorded here. Ask `snapshot.can(event)` first. */
  | { readonly type: 'APPLY'; readonly change: NodeChange }
  /** The machine changed, or a plan was undone: this is what the node owns now. */
  | { readonly type: 'SYNC'; readonly slice: NodeSlice };

/** The id of a node's actor, for people too: `node-0`, `node-none`. */
export function nodeActorId(nodeId: number): string {
  return nodeId === NO_NODE ? 'node-none' : `node-${nodeId}`;
}

export const numaNodeMachine = setup({
  types: {
    context: {} as { readonly slice: NodeSlice },
    events: {} as NumaNodeEvent,
    input: {} as NodeSlice,
  },
  guards: {
    keepsInvariants: ({ context }, params: { change: NodeChange }) =>
      faultOfChange(context.slice, params.change) === null,
    isSound: (_, params: { slice: NodeSlice }) => faultOf(params.slice) === null,
    isPresent: ({ context }) => context.slice.isPresent,
    holdsNothing: ({ context }) => holdsNothing(context.slice),
    hasNoCpu: ({ context }) => isEmpty(context.slice.cpus),
    isIdle: ({ context }) => context.slice.claims.size === 0,
    isFullyClaimed: ({ context }) =>
      countCpus(claimedCpusOf(context.slice.claims)) === countCpus(context.slice.cpus),
    hasNoPages: ({ context }) => context.slice.pages.every((size) => size.total === 0),
    hasFreePages: ({ context }) =>
      context.slice.pages.some((size) => freePages(size, context.slice.records) > 0),
  },
  actions: {
    apply: assign({
      slice: ({ context }, params: { change: NodeChange }) =>
        applyToSlice(context.slice, params.change),
    }),
    replace: assign({ slice: (_, params: { slice: NodeSlice }) => params.slice }),
  },
}).createMachine({
  id: 'numa-node',
  context: ({ input }) => ({ slice: input }),
  initial: 'owning',
  states: {
    owning: {
      type: 'parallel',
      on: {
        APPLY: {
          guard: { type: 'keepsInvariants', params: ({ event }) => ({ change: event.change }) },
          actions: { type: 'apply', params: ({ event }) => ({ change: event.change }) },
        },
        SYNC: {
          guard: { type: 'isSound', params: ({ event }) => ({ slice: event.slice }) },
          actions: { type: 'replace', params: ({ event }) => ({ slice: event.slice }) },
        },
      },
      states: {
        presence: {
          initial: 'present',
          states: {
            present: { always: { guard: not('isPresent'), target: 'gone' } },
            // A node that vanished stays while something is recorded on it.
            gone: {
              always: [
                { guard: 'isPresent', target: 'present' },
                { guard: 'holdsNothing', target: '#numa-node.removed' },
              ],
            },
          },
        },
        cpus: {
          initial: 'idle',
          states: {
            none: { always: { guard: not('hasNoCpu'), target: 'idle' } },
            idle: {
              always: [
                { guard: 'hasNoCpu', target: 'none' },
                { guard: not('isIdle'), target: 'partly' },
              ],
            },
            partly: {
              always: [
                { guard: 'isIdle', target: 'idle' },
                { guard: 'isFullyClaimed', target: 'fully' },
              ],
            },
            fully: {
              always: [
                { guard: 'isIdle', target: 'idle' },
                { guard: not('isFullyClaimed'), target: 'partly' },
              ],
            },
          },
        },
        pages: {
          initial: 'none',
          states: {
            none: { always: { guard: not('hasNoPages'), target: 'available' } },
            available: {
              always: [
                { guard: 'hasNoPages', target: 'none' },
                { guard: not('hasFreePages'), target: 'exhausted' },
              ],
            },
            exhausted: {
              always: [
                { guard: 'hasNoPages', target: 'none' },
                { guard: 'hasFreePages', target: 'available' },
              ],
            },
          },
        },
      },
    },
    removed: { type: 'final' },
  },
});
