/** What the coordinator is given, hears, remembers and tells. */

import type { DoneActorEvent, ErrorActorEvent } from 'xstate';
import type { Change, PendingReply, Ticket, TicketReply } from '../src/core/coordination.js';
import type { Holdings } from '../src/core/holdings.js';
import type { Homes } from '../src/core/homes.js';
import type { MachineFacts, SysfsProblem, VitalSigns } from '../src/core/machine.js';
import type { Snapshot } from '../src/core/snapshot.js';
import type { OperatorSettings, View } from '../src/core/view.js';
import type { Refusal } from '../src/protocol/error-codes.js';
import type { ScannerReport } from './scanner.js';
import type { StoreProblem, StoreReport } from './store.js';

/** What may change while the daemon runs. */
export interface Settings extends OperatorSettings {
  readonly rescanIntervalMs: number;
}

export interface CoordinatorInput {
  /** The directory that stands for `/sys`. */
  readonly sysfsRoot: string;
  readonly settings: Settings;
  /** What was on disk. */
  readonly holdings: Holdings;
  readonly homes: Homes;
  readonly generation: number;
  /** The time in milliseconds since the epoch; actors have no clock of their own. */
  readonly now: () => number;
  /** A number from 0 up to 1, another each time; nor chance. */
  readonly random: () => number;
}

export type CoordinatorEvent =
  /** From the socket, what came at about the same time; answered by one `REPLY` to each ticket. */
  | {
      readonly type: 'REQUEST';
      readonly tickets: readonly Ticket[];
      /** What was seen of the machine after they had come; `null` = nobody looked yet. */
      readonly look: VitalSigns | null;
    }
  /** The operator changed something. */
  | { readonly type: 'RECONFIGURE'; readonly settings: Settings }
  /** Finish what is under way, then end. */
  | { readonly type: 'STOP' }
  /** To itself: the facts are fresh enough for these requests. */
  | { readonly type: 'DECIDE'; readonly tickets: readonly Ticket[] }
  | { readonly type: 'holdings changed' }
  | { readonly type: 'all stored' }
  | ScannerReport
  | StoreReport
  | ErrorActorEvent
  | DoneActorEvent;

/** What the edges hear. */
export type CoordinatorEmission =
  | { readonly type: 'REPLIES'; readonly replies: readonly TicketReply[] }
  /** Requests are decided from now on; the machine was read, or could not be. */
  | { readonly type: 'READY'; readonly view: View }
  /** Plans were decided; their replies follow when they are durable. */
  | { readonly type: 'CHANGED'; readonly changes: readonly Change[] }
  /** Changes are durable; their replies follow at once. */
  | {
      readonly type: 'COMMITTED';
      readonly changes: readonly Change[];
      readonly generation: number;
    }
  /** Changes that were not durable are taken back. */
  | { readonly type: 'UNDONE'; readonly because: Refusal; readonly requestCount: number }
  /** Nothing can be stored, for another reason than before. */
  | { readonly type: 'STORE_PROBLEM'; readonly problem: StoreProblem }
  | { readonly type: 'STORE_RECOVERED' }
  /** The pools are others, because the operator says so. */
  | { readonly type: 'POOLS_CHANGED'; readonly view: View }
  | { readonly type: 'FACTS_CHANGED'; readonly view: View }
  | { readonly type: 'SYSFS_PROBLEM'; readonly problem: SysfsProblem }
  | { readonly type: 'SYSFS_RECOVERED' }
  | { readonly type: 'NODE_REMOVED'; readonly nodeId: number; readonly view: View }
  | { readonly type: 'CHILD_FAILED'; readonly actorId: string; readonly error: unknown }
  /** The program is wrong; what was asked was not done. */
  | { readonly type: 'BUG'; readonly sentence: string };

export interface CoordinatorContext {
  readonly input: CoordinatorInput;
  readonly settings: Settings;
  readonly view: View;
  readonly sysfsProblem: SysfsProblem | null;
  /** Why the last write failed, and since when none succeeds; `null` while the store works. */
  readonly storeProblem: StoreProblem | null;
  /** Nodes that have an actor. */
  readonly nodeIds: readonly number[];
  /** The facts that the node actors were told of. */
  readonly alignedFacts: MachineFacts | null;
  /** Requests that arrived after the present look at the machine began. */
  readonly waiting: readonly Ticket[];
  /** Requests that arrived before it. */
  readonly asking: readonly Ticket[];
  /** Requests whose `DECIDE` is on its way. */
  readonly undecidedCount: number;
  /** Decided; their replies wait for durability. */
  readonly pending: readonly PendingReply[];
  /** Of the holdings in {@link view}; grows with every change. */
  readonly revision: number;
  /** What is on disk. */
  readonly durable: Snapshot;
  /** Of the newest file on disk. */
  readonly generation: number;
  /** Saves up to this revision were undone: that they succeeded means nothing any more. */
  readonly undoneRevision: number;
  readonly restartCount: number;
}
