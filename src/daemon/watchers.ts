/**
 * Those who watch: each has the whole picture first, then every change as it becomes durable, in
 * numbered lines without gaps. Nothing is worked out while nobody watches.
 */

import type { ActorRefFrom } from 'xstate';
import type { coordinatorMachine } from '../../actors/coordinator.js';
import type { Change } from '../core/coordination.js';
import type { SysfsProblem } from '../core/machine.js';
import { fitsPattern } from '../core/name-pattern.js';
import { knownNodeIds, type View, withHoldings } from '../core/view.js';
import { hostEvents, pageEvents, pictureOf, serviceEvents } from '../core/watch-lines.js';
import { type Refusal, refusal } from '../protocol/error-codes.js';
import { UNREAD_REPLIES_MAX_BYTES, WATCHERS_MAX } from '../protocol/limits.js';
import { PROTOCOL_VERSION, type WatchRequest } from '../protocol/request.js';
import {
  type DaemonCondition,
  isServiceEvent,
  type OverrunEvent,
  type ServiceEvent,
  type WatchEvent,
  type WatchPicture,
} from '../protocol/watch-event.js';
import type { Stream } from '../socket/connection.js';

/** One who watches. */
interface Watcher {
  readonly stream: Stream;
  readonly isMeant: (serviceName: string) => boolean;
  /** Of the last line. */
  seq: number;
}

/** The watchers of a daemon, from when it serves on. */
export class Watchers {
  readonly #watchers = new Set<Watcher>();
  readonly #now: () => Date;
  /** What the last lines were about: the machine, and what is durable. */
  #view: View;
  #storeProblem: string | null;
  #sysfsProblem: SysfsProblem | null;
  #isStopping = false;

  /** @param coordinator serves already, and nothing is on its way to the disk */
  constructor(coordinator: ActorRefFrom<typeof coordinatorMachine>, now = () => new Date()) {
    const { view, durable, sysfsProblem, storeProblem } = coordinator.getSnapshot().context;
    this.#now = now;
    this.#view = withHoldings(view, durable.holdings);
    this.#sysfsProblem = sysfsProblem;
    this.#storeProblem = storeProblem?.reason ?? null;
    coordinator.on('COMMITTED', ({ changes, generation }) => {
      for (const change of changes) this.#noteChange(change, generation);
    });
    for (const type of ['FACTS_CHANGED', 'POOLS_CHANGED', 'NODE_REMOVED'] as const) {
      coordinator.on(type, (event) => this.#noteMachine(event.view));
    }
    coordinator.on('STORE_PROBLEM', ({ problem }) => {
      this.#storeProblem = problem.reason;
      this.#tellCondition();
    });
    coordinator.on('STORE_RECOVERED', () => {
      this.#storeProblem = null;
      this.#tellCondition();
    });
    coordinator.on('SYSFS_PROBLEM', ({ problem }) => {
      this.#sysfsProblem = problem;
      this.#tellCondition();
    });
    coordinator.on('SYSFS_RECOVERED', () => {
      this.#sysfsProblem = null;
      this.#tellCondition();
    });
  }

  /** How many watch. */
  get count(): number {
    return this.#watchers.size;
  }

  /** Whether as many watch as may. */
  get isFull(): boolean {
    return this.#watchers.size >= WATCHERS_MAX;
  }

  /** Tells all that no more will follow. */
  stop(): void {
    this.#isStopping = true;
    this.#tellCondition();
  }

  /** Begins to tell a stream; `BUSY` when too many watch already. */
  readonly subscribe = ({ services }: WatchRequest, stream: Stream): (() => void) | Refusal => {
    if (this.isFull) return tooManyWatch();
    const isMeant = (serviceName: string) =>
      services === null || services.some((pattern) => fitsPattern(pattern, serviceName));
    const watcher: Watcher = { stream, isMeant, seq: 1 };
    this.#watchers.add(watcher);
    const picture = onlyMeant(pictureOf(this.#view, this.#condition()), isMeant);
    const first = { version: PROTOCOL_VERSION, time: this.#now().toISOString(), ...picture };
    stream.write(JSON.stringify({ type: 'snapshot', seq: watcher.seq, ...first }));
    return () => this.#watchers.delete(watcher);
  };

  #noteChange(change: Change, generation: number): void {
    const before = this.#view;
    this.#view = withHoldings(before, change.plan.holdings);
    if (this.#watchers.size === 0) return;
    this.#tell(serviceEvents(change), { generation });
    // A node that is gone is shown as long as something is on record there.
    if (hasAbsentNode(before)) this.#tell(hostEvents(before, this.#view));
    else if (change.plan.pageChanges.length > 0) this.#tell(pageEvents(before, this.#view));
  }

  #noteMachine(view: View): void {
    const before = this.#view;
    this.#view = withHoldings(view, before.holdings);
    if (this.#watchers.size > 0) this.#tell(hostEvents(before, this.#view));
  }

  #condition(): DaemonCondition {
    const state = this.#isStopping
      ? 'stopping'
      : this.#storeProblem === null
        ? 'serving'
        : 'read-only';
    return { state, store_problem: this.#storeProblem, sysfs_problem: this.#sysfsProblem };
  }

  #tellCondition(): void {
    this.#tell([{ type: 'daemon_changed', ...this.#condition() }]);
  }

  #tell(events: readonly WatchEvent[], beside: object = {}): void {
    const time = this.#now().toISOString();
    for (const event of events) {
      // All have the same line but for its number.
      const rest = JSON.stringify({ time, ...beside, ...event, type: undefined }).slice(1);
      for (const watcher of this.#watchers) {
        if (isServiceEvent(event) && !concerns(watcher, event)) continue;
        watcher.seq++;
        if (watcher.stream.unreadBytes > UNREAD_REPLIES_MAX_BYTES) {
          tellOverrun(watcher.stream, UNREAD_REPLIES_MAX_BYTES, watcher.seq);
        } else watcher.stream.write(`{"type":"${event.type}","seq":${watcher.seq},${rest}`);
      }
    }
  }
}

function hasAbsentNode(view: View): boolean {
  return knownNodeIds(view).length > view.facts.nodes.length;
}

/** A reader that is too slow is told, for when it reads on, and gets nothing more. */
export function tellOverrun(stream: Stream, maxBytes: number, seq?: number): void {
  const { type, reason }: OverrunEvent = {
    type: 'overrun',
    reason: `more than ${maxBytes} bytes wait to be read; watch again`,
  };
  stream.write(JSON.stringify({ type, seq, reason }));
  stream.end();
}

/** Whether a line is about a service that a watcher asked for, or about one that takes from it. */
function concerns({ isMeant }: Watcher, event: ServiceEvent): boolean {
  return isMeant(event.service_name) || (event.type === 'preempted' && isMeant(event.by));
}

function onlyMeant(picture: WatchPicture, isMeant: (name: string) => boolean): WatchPicture {
  const isListed = ({ service_name }: { readonly service_name: string }) => isMeant(service_name);
  return {
    ...picture,
    allocations: picture.allocations.filter(isListed),
    hugepage_records: picture.hugepage_records.filter(isListed),
  };
}

/** Why nobody more can watch now. */
export function tooManyWatch(): Refusal {
  return refusal('BUSY', `Too many watch already: ${WATCHERS_MAX}; try again`);
}
