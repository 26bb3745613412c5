/**
 * Puts the daemon together: state from disk, a worker pool for sysfs, the actors, the socket; and
 * takes it apart again in order.
 */

import { createActor, fromPromise, waitFor } from 'xstate';
import { coordinatorMachine } from '../../actors/coordinator.js';
import { type Scan, scannerMachine } from '../../actors/scanner.js';
import { storeMachine, type Write } from '../../actors/store.js';
import type { Config } from '../config/config.js';
import { Holdings } from '../core/holdings.js';
import type { PagesOf } from '../core/machine.js';
import { type Refusal, refusal } from '../protocol/error-codes.js';
import { REQUESTS_WAITING_MAX } from '../protocol/limits.js';
import type { Reply } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import { serveSocket } from '../socket/server.js';
import { createStateWriter, loadState, type StateWriter } from '../state/state-file.js';
import { formatState } from '../state/state-format.js';
import { createScanPool, type ScanPool } from '../sysfs/scan-pool.js';
import type { Logger } from './log.js';
import { logEmissions } from './log-emissions.js';
import { describeStatus } from './status.js';
import { DAEMON_VERSION } from './version.js';

/** A daemon that serves. */
export interface Daemon {
  /** Resolves when the daemon has ended by {@link stop}; rejects when it failed. */
  readonly ended: Promise<void>;
  /** Takes no more requests, finishes and stores what is under way, removes the socket. */
  stop(): Promise<void>;
}

type Coordinator = ReturnType<typeof createCoordinator>;

/**
 * Starts a daemon and resolves when it answers on its socket.
 *
 * @throws StateError when the state file is damaged, SocketError when the socket cannot be served
 */
export async function startDaemon(config: Config, log: Logger): Promise<Daemon> {
  const about = { config, daemonVersion: DAEMON_VERSION, startedAtMs: Date.now() };
  const stored = await loadState(config.stateDirectory);
  for (const remark of stored?.remarks ?? []) log.info({ remark }, 'state file');
  const scanPool = createScanPool({
    root: config.sysfsRoot,
    onError: (error) => log.error({ err: error }, 'a worker thread failed'),
  });
  // A store actor that failed may have left a write under way: the writer ends it first.
  const stateWriter = createStateWriter(config.stateDirectory);
  const coordinator = createCoordinator(config, scanPool, stateWriter, stored);
  logEmissions(coordinator, log);
  const ended = endOf(coordinator);
  coordinator.start();
  try {
    await waitFor(coordinator, (snapshot) => !snapshot.matches('starting'));
    const answerMachine = createAnswerer(coordinator);
    const server = await serveSocket(config.socketPath, (request, answer) => {
      if (request.action !== 'get_status') answerMachine(request, answer);
      else answer(describeStatus(coordinator, about, Date.now()));
    });
    // The socket is ours now, so no other daemon is in the middle of a write.
    await stateWriter.clearAway();
    log.info({ socket: config.socketPath, state: config.stateDirectory }, 'listening');
    const stop = async () => {
      await server.close();
      coordinator.send({ type: 'STOP' });
      await ended;
      log.info('stopped');
    };
    return { ended: ended.finally(() => scanPool.close()), stop };
  } catch (error) {
    coordinator.stop();
    await scanPool.close();
    throw error;
  }
}

/** The coordinator with real edges: the scanner reads sysfs, the store writes the state file. */
function createCoordinator(
  config: Config,
  scanPool: ScanPool,
  stateWriter: StateWriter,
  stored: Awaited<ReturnType<typeof loadState>>,
) {
  const scanner = scannerMachine.provide({
    actors: {
      readMachine: fromPromise(async ({ signal }): Promise<Scan> => {
        const facts = await scanPool.readMachine(signal);
        return { facts, takenAtMs: Date.now() };
      }),
      readVitals: fromPromise(({ input, signal }: { input: PagesOf; signal: AbortSignal }) =>
        scanPool.readVitals(input, signal),
      ),
    },
  });
  const store = storeMachine.provide({
    actors: {
      write: fromPromise(({ input }: { input: Write }) =>
        stateWriter.write(formatState(input, new Date())),
      ),
    },
  });
  return createActor(coordinatorMachine.provide({ actors: { scanner, store } }), {
    id: 'coordinator',
    systemId: 'coordinator',
    input: {
      scanner: { sysfsRoot: config.sysfsRoot, rescanIntervalMs: config.rescanIntervalMs },
      poolLists: config.cpuPool,
      holdings: stored?.holdings ?? Holdings.none,
      homes: stored?.homes ?? new Map(),
      generation: stored?.generation ?? 0,
    },
  });
}

function endOf(coordinator: Coordinator): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    coordinator.subscribe({ complete: resolve, error: reject });
  });
  // While starting, whoever waits for the coordinator hears of its failure by other means.
  ended.catch(() => undefined);
  return ended;
}

/** Sends requests to the coordinator and brings its replies back, within the limit. */
function createAnswerer(coordinator: Coordinator) {
  const waiting = new Map<number, (outcome: Reply | Refusal) => void>();
  let lastRequestId = 0;
  coordinator.on('REPLY', ({ requestId, outcome }) => {
    const answer = waiting.get(requestId);
    waiting.delete(requestId);
    answer?.(outcome);
  });
  return (
    request: Exclude<Request, { action: 'get_status' }>,
    answer: (outcome: Reply | Refusal) => void,
  ) => {
    if (waiting.size >= REQUESTS_WAITING_MAX) {
      answer(refusal('BUSY', `Too many requests wait: ${REQUESTS_WAITING_MAX}; try again`));
      return;
    }
    const requestId = ++lastRequestId;
    waiting.set(requestId, answer);
    coordinator.send({ type: 'REQUEST', ticket: { requestId, request } });
  };
}
