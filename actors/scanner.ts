/**
 * The actor that reads the machine: all of it on a schedule, and the few facts that a request
 * needs fresh on demand. It reads through the actors `readMachine` and `readVitals`, which the
 * daemon provides (a worker pool), and knows nothing of files.
 */

import { assign, fromPromise, raise, sendParent, setup } from 'xstate';
import { isOutdated, unlessSame, withFreshPages } from '../src/core/freshen.js';
import { invariant } from '../src/core/invariant.js';
import type {
  DevicePlaces,
  MachineFacts,
  SysfsProblem,
  VitalSigns,
  Wanted,
} from '../src/core/machine.js';
import { messageOf } from '../src/core/quoting.js';
import { NO_DEVICES } from '../src/core/view.js';

/** What the scanner hears from the coordinator. */
export type ScannerEvent =
  /** Requests wait for facts read from now on; answered with one `FRESH`. */
  | { readonly type: 'FRESHEN'; readonly wanted: Wanted }
  /** The kernel announced something: look soon, and not only on the schedule. */
  | { readonly type: 'RESCAN' }
  /** The schedule changes. */
  | { readonly type: 'SET_INTERVAL'; readonly rescanIntervalMs: number };

type InternalEvent =
  | { readonly type: 'scan wanted' }
  | { readonly type: 'scanned' }
  | { readonly type: 'scan failed' };

/** What the coordinator hears. */
export type ScannerReport =
  /** A scheduled scan ended well. The same reference as before when nothing changed. */
  | { readonly type: 'FACTS'; readonly facts: MachineFacts }
  /** A scheduled scan failed or was given up; the old facts stay. */
  | { readonly type: 'SCAN_FAILED'; readonly problem: SysfsProblem }
  /** The answer to `FRESHEN`; with a problem, the facts are the last ones known, if any. */
  | {
      readonly type: 'FRESH';
      readonly facts: MachineFacts | null;
      /** Those that were wanted; none with a problem. */
      readonly devices: DevicePlaces;
      readonly problem: SysfsProblem | null;
    };

/** The outcome of reading the whole machine. */
export interface Scan {
  readonly facts: MachineFacts;
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number;
}

/** What a look found beside the facts. */
type Fresh = Pick<Extract<ScannerReport, { type: 'FRESH' }>, 'devices' | 'problem'>;

export interface ScannerInput {
  readonly sysfsRoot: string;
  readonly rescanIntervalMs: number;
  /** A number from 0 up to 1, another each time; actors have no chance of their own. */
  readonly random: () => number;
}

export interface ScannerContext extends ScannerInput {
  readonly facts: MachineFacts | null;
  readonly problem: SysfsProblem | null;
  /** When the machine was last read as a whole; milliseconds since the epoch. */
  readonly scannedAtMs: number | null;
  readonly failureCount: number;
  /** Something was announced after the last scan began. */
  readonly isHinted: boolean;
  readonly wanted: Wanted;
}

/** A scan of 8,192 CPUs takes about a second; ten times that is a hang. */
const SCAN_TIMEOUT_MS = 10_000;
/**
 * A quick look takes a millisecond, and with a scan of the largest machines some two seconds; a
 * client should not wait longer than this for a refusal.
 */
const LOOK_TIMEOUT_MS = 3_000;
/**
 * By up to this share a pause is shorter than the schedule says, so that the daemons of many guests
 * that were started together do not all look at one moment.
 */
const JITTER_SHARE = 0.1;
/** Files of a CPU or node that comes or goes change one after the other, for some 100 ms. */
const SETTLE_MS = 200;
/** First pause after a failed scan; doubles with each failure up to {@link BACKOFF_MAX_MS}. */
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 30_000;

export const scannerMachine = setup({
  types: {
    context: {} as ScannerContext,
    events: {} as ScannerEvent | InternalEvent,
    input: {} as ScannerInput,
  },
  actors: {
    readMachine: fromPromise<Scan>(() => Promise.reject(new Error('not provided'))),
    readVitals: fromPromise<VitalSigns, Wanted>(() => Promise.reject(new Error('not provided'))),
  },
  delays: {
    rescanInterval: ({ context }) =>
      context.rescanIntervalMs * (1 - JITTER_SHARE * context.random()),
    settle: SETTLE_MS,
    scanTimeout: SCAN_TIMEOUT_MS,
    lookTimeout: LOOK_TIMEOUT_MS,
    backoff: ({ context }) =>
      Math.min(BACKOFF_MIN_MS * 2 ** (context.failureCount - 1), BACKOFF_MAX_MS),
  },
  guards: {
    isHinted: ({ context }) => context.isHinted,
    // Facts of which the last scan failed are not trusted either, whatever a quick look says.
    mustScan: ({ context }, params: { vitals: VitalSigns }) =>
      context.problem !== null ||
      context.facts === null ||
      isOutdated(context.facts, params.vitals),
  },
  actions: {
    setInterval: assign({
      rescanIntervalMs: (_, params: { rescanIntervalMs: number }) => params.rescanIntervalMs,
    }),
    noteHint: assign({ isHinted: true }),
    forgetHint: assign({ isHinted: false }),
    noteWanted: assign({ wanted: (_, params: { wanted: Wanted }) => params.wanted }),
    noteScan: assign({
      facts: ({ context }, params: { scan: Scan }) => unlessSame(context.facts, params.scan.facts),
      scannedAtMs: (_, params: { scan: Scan }) => params.scan.takenAtMs,
      problem: null,
      failureCount: 0,
    }),
    noteVitals: assign({
      facts: ({ context }, params: { vitals: VitalSigns }) =>
        context.facts === null ? null : withFreshPages(context.facts, params.vitals),
    }),
    noteProblem: assign({
      problem: (_, params: { problem: SysfsProblem }) => params.problem,
      failureCount: ({ context }) => context.failureCount + 1,
    }),
    reportFacts: sendParent(({ context }): ScannerReport => {
      invariant(context.facts !== null, 'a scan ended without facts');
      return { type: 'FACTS', facts: context.facts };
    }),
    reportProblem: sendParent(({ context }): ScannerReport => {
      invariant(context.problem !== null, 'a scan failed without a problem');
      return { type: 'SCAN_FAILED', problem: context.problem };
    }),
    reportFresh: sendParent(
      ({ context }, params: Fresh): ScannerReport => ({
        type: 'FRESH',
        facts: context.facts,
        ...params,
      }),
    ),
    reportTrouble: sendParent(
      ({ context }): ScannerReport => ({
        type: 'FRESH',
        facts: context.facts,
        devices: NO_DEVICES,
        problem: context.problem ?? hang(context),
      }),
    ),
    askForScan: raise({ type: 'scan wanted' }),
    tellScanned: raise({ type: 'scanned' }),
    tellScanFailed: raise({ type: 'scan failed' }),
  },
}).createMachine({
  id: 'scanner',
  context: ({ input }) => ({
    ...input,
    facts: null,
    problem: null,
    scannedAtMs: null,
    failureCount: 0,
    isHinted: false,
    wanted: { pagesOf: 'none', devices: [] },
  }),
  type: 'parallel',
  on: {
    RESCAN: { actions: 'noteHint' },
    SET_INTERVAL: {
      actions: {
        type: 'setInterval',
        params: ({ event }) => ({ rescanIntervalMs: event.rescanIntervalMs }),
      },
    },
  },
  states: {
    schedule: {
      initial: 'scanning',
      states: {
        idle: {
          always: { guard: 'isHinted', target: 'settling' },
          after: { rescanInterval: 'scanning' },
          on: {
            'scan wanted': 'scanning',
            // A pause that was long is not waited out.
            SET_INTERVAL: {
              target: 'idle',
              reenter: true,
              actions: {
                type: 'setInterval',
                params: ({ event }) => ({ rescanIntervalMs: event.rescanIntervalMs }),
              },
            },
          },
        },
        settling: { after: { settle: 'scanning' }, on: { 'scan wanted': 'scanning' } },
        scanning: {
          entry: 'forgetHint',
          invoke: {
            id: 'readMachine',
            src: 'readMachine',
            onDone: {
              target: 'idle',
              actions: [
                { type: 'noteScan', params: ({ event }) => ({ scan: event.output }) },
                'reportFacts',
                'tellScanned',
              ],
            },
            onError: {
              target: 'failing',
              actions: [
                {
                  type: 'noteProblem',
                  params: ({ context, event }) => ({ problem: problemOf(event.error, context) }),
                },
                'reportProblem',
                'tellScanFailed',
              ],
            },
          },
          after: {
            scanTimeout: {
              target: 'overdue',
              actions: [
                { type: 'noteProblem', params: ({ context }) => ({ problem: hang(context) }) },
                'reportProblem',
                'tellScanFailed',
              ],
            },
          },
        },
        // The scan that hangs was given up; the old facts stay.
        overdue: { after: { backoff: 'scanning' }, on: { 'scan wanted': 'scanning' } },
        failing: { after: { backoff: 'scanning' }, on: { 'scan wanted': 'scanning' } },
      },
    },
    demand: {
      initial: 'quiet',
      states: {
        quiet: {
          on: {
            FRESHEN: {
              target: 'refreshing',
              actions: {
                type: 'noteWanted',
                params: ({ event }) => ({ wanted: event.wanted }),
              },
            },
          },
        },
        // One time limit for all of it, however often the machine changes meanwhile.
        refreshing: {
          initial: 'looking',
          after: {
            lookTimeout: { target: 'quiet', actions: 'reportTrouble' },
          },
          states: {
            looking: {
              invoke: {
                id: 'readVitals',
                src: 'readVitals',
                input: ({ context }) => context.wanted,
                onDone: [
                  {
                    guard: { type: 'mustScan', params: ({ event }) => ({ vitals: event.output }) },
                    target: 'awaitingScan',
                    actions: 'askForScan',
                  },
                  {
                    target: '#scanner.demand.quiet',
                    actions: [
                      { type: 'noteVitals', params: ({ event }) => ({ vitals: event.output }) },
                      {
                        type: 'reportFresh',
                        params: ({ event }) => ({ devices: event.output.devices, problem: null }),
                      },
                    ],
                  },
                ],
                onError: {
                  target: '#scanner.demand.quiet',
                  actions: {
                    type: 'reportFresh',
                    params: ({ context, event }) => ({
                      devices: NO_DEVICES,
                      problem: problemOf(event.error, context),
                    }),
                  },
                },
              },
            },
            // The machine changed. Look again after the scan: it may have begun before the request.
            awaitingScan: {
              on: {
                scanned: 'looking',
                'scan failed': { target: '#scanner.demand.quiet', actions: 'reportTrouble' },
              },
            },
          },
        },
      },
    },
  },
});

function problemOf(error: unknown, { sysfsRoot }: ScannerContext): SysfsProblem {
  if (error instanceof Error && 'path' in error && 'reason' in error) {
    return { path: String(error.path), reason: String(error.reason) };
  }
  return { path: sysfsRoot, reason: messageOf(error) };
}

function hang({ sysfsRoot }: ScannerContext): SysfsProblem {
  return { path: sysfsRoot, reason: 'reading took too long and was given up' };
}
