/** The scanner's machine, with reads that end when the test says so. */

import { type InspectionEvent, SimulatedClock } from 'xstate';
import { type Scan, type ScannerReport, scannerMachine } from '../../actors/scanner.js';
import type { MachineFacts, VitalSigns, Wanted } from '../../src/core/machine.js';
import { ByHand } from './by-hand.js';
import { NOTHING_MORE, vitalsOf } from './sketches.js';
import { startUnderParent } from './under-parent.js';

export const RESCAN_INTERVAL_MS = 60_000;

/** Starts a scanner; its first scan is in flight. */
export function startScanner(inspect: (event: InspectionEvent) => void, random = () => 0) {
  const scans = new ByHand<Scan, unknown>();
  const looks = new ByHand<VitalSigns, Wanted>();
  const clock = new SimulatedClock();
  const { child, reports } = startUnderParent<ScannerReport, typeof scannerMachine>(
    scannerMachine.provide({ actors: { readMachine: scans.logic, readVitals: looks.logic } }),
    { sysfsRoot: '/sys', rescanIntervalMs: RESCAN_INTERVAL_MS, random },
    { clock, inspect },
  );
  return {
    scans,
    looks,
    clock,
    child,
    state: () => child.getSnapshot().value,
    context: () => child.getSnapshot().context,
    /** All reports since the last time this was asked. */
    news: () => reports.splice(0),
    freshen: (wanted: Partial<Wanted> = {}) =>
      child.send({ type: 'FRESHEN', wanted: { ...NOTHING_MORE, ...wanted } }),
    /** Ends the scan in flight well. */
    scanned: (facts: MachineFacts, takenAtMs = 0) => scans.last.resolve({ facts, takenAtMs }),
    /** Ends the look in flight: the machine is as `facts` say. */
    looked: (facts: MachineFacts) => looks.last.resolve(vitalsOf(facts, looks.last.input)),
  };
}

/** An error as the readers of sysfs throw it. */
export function sysfsFault(path: string, reason: string): Error {
  return Object.assign(new Error(`cannot read ${path}: ${reason}`), { path, reason });
}
