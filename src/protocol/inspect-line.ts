/**
 * The lines of an `inspect`, as they stand on the wire and in a recording: what the actors of the
 * daemon hear, say and become, and between it what a `watch` tells. Field by field in
 * `docs/protocol.md`.
 *
 * The lines whose type begins with `@xstate.` have the form that XState's own inspector uses, so
 * that other tools can read them. What the actors hand each other is shown in the protocol's own
 * words, and no more of it than the protocol tells anyone.
 */

import type { ErrorReply, Reply, SysfsTrouble } from './reply.js';
import type { OverrunEvent, WatchEvent, WatchPicture } from './watch-event.js';

/** When the inspection of a daemon begins: what was seen before is over. */
export interface InspectionLine {
  readonly type: 'inspection';
  readonly version: string;
  readonly time: string;
  readonly daemon_version: string;
}

/** What every line in the inspector's form has. */
export interface InspectorLine {
  /** Of the form, not of the protocol. */
  readonly _version: string;
  /** Unique in a recording, as long as the daemon is the same. */
  readonly id: string;
  /** Milliseconds since the epoch, as digits. */
  readonly createdAt: string;
  /** The session of the outermost actor. */
  readonly rootId: string;
  /** Of the actor that it is about: of a message, the one that hears it. */
  readonly sessionId: string;
}

/** The states that an actor is in: a name, or the states within each region or state by name. */
export type StateValue = string | { readonly [name: string]: StateValue };

/** What is shown of an actor. */
export interface ActorSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** Absent from an actor that is no state machine. */
  readonly value?: StateValue;
  /** What it owns, in the protocol's words. */
  readonly context?: CoordinatorView | ScannerView | StoreView | NodeView;
  /** Why it failed. */
  readonly error?: string;
}

export interface CoordinatorView {
  readonly generation: number;
  readonly store_problem: string | null;
  readonly sysfs_problem: SysfsTrouble | null;
}

export interface ScannerView {
  readonly sysfs_problem: SysfsTrouble | null;
}

export interface StoreView {
  readonly generation: number;
}

/** What one NUMA node owns, as its actor has it: also what is not on disk yet. */
export interface NodeView {
  /** `null` for the CPUs that sit in no node. */
  readonly node_id: number | null;
  readonly is_present: boolean;
  /** CPUs at home in the node, offline ones included. */
  readonly cpus: string;
  /** The CPUs of each service in this node. */
  readonly allocations: readonly NodeAllocation[];
  readonly capacity: readonly NodePages[];
}

export interface NodeAllocation {
  readonly service_name: string;
  readonly allocated_cores: string;
  /** Those of them that are claimed explicitly; absent when there are none. */
  readonly explicit_cores?: string;
}

/** Hugepages of one size in a node. Here alone, what is in use is told apart from what is not. */
export interface NodePages {
  /** KiB. */
  readonly size: number;
  /** Pages the kernel has; 0 of a size that is only on record. */
  readonly total: number;
  /** Those that the kernel has given away. */
  readonly used: number;
  /** Pages that can still be recorded. */
  readonly free: number;
  /** Pages on record. */
  readonly recorded: readonly { readonly service_name: string; readonly count: number }[];
}

/** An actor that is there when the inspection begins, or comes. */
export interface ActorLine extends InspectorLine {
  readonly type: '@xstate.actor';
  /** Such as `coordinator`, `node-0`, `write`. */
  readonly name: string;
  /** The session of the actor that made it; `null` of the outermost. */
  readonly parentId: string | null;
  /** The definition of the state machine, as JSON; `null` of an actor that is none. */
  readonly definition: string | null;
  readonly snapshot: ActorSnapshot;
}

/** A message: who hears it is in `sessionId`. */
export interface EventLine extends InspectorLine {
  readonly type: '@xstate.event';
  readonly event: ShownEvent;
  /** The session of the actor that says it; `null` when it comes from a client or the operator. */
  readonly sourceId: string | null;
}

/** A message as far as it is shown: its type, and fields of the protocol. */
export interface ShownEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What became of an actor when it had heard a message. */
export interface SnapshotLine extends InspectorLine {
  readonly type: '@xstate.snapshot';
  /** What it heard: only the type. */
  readonly event: { readonly type: string };
  readonly snapshot: ActorSnapshot;
  /** The transitions that it took, in order; absent when it took none. */
  readonly transitions?: readonly TakenTransition[];
}

/** A transition, in the words of the state machine's definition. */
export interface TakenTransition {
  /** The state's id: the keys from the machine's own id on, joined by dots. */
  readonly from: string;
  /** Empty when the state was not left. */
  readonly to: readonly string[];
  /** What the definition listens to there; `''` = nothing, it is taken as soon as its guard holds. */
  readonly event: string;
  /** The name of the guard that held; `null` when it has none. */
  readonly guard: string | null;
}

/** What a client is told. Long lists are left out of it. */
export interface ReplyLine {
  readonly type: 'reply';
  readonly time: string;
  /** The session of the coordinator. */
  readonly sessionId: string;
  /** The request's action, and the service that it names, if it names one. */
  readonly action: string;
  readonly service_name?: string;
  readonly reply: Partial<Reply> | ErrorReply;
}

/** Added by whoever records: the daemon says no more. */
export interface InspectionEndLine {
  readonly type: 'inspection_ended';
  readonly time: string;
  readonly reason: string;
}

/** A line about the machine and its services: what a `watch` of everything says. */
export type MachineLine = {
  readonly seq: number;
  readonly time: string;
} & (({ readonly type: 'snapshot' } & WatchPicture) | WatchEvent);

/** Any line of a recording. */
export type RecordingLine =
  | InspectionLine
  | ActorLine
  | EventLine
  | SnapshotLine
  | ReplyLine
  | MachineLine
  | ({ readonly seq?: number } & OverrunEvent)
  | InspectionEndLine;
