/**
 * Runs inside the process that is measured, and costs it nothing but a timer of the event loop:
 * tells its parent what it has used since the parent asked last.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process has used. */
export interface Usage {
  /** User and system time of all threads, in microseconds. */
  readonly cpuUs: number;
  readonly residentKb: number;
  /** By how much later than it should the event loop came round. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
}

/** The loop's timer, at this distance; what is measured contains it. */
const RESOLUTION_MS = 1;

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let cpuBefore = process.cpuUsage();
delays.enable();
const beyondMs = (ns: number) => Math.max(ns / 1e6 - RESOLUTION_MS, 0);

process.on('message', () => {
  const { user, system } = process.cpuUsage(cpuBefore);
  cpuBefore = process.cpuUsage();
  const usage: Usage = {
    cpuUs: user + system,
    residentKb: Math.round(process.memoryUsage.rss() / 1024),
    loopDelayP99Ms: delays.count > 0 ? beyondMs(delays.percentile(99)) : 0,
    loopDelayMaxMs: delays.count > 0 ? beyondMs(delays.max) : 0,
  };
  delays.reset();
  process.send?.(usage);
});
// Whoever measures does not keep the process alive.
process.channel?.unref();
