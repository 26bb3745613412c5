/**
 * The actor of durability: what is on disk, and what waits for it. One write is in flight at a
 * time; what changes meanwhile shares the next one. It writes through the actor `disk`, which the
 * daemon provides, and knows nothing of files.
 */

import { assign, sendParent, sendTo, setup } from 'xstate';
import { invariant } from '../src/core/invariant.js';
import { messageOf } from '../src/core/quoting.js';
import type { Snapshot } from '../src/core/snapshot.js';
import { type DiskEvent, type DiskReport, diskLogic } from './disk.js';

/** Why nothing can be stored. */
export interface StoreProblem {
  readonly reason: string;
  /** When it was met; milliseconds since the epoch. */
  readonly atMs: number;
}

/** A problem as clients are told of it, in a refusal and in the status. */
export function describeProblem({ reason, atMs }: StoreProblem) {
  return { since: new Date(atMs).toISOString(), reason };
}

/** A snapshot that somebody waits for. */
export interface Save {
  /** Grows with every change; a later save contains all earlier ones. */
  readonly revision: number;
  readonly snapshot: Snapshot;
}

export type StoreEvent = { readonly type: 'SAVE'; readonly save: Save } | DiskReport;

/** What the coordinator hears. */
export type StoreReport =
  | {
      readonly type: 'STORED';
      readonly revision: number;
      readonly snapshot: Snapshot;
      readonly generation: number;
    }
  | { readonly type: 'STORE_FAILED'; readonly problem: StoreProblem };

export interface StoreInput {
  /** Of what is on disk. */
  readonly generation: number;
  /** What is on disk. */
  readonly acknowledged: Snapshot;
  /** The time in milliseconds since the epoch; actors have no clock of their own. */
  readonly now: () => number;
}

/** As in the input, of the newest write that succeeded; and what is under way. */
export interface StoreContext extends StoreInput {
  /** Being written, or to be written next after a failure. */
  readonly current: Save | null;
  /** Of {@link StoreInput.acknowledged}, once something was written. */
  readonly storedRevision: number;
  /** Gathers while a write is in flight. */
  readonly next: Save | null;
  readonly failureCount: number;
}

/**
 * A durable write takes milliseconds, on a busy disk a second or two. One that takes longer is
 * given up, so that nobody waits for ever; what it may still put on disk, the next one replaces.
 */
const WRITE_TIMEOUT_MS = 10_000;
const HANG = `the disk did not answer within ${WRITE_TIMEOUT_MS / 1_000} s`;
/** First pause after a failed write; doubles with each failure up to {@link RETRY_MAX_MS}. */
const RETRY_MIN_MS = 250;
/** An operator who made room on the disk does not wait longer than this. */
const RETRY_MAX_MS = 10_000;

/** Keeps what is to be saved until the disk is free. */
const GATHER = {
  type: 'gather',
  params: ({ event }: { readonly event: { readonly save: Save } }) => ({ save: event.save }),
} as const;

export const storeMachine = setup({
  types: {
    context: {} as StoreContext,
    events: {} as StoreEvent,
    input: {} as StoreInput,
  },
  actors: {
    disk: diskLogic(() => Promise.reject(new Error('no disk was provided'))),
  },
  guards: {
    hasMoreWaiting: ({ context }) => context.next !== null,
    hasSomethingToWrite: ({ context }) => (context.next ?? context.current) !== null,
  },
  delays: {
    writeTimeout: WRITE_TIMEOUT_MS,
    retryDelay: ({ context }) =>
      Math.min(RETRY_MIN_MS * 2 ** (context.failureCount - 1), RETRY_MAX_MS),
  },
  actions: {
    gather: assign({ next: (_, params: { save: Save }) => params.save }),
    takeNext: assign({
      current: ({ context }) => context.next ?? context.current,
      next: null,
    }),
    noteSuccess: assign(({ context }, { generation }: { generation: number }) => {
      invariant(context.current !== null, 'a write ended that nobody asked for');
      const { revision, snapshot } = context.current;
      const next = { acknowledged: snapshot, storedRevision: revision, generation };
      return { ...next, current: null, failureCount: 0 };
    }),
    noteFailure: assign({ failureCount: ({ context }) => context.failureCount + 1 }),
    startWrite: sendTo('disk', ({ context }): DiskEvent => {
      invariant(context.current !== null, 'there is nothing to write');
      const { acknowledged, current } = context;
      return { type: 'WRITE', write: { next: current.snapshot, acknowledged } };
    }),
    giveUpWrite: sendTo('disk', { type: 'GIVE_UP' }),
    reportStored: sendParent(({ context }): StoreReport => {
      const { acknowledged, storedRevision, generation } = context;
      return { type: 'STORED', revision: storedRevision, snapshot: acknowledged, generation };
    }),
    reportFailed: sendParent(
      ({ context }, { reason }: { reason: string }): StoreReport => ({
        type: 'STORE_FAILED',
        problem: { reason, atMs: context.now() },
      }),
    ),
  },
}).createMachine({
  id: 'store',
  context: ({ input }) => ({
    ...input,
    storedRevision: 0,
    current: null,
    next: null,
    failureCount: 0,
  }),
  invoke: { id: 'disk', src: 'disk' },
  initial: 'clean',
  on: {
    SAVE: { actions: GATHER },
  },
  states: {
    clean: {
      on: {
        SAVE: {
          target: 'writing',
          actions: [GATHER, 'takeNext', 'startWrite'],
        },
      },
    },
    writing: {
      on: {
        WRITTEN: [
          {
            guard: 'hasMoreWaiting',
            target: 'writing',
            reenter: true,
            actions: [
              { type: 'noteSuccess', params: ({ event }) => event },
              'takeNext',
              'startWrite',
              // Last: the disk has its next write before replies are sent.
              'reportStored',
            ],
          },
          {
            target: 'clean',
            actions: [{ type: 'noteSuccess', params: ({ event }) => event }, 'reportStored'],
          },
        ],
        WRITE_FAILED: {
          target: 'failed',
          actions: [
            'noteFailure',
            { type: 'reportFailed', params: ({ event }) => ({ reason: messageOf(event.error) }) },
          ],
        },
      },
      after: {
        writeTimeout: {
          target: 'failed',
          actions: [
            'giveUpWrite',
            'noteFailure',
            { type: 'reportFailed', params: { reason: HANG } },
          ],
        },
      },
      initial: 'alone',
      states: {
        alone: {
          on: {
            SAVE: {
              target: 'withMoreWaiting',
              actions: GATHER,
            },
          },
        },
        withMoreWaiting: {},
      },
    },
    failed: {
      after: {
        retryDelay: {
          guard: 'hasSomethingToWrite',
          target: 'writing',
          actions: ['takeNext', 'startWrite'],
        },
      },
    },
  },
});
