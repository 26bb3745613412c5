/**
 * What has happened since the start, as plain numbers. The status and the metrics are made of them
 * when somebody asks; counting is all that a request pays for.
 */

import type { Change } from '../core/coordination.js';
import { serviceEvents } from '../core/watch-lines.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import type { Request } from '../protocol/request.js';
import { Durations } from './durations.js';
import { Tally } from './tally.js';

/** How a request ended. */
export type Outcome = ErrorCode | 'OK';

/** The action of what could not be understood as a request of any. */
export const NO_ACTION = 'none';

/** The counters of a daemon. */
export class Counters {
  /** Action → outcome → how many. */
  readonly requests = new Map<string, Map<Outcome, number>>();
  /** Action → from when a request was understood to its reply. */
  readonly latencies = new Map<string, Durations>();
  /** Changes that are on disk. */
  changeCount = 0;
  /** Services that lost CPUs by force, each time that they did. */
  preemptionCount = 0;
  /** Durable writes: several changes may share one. */
  readonly commits = new Tally();
  /** Readings of the whole machine. */
  readonly scans = new Tally();
  /** Quick looks at what a request needs to know. */
  readonly looks = new Tally();

  /** Counts what was answered without a reply of its own: a stream, or what nobody understood. */
  noteOutcome(action: Request['action'] | typeof NO_ACTION, outcome: Outcome): void {
    const outcomes = this.requests.get(action);
    if (outcomes === undefined) this.requests.set(action, new Map([[outcome, 1]]));
    else outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  /** Counts a request that was answered after `ms` milliseconds. */
  noteReply(action: Request['action'], outcome: Outcome, ms: number): void {
    this.noteOutcome(action, outcome);
    const latencies = this.latencies.get(action) ?? new Durations();
    latencies.note(ms);
    this.latencies.set(action, latencies);
  }

  /** Counts a change that is on disk. */
  noteChange(change: Change): void {
    this.changeCount++;
    // Who takes from nobody changes one claim.
    if (change.plan.claimChanges.length < 2) return;
    this.preemptionCount += serviceEvents(change).filter(({ type }) => type === 'preempted').length;
  }
}
