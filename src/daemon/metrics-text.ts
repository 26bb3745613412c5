/**
 * The metrics in the Prometheus text format, made anew at each look from what the status says: nothing
 * is counted here. Each name is told of in `docs/operations.md`.
 *
 * Labels have few values, all known beforehand: an action, an error code, a pool. Names of services
 * are none, since whoever may open the socket makes them up.
 */

import { readdirSync } from 'node:fs';
import { Counter, Gauge, Histogram, type MetricValueWithName, Registry } from 'prom-client';
import type { GetStatusReply } from '../protocol/reply.js';
import type { Counters } from './counters.js';
import { BOUNDS_S, type Durations } from './durations.js';

const PREFIX = 'epa_orchestrator_';

/** Labels and a value. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The metrics as text, and what kind of text. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** Makes the text. */
export async function metricsText(
  status: GetStatusReply,
  counters: Counters,
): Promise<MetricsText> {
  const metrics = new Metrics();
  addRequests(metrics, status, counters);
  addWork(metrics, status, counters);
  addCondition(metrics, status);
  addLimits(metrics, status);
  addProcess(metrics, status);
  const { registry } = metrics;
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** A registry that is filled once, and then read. */
class Metrics {
  readonly registry = new Registry();

  counter(name: string, help: string, samples: number | readonly Sample[]): void {
    const labelNames = labelsOf(samples);
    const counter = new Counter({ name, help, labelNames, registers: [this.registry] });
    if (typeof samples === 'number') counter.inc(samples);
    else for (const [labels, value] of samples) counter.inc(labels, value);
  }

  gauge(name: string, help: string, samples: number | readonly Sample[]): void {
    const labelNames = labelsOf(samples);
    const gauge = new Gauge({ name, help, labelNames, registers: [this.registry] });
    if (typeof samples === 'number') gauge.set(samples);
    else for (const [labels, value] of samples) gauge.set(labels, value);
  }

  histogram(name: string, help: string, known: ReadonlyMap<string, Durations>): void {
    this.registry.registerMetric(new KnownHistogram(name, help, known));
  }
}

function labelsOf(samples: number | readonly Sample[]): string[] {
  return typeof samples === 'number' ? [] : Object.keys(samples[0]?.[0] ?? {});
}

/** A histogram of what was counted into the same buckets elsewhere; by action, `''` = of no action. */
class KnownHistogram extends Histogram {
  /** One in which nothing is. */
  readonly #form: Histogram;
  readonly #known: ReadonlyMap<string, Durations>;

  constructor(name: string, help: string, known: ReadonlyMap<string, Durations>) {
    const configuration = { name, help, labelNames: ['action'], registers: [] };
    super(configuration);
    this.#form = new Histogram(configuration);
    this.#known = known;
  }

  override async get() {
    const form = await this.#form.get();
    const { name } = form;
    const values: MetricValueWithName<string>[] = [];
    for (const [action, durations] of this.#known) {
      const labels = action === '' ? {} : { action };
      const { count, cumulative, sumS } = durations;
      const noteWithin = (le: number | string, value: number) =>
        values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value });
      for (const [index, bound] of BOUNDS_S.entries()) noteWithin(bound, cumulative[index] ?? 0);
      noteWithin('+Inf', count);
      values.push({ metricName: `${name}_sum`, labels, value: sumS });
      values.push({ metricName: `${name}_count`, labels, value: count });
    }
    return { ...form, values };
  }

  /** What the registry asks for rather than {@link get}, where it is there. */
  getForPromString() {
    return this.get();
  }
}

function addRequests(metrics: Metrics, { counts }: GetStatusReply, { latencies }: Counters): void {
  metrics.counter(
    `${PREFIX}requests_total`,
    'Requests, by action and by how they ended: OK, or the error code. Action none: no request.',
    Object.entries(counts.requests).flatMap(([action, outcomes]) =>
      Object.entries(outcomes).map(([code, count]) => [{ action, code }, count] as const),
    ),
  );
  metrics.histogram(
    `${PREFIX}request_duration_seconds`,
    'From when a request was understood to its reply.',
    latencies,
  );
  metrics.counter(
    `${PREFIX}connections_total`,
    'Connections that were accepted.',
    counts.connections,
  );
  metrics.counter(
    `${PREFIX}connections_turned_away_total`,
    'Connections that were turned away because too many were open.',
    counts.connections_turned_away,
  );
}

function addWork(metrics: Metrics, { counts }: GetStatusReply, counters: Counters): void {
  const { commits, scans, looks } = counters;
  const alone = (durations: Durations) => new Map([['', durations]]);
  metrics.counter(`${PREFIX}changes_total`, 'Changes that are on disk.', counts.changes);
  metrics.counter(
    `${PREFIX}preemptions_total`,
    'Services that lost CPUs by force, each time that they did.',
    counts.preemptions,
  );
  metrics.histogram(
    `${PREFIX}commit_duration_seconds`,
    'Durable writes of the state; several changes may share one.',
    alone(commits.durations),
  );
  metrics.counter(
    `${PREFIX}commit_failures_total`,
    'Writes of the state that failed or were given up.',
    counts.commit_failures,
  );
  metrics.histogram(
    `${PREFIX}scan_duration_seconds`,
    'Readings of the whole machine.',
    alone(scans.durations),
  );
  metrics.counter(
    `${PREFIX}scan_failures_total`,
    'Readings of the whole machine that failed or were given up.',
    counts.scan_failures,
  );
  metrics.histogram(
    `${PREFIX}look_duration_seconds`,
    'Quick looks at what a request needs to know of the machine.',
    alone(looks.durations),
  );
  metrics.counter(
    `${PREFIX}look_failures_total`,
    'Quick looks that failed or were given up.',
    counts.look_failures,
  );
}

function addCondition(metrics: Metrics, status: GetStatusReply): void {
  const { pools, scans, store } = status;
  metrics.gauge(`${PREFIX}build_info`, 'Always 1; the labels name the versions.', [
    [{ version: status.daemon_version, node_version: status.node_version }, 1],
  ]);
  metrics.gauge(
    `${PREFIX}store_failing`,
    '1 while the state cannot be stored, so that nothing is changed.',
    store.problem === null ? 0 : 1,
  );
  metrics.gauge(
    `${PREFIX}machine_unreadable`,
    '1 while the machine cannot be read, so that nothing is granted.',
    status.sysfs_problem === null ? 0 : 1,
  );
  metrics.gauge(
    `${PREFIX}state_generation`,
    'Of the newest state on disk; grows with every write.',
    store.generation,
  );
  if (scans.age_ms !== null) {
    metrics.gauge(
      `${PREFIX}last_scan_timestamp_seconds`,
      'When the whole machine was last read, in seconds since the epoch.',
      (Date.now() - scans.age_ms) / 1_000,
    );
  }
  metrics.gauge(`${PREFIX}services`, 'Services that hold CPUs.', status.services);
  const names = Object.keys(pools) as (keyof typeof pools)[];
  metrics.gauge(
    `${PREFIX}pool_eligible_cpus`,
    'CPUs of the pool that are online.',
    names.map((pool) => [{ pool }, pools[pool].eligible_cpus]),
  );
  metrics.gauge(
    `${PREFIX}pool_free_cpus`,
    'CPUs of the pool that are online and that nobody holds.',
    names.map((pool) => [{ pool }, pools[pool].free_cpus]),
  );
  metrics.gauge(
    `${PREFIX}pool_closed`,
    '1 while the pool has no capacity, because its list names CPUs of the other.',
    names.map((pool) => [{ pool }, pools[pool].closed_because === null ? 0 : 1]),
  );
}

const LIMIT_HELP = {
  connections: 'Open connections',
  requests_waiting: 'Requests that wait for a decision or for the disk',
  watchers: 'Those who watch',
  inspectors: 'Those who inspect',
  held_bytes: 'Bytes held for all peers',
} as const satisfies Record<keyof GetStatusReply['limits'], string>;

function addLimits(metrics: Metrics, { limits }: GetStatusReply): void {
  for (const limit of Object.keys(LIMIT_HELP) as (keyof typeof LIMIT_HELP)[]) {
    const { used, max } = limits[limit];
    const name = `${PREFIX}${limit}`;
    metrics.gauge(name, `${LIMIT_HELP[limit]}.`, used);
    metrics.gauge(name.replace(/(_bytes)?$/, '_limit$1'), `${LIMIT_HELP[limit]}, at most.`, max);
  }
}

/** What Prometheus expects of any process, under its own names; as far as it costs nothing meanwhile. */
function addProcess(metrics: Metrics, status: GetStatusReply): void {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const { active, idle } = performance.eventLoopUtilization();
  metrics.gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since the epoch.',
    Date.parse(status.started_at) / 1_000,
  );
  metrics.counter(
    'process_cpu_seconds_total',
    'CPU time spent, of all threads.',
    (user + system) / 1e6,
  );
  metrics.gauge('process_resident_memory_bytes', 'Resident memory.', rss);
  metrics.gauge('nodejs_heap_size_used_bytes', 'Heap in use by JavaScript.', heapUsed);
  metrics.counter(
    'nodejs_eventloop_active_seconds_total',
    'Time in which the event loop was at work; the rest of the time it waited.',
    active / 1_000,
  );
  metrics.counter(
    'nodejs_eventloop_idle_seconds_total',
    'Time in which the event loop waited.',
    idle / 1_000,
  );
  const descriptors = openDescriptors();
  if (descriptors !== null) {
    metrics.gauge('process_open_fds', 'Open file descriptors.', descriptors);
  }
}

/** `null` where there is no `/proc`. */
function openDescriptors(): number | null {
  try {
    // The one that reads the list is in it.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}
