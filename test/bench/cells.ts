/** The cells of the benchmark: which request, from how many clients, on which machine. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Wire } from '../daemon/wire.js';
import { type BenchMachine, MACHINES } from './machines.js';
import type { MeasuredDaemon, MeasuredProcess } from './measured-process.js';
import { type LoadResult, runLoad, type Tools } from './tools.js';

/** How clients connect: for each request, or once. */
export const MODES = ['single', 'session'] as const;
export type Mode = (typeof MODES)[number];

export const CLIENT_COUNTS = [1, 16, 64, 256] as const;

/** What a client asks, again and again. */
export const ACTIONS = {
  list: () => [{ action: 'list_allocations' }],
  cores: (service_name) => [
    { action: 'allocate_cores', service_name, num_of_cores: 1 },
    { action: 'allocate_cores', service_name, num_of_cores: -1 },
  ],
  numa: (service_name, numa_node) => [
    { action: 'allocate_numa_cores', service_name, numa_node, num_of_cores: 1 },
    { action: 'allocate_numa_cores', service_name, numa_node, num_of_cores: -1 },
  ],
  hugepages: (service_name, node_id) => [
    ...[1, -1].map((hugepages_requested) => ({
      ...{ action: 'allocate_hugepages', service_name, node_id, size_kb: 2_048 },
      hugepages_requested,
    })),
  ],
  memory: () => [{ action: 'get_memory_info' }],
} satisfies Record<string, (serviceName: string, nodeId: number) => Wire[]>;
export type Action = keyof typeof ACTIONS;

/** Whether an action changes something, so that the disk is part of it. */
export const isDurable = (action: Action): boolean => action !== 'list' && action !== 'memory';

/** One measurement, to be repeated. */
export interface Cell {
  readonly action: Action;
  readonly clients: number;
  readonly mode: Mode;
  readonly machine: BenchMachine;
}

/** What a cell is called, in filters and in the JSON. */
export function nameOf({ action, clients, mode, machine }: Cell): string {
  return `${action}, ${clients} clients, ${mode}, ${machine.name}`;
}

/** All cells; those that are compared with each other stand together. */
export function allCells(): Cell[] {
  return MODES.flatMap((mode) =>
    CLIENT_COUNTS.flatMap((clients) =>
      (Object.keys(ACTIONS) as Action[]).flatMap((action) =>
        MACHINES.map((machine) => ({ action, clients, mode, machine })),
      ),
    ),
  );
}

/** What one run of one cell gave. */
export interface Sample {
  readonly requestsPerS: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUsPerRequest: number;
  readonly residentMb: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Share of the replies that are errors: more clients than CPUs. */
  readonly refusedShare: number;
  readonly commitsPerS: number;
  /** Granted changes for each write of the state. */
  readonly requestsPerCommit: number;
}

/** Runs a load against a process, and takes down what it used. */
export async function measure(
  process: MeasuredProcess,
  load: () => Promise<LoadResult>,
): Promise<{ readonly sample: Sample; readonly result: LoadResult }> {
  await process.usage();
  const result = await load();
  const usage = await process.usage();
  if (result.unanswered > 0) throw new Error(`${result.unanswered} connections had no reply`);
  const sample: Sample = {
    requestsPerS: (result.count / result.elapsedNs) * 1e9,
    p50Us: result.p50Ns / 1e3,
    p99Us: result.p99Ns / 1e3,
    cpuUsPerRequest: usage.cpuUs / result.count,
    residentMb: usage.residentKb / 1_024,
    loopDelayP99Ms: usage.loopDelayP99Ms,
    loopDelayMaxMs: usage.loopDelayMaxMs,
    refusedShare: result.refused / result.count,
    commitsPerS: 0,
    requestsPerCommit: 0,
  };
  return { sample, result };
}

/** How long a load runs: for so many seconds, or for so many replies. */
export interface Extent {
  readonly seconds: number;
  readonly count?: number;
  /** Sent on a connection of its own that is read as fast as it can be. */
  readonly streamRequest?: string;
}

/** Asks a daemon, or what stands in its place, as a cell says. */
export function askAs(
  tools: Tools,
  socketPath: string,
  { action, clients, mode, machine }: Cell,
  { seconds, count = 0, streamRequest }: Extent,
): Promise<LoadResult> {
  const path = join(tools.directory, 'requests');
  const linesOf = (index: number) =>
    ACTIONS[action](`client-${index}`, index % machine.nodeCount).map((one) => JSON.stringify(one));
  const lines = Array.from({ length: clients }, (_, index) => linesOf(index).join('\t'));
  writeFileSync(path, `${lines.join('\n')}\n`);
  const words = [socketPath, path, mode, String(seconds), String(count)];
  if (streamRequest !== undefined) words.push(streamRequest);
  return runLoad(tools, 'ask', ...words);
}

/** Runs a cell once. Its daemon holds afterwards what it held before. */
export async function runCell(
  tools: Tools,
  daemon: MeasuredDaemon,
  cell: Cell,
  extent: Extent,
): Promise<Sample> {
  const before = await daemon.generation();
  const { sample, result } = await measure(daemon, () =>
    askAs(tools, daemon.socketPath, cell, extent),
  );
  if (!isDurable(cell.action)) return sample;
  const commits = (await daemon.generation()) - before;
  await releaseAll(daemon, cell);
  return {
    ...sample,
    commitsPerS: (commits / result.elapsedNs) * 1e9,
    requestsPerCommit: commits === 0 ? 0 : (result.count - result.refused) / commits,
  };
}

async function releaseAll(daemon: MeasuredDaemon, { action, clients }: Cell): Promise<void> {
  const { nodeCount } = daemon.machine;
  const releases = Array.from({ length: clients }, (_, index) => {
    const [, release] = ACTIONS[action](`client-${index}`, index % nodeCount) as Wire[];
    return release ?? {};
  });
  await daemon.askAll(releases);
}
