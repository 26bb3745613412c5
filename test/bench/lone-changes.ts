/**
 * How long the actors take for one change, from the request to its reply, without sockets and with a
 * disk that answers at once: one right behind the other, and each after a pause, in which the
 * processor forgets what it had at hand.
 */

import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { createActor, fromPromise } from 'xstate';
import { coordinatorMachine } from '../../actors/coordinator.js';
import { diskLogic } from '../../actors/disk.js';
import { scannerMachine } from '../../actors/scanner.js';
import { storeMachine } from '../../actors/store.js';
import { Holdings } from '../../src/core/holdings.js';
import type { MachineFacts } from '../../src/core/machine.js';
import { parsePoolLists } from '../../src/core/pools.js';
import { DEFAULT_SIZE_HEURISTIC } from '../../src/core/size-heuristic.js';
import { isRefusal } from '../../src/protocol/error-codes.js';
import { cores } from '../actors/requests.js';
import { NOTHING_MORE, vitalsOf } from '../actors/sketches.js';
import { ROOT } from '../core/callers.js';
import { factsOf } from '../core/hosts.js';
import { MIDDLE } from './machines.js';
import { median } from './results.js';

/** A pause before each change, and how long a change took then: the median. */
export interface ChangeTime {
  readonly pauseMs: number;
  readonly us: number;
}

const WARM_UP_COUNT = 4_000;
const PAUSES: readonly { readonly pauseMs: number; readonly count: number }[] = [
  { pauseMs: 0, count: 1_000 },
  { pauseMs: 1, count: 400 },
  { pauseMs: 10, count: 200 },
];

/** Allocates and releases one CPU in turn. */
export async function measureLoneChanges(): Promise<ChangeTime[]> {
  const facts = factsOf(MIDDLE.shape);
  const coordinator = coordinatorOf(facts);
  const look = vitalsOf(facts, NOTHING_MORE);
  let answered = (_: number) => {};
  coordinator.on('REPLIES', ({ replies }) => {
    const now = performance.now();
    const refused = replies.find(({ outcome }) => isRefusal(outcome));
    if (refused !== undefined) throw new Error(JSON.stringify(refused.outcome));
    answered(now);
  });
  let ticketId = 0;
  const changeUs = async () => {
    ticketId++;
    const request = cores('nova', ticketId % 2 === 1 ? 1 : -1);
    const reply = new Promise<number>((resolve) => {
      answered = resolve;
    });
    const start = performance.now();
    const tickets = [{ ticketId, request, caller: ROOT }];
    coordinator.send({ type: 'REQUEST', tickets, look });
    return ((await reply) - start) * 1_000;
  };
  coordinator.start();
  for (let count = 0; count < WARM_UP_COUNT; count++) await changeUs();
  const found: ChangeTime[] = [];
  for (const { pauseMs, count } of PAUSES) {
    const times: number[] = [];
    for (let index = 0; index < count; index++) {
      if (pauseMs > 0) await setTimeout(pauseMs);
      times.push(await changeUs());
    }
    found.push({ pauseMs, us: median(times) });
  }
  coordinator.stop();
  return found;
}

function coordinatorOf(facts: MachineFacts) {
  let generation = 0;
  const scanner = scannerMachine.provide({
    actors: {
      readMachine: fromPromise(async () => ({ facts, takenAtMs: 0 })),
      readVitals: fromPromise(async ({ input }) => vitalsOf(facts, input)),
    },
  });
  const disk = diskLogic(async () => ++generation);
  const store = storeMachine.provide({ actors: { disk } });
  return createActor(coordinatorMachine.provide({ actors: { scanner, store } }), {
    systemId: 'coordinator',
    input: {
      sysfsRoot: '/sys',
      settings: {
        rescanIntervalMs: 86_400_000,
        poolLists: parsePoolLists(''),
        access: null,
        sizeHeuristic: DEFAULT_SIZE_HEURISTIC,
      },
      holdings: Holdings.none,
      homes: new Map(),
      generation: 0,
      now: Date.now,
      random: Math.random,
    },
  });
}
