/** What a process takes of the system, as the kernel counts it: descriptors and memory. */

import { readFileSync, writeFileSync } from 'node:fs';
import { descriptorTargets } from '../process/descriptor-targets.js';

/**
 * What the descriptors of the process lead to, counted, as one line that can be compared: sockets,
 * and files by name. Pipes and what else the event loop of a thread is made of are left out: the
 * daemon has a second thread for a minute when it needs one.
 */
export function descriptorsOf(pid: number): string {
  const counts = new Map<string, number>();
  for (const one of descriptorTargets(pid)) {
    const target = one.replace(/^socket:.*/, 'socket');
    if (/^(anon_inode|pipe):/.test(target)) continue;
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  return [...counts]
    .map(([target, count]) => `${count} × ${target}`)
    .sort()
    .join(', ');
}

/** Memory of the process that is in RAM at present, in KiB. */
export function residentKb(pid: number): number {
  return statusKb(pid, 'VmRSS');
}

/** The most that {@link residentKb} has been since {@link forgetPeak}, in KiB. */
export function peakResidentKb(pid: number): number {
  return statusKb(pid, 'VmHWM');
}

/** Begins a new measurement of {@link peakResidentKb}: `proc(5)`, `clear_refs`. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function statusKb(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kb] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  if (kb === undefined) throw new Error(`/proc/${pid}/status does not say ${field}`);
  return Number(kb);
}
