/**
 * Puts the daemon together: state from disk, a worker pool for sysfs, the actors, the socket; and
 * takes it apart again in order.
 */

import { createActor, fromPromise, waitFor } from 'xstate';
import { coordinatorMachine } from '../../actors/coordinator.js';
import type { Settings } from '../../actors/coordinator-events.js';
import { diskLogic } from '../../actors/disk.js';
import { type Scan, scannerMachine } from '../../actors/scanner.js';
import { storeMachine } from '../../actors/store.js';
import type { Config } from '../config/config.js';
import { Holdings } from '../core/holdings.js';
import type { Wanted } from '../core/machine.js';
import { changesRecords } from '../core/plan.js';
import { messageOf } from '../core/quoting.js';
import { PATIENCE } from '../protocol/limits.js';
import { HeldBytes } from '../socket/held-bytes.js';
import { type SocketServer, serveSocket } from '../socket/server.js';
import { Traffic } from '../socket/traffic.js';
import { replaceInThread } from '../state/replace-in-thread.js';
import { openStateDirectory, type StateDirectory } from '../state/state-directory.js';
import { createScanPool, type ScanPool } from '../sysfs/scan-pool.js';
import { type FileThreads, startFileThreads } from '../threads/file-threads.js';
import { createAnswerer } from './answerer.js';
import { openAuditLog } from './audit.js';
import { createBackend } from './backend.js';
import { Counters } from './counters.js';
import { heedHotplug } from './hotplug.js';
import { Inspectors } from './inspectors.js';
import type { Logger } from './log.js';
import { logEmissions, logFound } from './log-emissions.js';
import { MetricsPort } from './metrics-port.js';
import type { About } from './status.js';
import { withAdvice } from './sysfs-errors.js';
import { DAEMON_VERSION } from './version.js';
import { Watchers } from './watchers.js';

/** A daemon that serves. */
export interface Daemon {
  /** Resolves when the daemon has ended by {@link stop}; rejects when it failed. */
  readonly ended: Promise<void>;
  /**
   * Takes over the settings that may change while it runs: those that `compareConfigs` calls live.
   *
   * @throws SocketError when the socket cannot be shared as they say; nothing is changed then
   */
  reconfigure(config: Config): void;
  /** Takes no more requests, finishes and stores what is under way, removes the socket. */
  stop(): Promise<void>;
}

type Coordinator = ReturnType<typeof createCoordinator>;

/**
 * Starts a daemon and resolves when it answers on its socket.
 *
 * @param threads its own, from now on
 * @throws StateError when the state directory is in use or neither copy of the state is whole,
 * SocketError when the socket cannot be served, AuditError when the audit log cannot be opened
 */
export async function startDaemon(
  config: Config,
  log: Logger,
  threads = startFileThreads(),
): Promise<Daemon> {
  const startedAtMs = Date.now();
  const audit = config.auditFile === '' ? null : openAuditLog(config.auditFile, log);
  const { scanPool, state } = await openFiles(config, log, threads);
  const counters = new Counters();
  const coordinator = createCoordinator(config, scanPool, state, counters);
  logEmissions(coordinator, log, config.snapName);
  coordinator.on('COMMITTED', ({ changes, generation }) => {
    // That a reply is remembered changes nobody's CPUs or pages.
    for (const change of changes.filter(({ plan }) => changesRecords(plan))) {
      counters.noteChange(change);
      audit?.record(change, generation, new Date());
    }
  });
  const ended = endOf(coordinator);
  const scanSoon = () => coordinator.system.get('scanner')?.send({ type: 'RESCAN' });
  const ignoreHotplug = heedHotplug(config.sysfsRoot, scanSoon, log);
  const cleanUp = async () => {
    ignoreHotplug();
    await state.close();
    await threads.close();
    await audit?.close();
  };
  coordinator.start();
  let server: SocketServer;
  let watchers: Watchers;
  let metricsPort: MetricsPort | null = null;
  try {
    await waitFor(coordinator, (snapshot) => !snapshot.matches('starting'));
    watchers = new Watchers(coordinator);
    const about: About = {
      config,
      daemonVersion: DAEMON_VERSION,
      startedAtMs,
      found: state.found,
      watchers,
      inspectors: new Inspectors(coordinator, watchers, log),
      counters,
      traffic: new Traffic(),
      held: new HeldBytes(),
    };
    const answerer = createAnswerer(coordinator, scanPool, counters.looks, log);
    const backend = createBackend(coordinator, about, answerer);
    metricsPort = new MetricsPort(backend.metrics, log);
    await metricsPort.listen(config.metricsPort);
    const { socketPath: path, socketMode: mode, socketGroup: group, handedOver } = config;
    const place = { path, mode, group, handedOver };
    server = await serveSocket(place, backend, PATIENCE, about.held, about.traffic);
  } catch (error) {
    coordinator.stop();
    await metricsPort?.close();
    await cleanUp();
    throw error;
  }
  log.info({ socket: config.socketPath, state: config.stateDirectory }, 'listening');
  const cleanEnd = (async () => {
    try {
      await ended;
      await storeLast(coordinator, state, log);
    } finally {
      await cleanUp();
    }
  })();
  // Whoever runs the daemon hears of its failure when it waits for the end.
  cleanEnd.catch(() => undefined);
  return {
    ended: cleanEnd,
    reconfigure: (next) => {
      server.share({ mode: next.socketMode, group: next.socketGroup });
      audit?.reopen();
      log.level = next.logLevel;
      void metricsPort?.listen(next.metricsPort);
      coordinator.send({ type: 'RECONFIGURE', settings: settingsOf(next) });
    },
    stop: async () => {
      watchers.stop();
      await metricsPort?.close();
      await server.close();
      coordinator.send({ type: 'STOP' });
      await cleanEnd;
      log.info('stopped');
    },
  };
}

/** What reads the machine, and the state directory; the threads end when that cannot be had. */
async function openFiles(config: Config, log: Logger, threads: FileThreads) {
  threads.onError((error) => log.error({ err: error }, 'a worker thread failed'));
  const scanPool = createScanPool({ root: config.sysfsRoot, threads });
  try {
    const what = `serves ${config.socketPath}`;
    const replace = replaceInThread(threads);
    const state = await openStateDirectory(config.stateDirectory, what, replace);
    logFound(state.found, log);
    return { scanPool, state };
  } catch (error) {
    await threads.close();
    throw error;
  }
}

/** The coordinator with real edges: the scanner reads sysfs, the store writes the state. */
function createCoordinator(
  config: Config,
  scanPool: ScanPool,
  { found, writer }: StateDirectory,
  { scans, looks, commits }: Counters,
) {
  const scanner = scannerMachine.provide({
    actors: {
      readMachine: fromPromise(async ({ signal }): Promise<Scan> => {
        const scan = () => scans.count(scanPool.readMachine(signal), signal);
        return { facts: await withAdvice(config.snapName, scan), takenAtMs: Date.now() };
      }),
      readVitals: fromPromise(({ input, signal }: { input: Wanted; signal: AbortSignal }) =>
        withAdvice(config.snapName, () => looks.count(scanPool.readVitals(input, signal), signal)),
      ),
    },
  });
  const store = storeMachine.provide({
    actors: {
      disk: diskLogic((write, signal) => commits.count(writer.write(write, signal), signal)),
    },
  });
  return createActor(coordinatorMachine.provide({ actors: { scanner, store } }), {
    id: 'coordinator',
    systemId: 'coordinator',
    input: {
      sysfsRoot: config.sysfsRoot,
      settings: settingsOf(config),
      holdings: found.state?.holdings ?? Holdings.none,
      homes: found.state?.homes ?? new Map(),
      generation: found.state?.generation ?? 0,
      now: Date.now,
      random: Math.random,
    },
  });
}

function settingsOf(config: Config): Settings {
  const { cpuPool, policyFile, rescanIntervalMs } = config;
  const { largeMachineCpus, largeMachineReservedCpus, smallMachinePercent } = config;
  const sizeHeuristic = { largeMachineCpus, largeMachineReservedCpus, smallMachinePercent };
  return { poolLists: cpuPool, access: policyFile, rescanIntervalMs, sizeHeuristic };
}

function endOf(coordinator: Coordinator): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    coordinator.subscribe({ complete: resolve, error: reject });
  });
  // While starting, whoever waits for the coordinator hears of its failure by other means.
  ended.catch(() => undefined);
  return ended;
}

/**
 * A daemon that ends while nothing can be stored tries once more: the disk may show a change that
 * its callers were told was undone.
 */
async function storeLast(coordinator: Coordinator, { writer }: StateDirectory, log: Logger) {
  const { storeProblem, durable } = coordinator.getSnapshot().context;
  if (storeProblem === null) return;
  try {
    await writer.write({ next: durable, acknowledged: durable });
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'the state could not be stored to the end');
  }
}
