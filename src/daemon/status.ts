/** What the daemon knows of itself: the reply to `get_status`. */

import type { ActorRefFrom, AnyActorRef } from 'xstate';
import type { coordinatorMachine } from '../../actors/coordinator.js';
import type { scannerMachine } from '../../actors/scanner.js';
import { describeProblem } from '../../actors/store.js';
import type { Config } from '../config/config.js';
import { freeCpus } from '../core/claim-changes.js';
import { countCpus } from '../core/cpu-set.js';
import type { Pool } from '../core/pools.js';
import { INSPECTORS_MAX, REQUESTS_WAITING_MAX, WATCHERS_MAX } from '../protocol/limits.js';
import type { GetStatusReply } from '../protocol/reply.js';
import { PROTOCOL_VERSION } from '../protocol/request.js';
import type { HeldBytes } from '../socket/held-bytes.js';
import type { Traffic } from '../socket/traffic.js';
import type { FoundState } from '../state/state-copies.js';
import { copyPaths } from '../state/state-names.js';
import type { Counters } from './counters.js';
import type { Inspectors } from './inspectors.js';
import type { Watchers } from './watchers.js';

/** What a running daemon was started with. */
export interface About {
  readonly config: Config;
  readonly daemonVersion: string;
  readonly startedAtMs: number;
  /** What was on disk at the start. */
  readonly found: FoundState;
  readonly watchers: Watchers;
  readonly inspectors: Inspectors;
  readonly counters: Counters;
  readonly traffic: Traffic;
  readonly held: HeldBytes;
}

/**
 * Describes the daemon at `nowMs` (milliseconds since the epoch); of claims it tells what is on disk.
 *
 * @param waitingCount requests that wait for a decision or for the disk
 */
export function describeStatus(
  coordinator: ActorRefFrom<typeof coordinatorMachine>,
  about: About,
  waitingCount: number,
  nowMs: number,
): GetStatusReply {
  const { context, value, children } = coordinator.getSnapshot();
  const { view, durable, sysfsProblem, storeProblem, generation } = context;
  const pool = (known: Pool) => ({
    is_configured: known.isConfigured,
    closed_because: known.closedBecause,
    eligible_cpus: countCpus(known.eligibleCpus),
    free_cpus: countCpus(freeCpus(known, durable.holdings)),
  });
  const scanner: ActorRefFrom<typeof scannerMachine> | undefined =
    coordinator.system.get('scanner');
  const scanning = scanner?.getSnapshot().context;
  const ageOf = (atMs: number | null) => (atMs === null ? null : Math.max(nowMs - atMs, 0));
  const ageMs = ageOf(scanning?.scannedAtMs ?? null);
  return {
    version: PROTOCOL_VERSION,
    daemon_version: about.daemonVersion,
    node_version: process.version,
    pid: process.pid,
    started_at: new Date(about.startedAtMs).toISOString(),
    uptime_s: Math.floor((nowMs - about.startedAtMs) / 1_000),
    state: stateText(value),
    sysfs_root: about.config.sysfsRoot,
    actors: Object.fromEntries(
      Object.entries(children).map(([id, ref]) => [id, stateText(stateOf(ref))]),
    ),
    pools: { isolated: pool(view.pools.isolated), general: pool(view.pools.general) },
    services: durable.holdings.claims.size,
    watchers: about.watchers.count,
    inspectors: about.inspectors.count,
    store: {
      files: copyPaths(about.config.stateDirectory),
      generation,
      problem: storeProblem === null ? null : describeProblem(storeProblem),
      healed: about.found.faults.map(({ path, reason }) => ({ file: path, reason })),
    },
    sysfs_problem: sysfsProblem,
    facts_age_ms: ageMs,
    scans: {
      age_ms: ageMs,
      look_age_ms: ageOf(about.counters.looks.lastAtMs),
      interval_ms: context.settings.rescanIntervalMs,
      failures_in_a_row: scanning?.failureCount ?? 0,
    },
    limits: limitsOf(about, waitingCount),
    counts: countsOf(about),
  };
}

/** How full it is. */
function limitsOf({ watchers, inspectors, traffic, held }: About, waitingCount: number) {
  return {
    connections: { used: traffic.openCount, max: traffic.connectionsMax },
    requests_waiting: { used: waitingCount, max: REQUESTS_WAITING_MAX },
    watchers: { used: watchers.count, max: WATCHERS_MAX },
    inspectors: { used: inspectors.count, max: INSPECTORS_MAX },
    held_bytes: { used: held.total, max: held.maxBytes },
  };
}

/** What has happened since the start. */
function countsOf({ counters, traffic }: About): GetStatusReply['counts'] {
  const { commits, scans, looks } = counters;
  return {
    requests: Object.fromEntries(
      [...counters.requests].map(([action, outcomes]) => [action, Object.fromEntries(outcomes)]),
    ),
    changes: counters.changeCount,
    commits: commits.durations.count,
    commit_failures: commits.failureCount,
    preemptions: counters.preemptionCount,
    scans: scans.durations.count,
    scan_failures: scans.failureCount,
    looks: looks.durations.count,
    look_failures: looks.failureCount,
    connections: traffic.acceptedCount,
    connections_turned_away: traffic.turnedAwayCount,
  };
}

function stateOf(ref: AnyActorRef | undefined): unknown {
  return ref?.getSnapshot().value ?? 'unknown';
}

/** A state value as a person reads it: `serving (facts settled, durability ready)`. */
function stateText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) =>
      typeof inner === 'object' && inner !== null
        ? `${name} (${stateText(inner)})`
        : `${name} ${inner}`,
    )
    .join(', ');
}
