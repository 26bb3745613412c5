/** What a run of the benchmark comes to: medians, and the aims they are held against. */

import type { Cell, Sample } from './cells.js';
import type { ColdStart, Memory, Pair } from './extras.js';
import type { ChangeTime } from './lone-changes.js';
import { BIG, BIG_FULL, LARGEST, MIDDLE, SMALL } from './machines.js';
import type { DecisionTime } from './placements.js';
import type { Usage } from './probe.js';

/** A sample, and what the limits were right before. */
export interface LimitedSample extends Sample {
  /** Requests per second, by those of the bare server with as many clients, in the same mode. */
  readonly ofBareServer: number;
  /** p50, by that of one bare durable write; 0 where it was not measured. */
  readonly ofBareWrite: number;
}

/** p50 of a bare durable write, in microseconds, round by round. */
export interface BareWrites {
  /** Limit 2: of one new file. */
  readonly oneUs: number[];
  /** Of two copies at once. */
  readonly twinUs: number[];
  /** Of two copies over what they replaced before, as the daemon writes them. */
  readonly roomUs: number[];
}

/** Everything that was measured, round by round. */
export interface Measurements {
  /** Cell, by its name → its samples. */
  readonly cells: ReadonlyMap<string, readonly LimitedSample[]>;
  /** Mode and clients → samples of the bare server. */
  readonly bareServer: ReadonlyMap<string, readonly Sample[]>;
  readonly bareWrites: BareWrites;
  readonly idle: readonly Pair[];
  readonly inspected: readonly Pair[];
  readonly coldStarts: readonly ColdStart[];
  readonly memory: Memory | null;
  readonly scans: (Usage & { readonly machine: string }) | null;
  /** Decisions on the largest machine, by this Node.js. */
  readonly placements: readonly DecisionTime[];
  /** Changes in the actors alone, by this Node.js. */
  readonly changes: readonly ChangeTime[];
}

/** One aim, and whether it was met. */
export interface Aim {
  readonly what: string;
  readonly aim: string;
  /** `null` = this run did not measure it. */
  readonly measured: string | null;
  readonly isMet: boolean | null;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The medians of each number. */
export function medians<S extends object>(samples: readonly S[]): S {
  const keys = Object.keys(samples[0] ?? {}) as (keyof S)[];
  return Object.fromEntries(
    keys.map((key) => [key, median(samples.map((sample) => Number(sample[key])))]),
  ) as S;
}

/** The ratio of two series, round by round; `undefined` when one was not measured. */
function ratio(
  above: readonly number[] | undefined,
  below: readonly number[] | undefined,
): number | undefined {
  if (!above?.length || !below?.length) return undefined;
  return median(above.map((value, round) => value / (below[round] ?? Number.NaN)));
}

/** How many clients an aim is for, with a connection for each request. */
const AIMED_CLIENTS: { readonly [A in Cell['action']]?: readonly number[] } = {
  list: [64],
  cores: [1, 64, 256],
};

/** Whether an aim is held against cells such as this, whichever their machine is. */
export function hasAim({ action, clients, mode }: Cell): boolean {
  return mode === 'single' && (AIMED_CLIENTS[action]?.includes(clients) ?? false);
}

/** The aims that the project has set itself. */
export function aimsOf(measured: Measurements): Aim[] {
  const column = <K extends keyof LimitedSample>(name: string, key: K) =>
    measured.cells.get(name)?.map((sample) => sample[key]);
  const middle = (values: readonly number[] | undefined) =>
    values === undefined ? undefined : median(values);
  const cpu = (name: string) => column(name, 'cpuUsPerRequest');
  const at64 = (action: string, { name }: { readonly name: string }) =>
    `${action}, 64 clients, single, ${name}`;
  const cores = (clients: number) => `cores, ${clients} clients, single, ${BIG.name}`;
  const oneClient = `cores, 1 clients, single, ${MIDDLE.name}`;
  const pairs = (found: readonly Pair[], key: keyof Sample) =>
    ratio(
      found.map(({ beside }) => beside[key]),
      found.map(({ alone }) => alone[key]),
    );
  const { bareWrites, idle, inspected, coldStarts, memory, scans } = measured;
  const starts = ratio(
    coldStarts.map(({ daemonMs }) => daemonMs),
    coldStarts.map(({ emptyMs }) => emptyMs),
  );
  const commits = middle(column(cores(64), 'requestsPerCommit'));
  return [
    atLeast(
      'list, 64 clients, by limit 1',
      0.85,
      middle(column(at64('list', SMALL), 'ofBareServer')),
    ),
    atLeast(
      'allocate/release, 64 clients, by limit 1',
      0.5,
      middle(column(cores(64), 'ofBareServer')),
    ),
    atLeast('the same, 256 clients', 0.8, middle(column(cores(256), 'ofBareServer'))),
    atMost('allocate, 1 client: p50 by limit 2', 1.3, middle(column(oneClient, 'ofBareWrite'))),
    informs(
      'a bare durable write of two copies, by limit 2',
      ratio(bareWrites.twinUs, bareWrites.oneUs),
    ),
    informs(
      'the same over what they replaced, as the daemon does it',
      ratio(bareWrites.roomUs, bareWrites.oneUs),
    ),
    atLeast(
      `group commit: 64 clients by 1${commits === undefined ? '' : ` (${commits.toFixed(1)} changes a commit)`}`,
      20,
      ratio(column(cores(64), 'requestsPerS'), column(cores(1), 'requestsPerS')),
    ),
    atMost(
      'CPU of a list: 252 services by none',
      1.5,
      ratio(cpu(at64('list', BIG_FULL)), cpu(at64('list', BIG))),
    ),
    atMost(
      'CPU of a list: 512 CPUs by 8',
      1.5,
      ratio(cpu(at64('list', BIG)), cpu(at64('list', SMALL))),
    ),
    atMost(
      `CPU of allocate: ${LARGEST.name} by ${MIDDLE.name}`,
      3,
      ratio(cpu(at64('cores', LARGEST)), cpu(at64('cores', MIDDLE))),
    ),
    atMost('p99 of 16 clients: beside 500 idle ones by alone', 1.2, pairs(idle, 'p99Us')),
    atMost('cold start to first reply, by an empty Node with the same packages', 2, starts),
    atMost('memory after start, small machine (MB)', 90, memory?.startedMb),
    atMost(
      `memory after ${memory?.requestCount.toLocaleString('en') ?? 'many'} requests, by after half of them`,
      1.1,
      memory === null ? undefined : growth(memory.laterMb),
    ),
    atMost(
      `event loop during scans, ${scans?.machine ?? LARGEST.name}: p99 (ms)`,
      5,
      scans?.loopDelayP99Ms,
    ),
    informs('event loop during scans: longest (ms)', scans?.loopDelayMaxMs),
    informs('CPU of allocate, 64 sessions: inspected by not', pairs(inspected, 'cpuUsPerRequest')),
  ];
}

function growth(laterMb: readonly number[]): number {
  return (laterMb.at(-1) ?? Number.NaN) / (laterMb[laterMb.length >> 1] ?? Number.NaN);
}

function atLeast(what: string, limit: number, value: number | undefined): Aim {
  return aim(what, `≥ ${limit}`, value, (measured) => measured >= limit);
}

function atMost(what: string, limit: number, value: number | undefined): Aim {
  return aim(what, `≤ ${limit}`, value, (measured) => measured <= limit);
}

/** Without an aim: something to hold others against. */
function informs(what: string, value: number | undefined): Aim {
  return { ...atMost(what, 0, value), aim: '–', isMet: null };
}

function aim(
  what: string,
  text: string,
  value: number | undefined,
  isMet: (measured: number) => boolean,
): Aim {
  if (value === undefined) return { what, aim: text, measured: null, isMet: null };
  return { what, aim: text, measured: value.toFixed(2), isMet: isMet(value) };
}
