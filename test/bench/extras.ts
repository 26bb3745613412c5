/** What is measured besides the cells: starts, idle connections, inspections, scans, and memory. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Cell, runCell, type Sample } from './cells.js';
import { type BenchMachine, MIDDLE, SMALL } from './machines.js';
import { MeasuredDaemon } from './measured-process.js';
import type { Usage } from './probe.js';
import { medians } from './results.js';
import type { Tools } from './tools.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IDLE_CONNECTIONS = 500;

/** What the daemon imports at a start without a terminal (`src/cli/serve.ts`). */
const PACKAGES = ['commander', 'xstate', 'piscina', 'zod', 'pino', 'koffi'];

/** The same cell twice: as it is, and with something beside it. */
export interface Pair {
  readonly alone: Sample;
  readonly beside: Sample;
}

/** The slowest hundredth of a short measurement is a handful of requests. */
const IDLE_FACTOR = 5;

const WORKING: Cell = { action: 'cores', clients: 16, mode: 'single', machine: MIDDLE };

/**
 * A working daemon with 500 sessions in which nobody asks any more, and without them before and behind,
 * of which the mean counts: the disk has better moments and worse.
 */
export async function measureIdle(
  tools: Tools,
  daemon: MeasuredDaemon,
  seconds: number,
): Promise<Pair> {
  const extent = { seconds: seconds * IDLE_FACTOR };
  const before = await runCell(tools, daemon, WORKING, extent);
  const sockets = await Promise.all(
    Array.from({ length: IDLE_CONNECTIONS }, () => idleSession(daemon.socketPath)),
  );
  const beside = await runCell(tools, daemon, WORKING, extent);
  for (const socket of sockets) socket.destroy();
  const behind = await runCell(tools, daemon, WORKING, extent);
  return { alone: medians([before, behind]), beside };
}

async function idleSession(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.write('{"action":"get_memory_info"}\n');
  await once(socket, 'data');
  return socket;
}

/** A busy daemon without and with somebody who inspects it. */
export async function measureInspected(
  tools: Tools,
  daemon: MeasuredDaemon,
  seconds: number,
): Promise<Pair> {
  const busy: Cell = { action: 'cores', clients: 64, mode: 'session', machine: MIDDLE };
  const streamRequest = '{"action":"inspect"}\n';
  const alone = await runCell(tools, daemon, busy, { seconds });
  const beside = await runCell(tools, daemon, busy, { seconds, streamRequest });
  return { alone, beside };
}

/** Milliseconds until a daemon has answered once, and until Node has imported its packages. */
export interface ColdStart {
  readonly daemonMs: number;
  readonly emptyMs: number;
}

export async function measureColdStart(tools: Tools, number: number): Promise<ColdStart> {
  const daemon = await MeasuredDaemon.start(tools, `cold-${number}`, SMALL);
  await daemon.ask({ action: 'list_allocations' });
  const daemonMs = performance.now() - daemon.startedMs;
  await daemon.end();
  const script = `await Promise.all(${JSON.stringify(PACKAGES)}.map((name) => import(name)));
    process.stdout.write('.');`;
  const words = ['--import', tools.probe, '--input-type=module', '--eval', script];
  const startedMs = performance.now();
  const empty = spawn(tools.node, words, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  if (empty.stdout === null) throw new Error('no pipe');
  await once(empty.stdout, 'data');
  const emptyMs = performance.now() - startedMs;
  await once(empty, 'close');
  return { daemonMs, emptyMs };
}

/** What a small daemon has in memory, and how that goes on. */
export interface Memory {
  readonly startedMb: number;
  /** After each tenth of the requests. */
  readonly laterMb: readonly number[];
  readonly requestCount: number;
}

const TENTHS = 10;

/** Half of the requests read, half change something. */
export async function measureMemory(tools: Tools, requestCount: number): Promise<Memory> {
  const daemon = await MeasuredDaemon.start(tools, 'memory', SMALL);
  await daemon.ask({ action: 'list_allocations' });
  const startedMb = (await daemon.usage()).residentKb / 1_024;
  const laterMb: number[] = [];
  const rest = { mode: 'session', machine: SMALL, clients: 8 } as const;
  for (let tenth = 0; tenth < TENTHS; tenth++) {
    const count = requestCount / TENTHS / 2;
    const extent = { seconds: 0, count };
    await runCell(tools, daemon, { action: 'cores', ...rest }, extent);
    const { residentMb } = await runCell(tools, daemon, { action: 'list', ...rest }, extent);
    laterMb.push(residentMb);
  }
  await daemon.end();
  return { startedMb, laterMb, requestCount };
}

/** Lets a machine be scanned as often as may be, and nothing else; gives the loop's delay. */
export async function measureScans(
  tools: Tools,
  machine: BenchMachine,
  seconds: number,
): Promise<Usage> {
  const options = ['--rescan-interval-ms', '100'];
  const daemon = await MeasuredDaemon.start(tools, 'scans', machine, options);
  await daemon.usage();
  await setTimeout(seconds * 1_000);
  const usage = await daemon.usage();
  await daemon.end();
  return usage;
}
