/**
 * What is shown of an actor and of what it hears: an allow-list, in the words of the protocol. Who
 * asked, the operator's policy, and whatever else the actors hand each other stays inside.
 */

import { type ActorRefLike, type AnyStateMachine, StateMachine } from 'xstate';
import type { CoordinatorContext, CoordinatorEvent } from '../../actors/coordinator-events.js';
import type { NumaNodeEvent } from '../../actors/numa-node.js';
import type { ScannerContext, ScannerEvent } from '../../actors/scanner.js';
import type { StoreContext, StoreEvent } from '../../actors/store.js';
import type { Ticket } from '../core/coordination.js';
import { formatCpuList } from '../core/cpu-list.js';
import { isEmpty, NO_CPUS } from '../core/cpu-set.js';
import { listedRecord } from '../core/describe.js';
import { NO_NODE } from '../core/homes.js';
import type { PageCounters } from '../core/machine.js';
import { compareNames } from '../core/names.js';
import { freePages } from '../core/pages.js';
import { messageOf } from '../core/quoting.js';
import type { NodeClaim, NodeSlice } from '../core/slices.js';
import { isRefusal, type Refusal } from '../protocol/error-codes.js';
import type {
  ActorSnapshot,
  NodeAllocation,
  NodePages,
  NodeView,
  ReplyLine,
  ShownEvent,
  StateValue,
} from '../protocol/inspect-line.js';
import { errorReply, type Reply } from '../protocol/reply.js';
import { requestWords } from '../protocol/request-words.js';
import { guardOf } from './statechart.js';
import { guardWords } from './statechart-words.js';

/** What actors hear that is worth more than its type. */
type Heard = CoordinatorEvent | NumaNodeEvent | ScannerEvent | StoreEvent;

/** An actor as the inspection hands it over. */
export interface Inspected {
  readonly sessionId: string;
  readonly id: string;
  readonly logic: unknown;
  readonly _parent?: Inspected | undefined;
}

/** What XState calls like an actor is one, of its own making. */
export function inspected(actor: ActorRefLike): Inspected {
  return actor as unknown as Inspected;
}

/** The state machine that an actor runs; `null` when it is none. */
export function machineOf({ logic }: Inspected): AnyStateMachine | null {
  return logic instanceof StateMachine ? logic : null;
}

/** A state machine's definition as JSON; functions stand as their names, or are left out. */
export function definitionOf(machine: AnyStateMachine): string {
  return JSON.stringify(machine.config, (key, value: unknown) => {
    if (key === 'context' || key === 'params' || key === 'input') return undefined;
    if (typeof value !== 'function') return value;
    const guard = key === 'guard' ? guardOf(value) : null;
    return { type: guard === null ? value.name : guardWords(guard) };
  });
}

/** What is shown of a message. */
export function shownEvent(event: { readonly type: string }): ShownEvent {
  const { type } = event;
  const heard = event as Heard;
  switch (heard.type) {
    case 'REQUEST':
    case 'DECIDE':
      return { type, ...ticketWords(heard.tickets) };
    case 'FACTS':
      return { type, online_cpus: formatCpuList(heard.facts.onlineCpus) };
    case 'FRESH':
    case 'SCAN_FAILED':
      return { type, sysfs_problem: heard.problem };
    case 'STORED':
    case 'WRITTEN':
      return { type, generation: heard.generation };
    case 'STORE_FAILED':
      return { type, store_problem: heard.problem.reason };
    case 'APPLY': {
      const { nodeId, claims, records } = heard.change;
      const allocations = allocationsOf(claims);
      const hugepage_records = records.map(listedRecord);
      return { type, node_id: shownNodeId(nodeId), allocations, hugepage_records };
    }
    case 'SYNC':
      return { type, ...nodeView(heard.slice) };
    default:
      return 'error' in event ? { type, reason: messageOf(event.error) } : { type };
  }
}

/** A request in its own words, or several as a list of them. */
function ticketWords(tickets: readonly Ticket[]): object {
  const requests = tickets.map(({ request }) => requestWords(request));
  return requests.length === 1 ? { ...requests[0] } : { requests };
}

/** What is shown of an actor at one moment. */
export function shownSnapshot(actor: Inspected, snapshot: unknown): ActorSnapshot {
  const { status, value, context, error } = snapshot as {
    readonly status: ActorSnapshot['status'];
    readonly value?: StateValue;
    readonly context?: unknown;
    readonly error?: unknown;
  };
  const machine = machineOf(actor);
  return {
    status,
    ...(machine === null || value === undefined ? {} : { value }),
    ...(machine === null ? {} : shownContext(machine.id, context)),
    ...(error === undefined ? {} : { error: messageOf(error) }),
  };
}

function shownContext(machineId: string, context: unknown): Pick<ActorSnapshot, 'context'> {
  switch (machineId) {
    case 'coordinator': {
      const { generation, storeProblem, sysfsProblem } = context as CoordinatorContext;
      const problems = { store_problem: storeProblem?.reason ?? null, sysfs_problem: sysfsProblem };
      return { context: { generation, ...problems } };
    }
    case 'scanner':
      return { context: { sysfs_problem: (context as ScannerContext).problem } };
    case 'store':
      return { context: { generation: (context as StoreContext).generation } };
    case 'numa-node':
      return { context: nodeView((context as { readonly slice: NodeSlice }).slice) };
    default:
      return {};
  }
}

function nodeView({ nodeId, isPresent, cpus, claims, pages, records }: NodeSlice): NodeView {
  const recordedSizes = [...records.values()].flatMap((sizes) => [...sizes.keys()]);
  const known = new Map(pages.map((size) => [size.sizeKb, size]));
  const sizes = [...new Set([...known.keys(), ...recordedSizes])].sort((a, b) => a - b);
  return {
    node_id: shownNodeId(nodeId),
    is_present: isPresent,
    cpus: formatCpuList(cpus),
    allocations: allocationsOf(claims),
    capacity: sizes.map((sizeKb) => pagesView(known.get(sizeKb) ?? noPages(sizeKb), records)),
  };
}

function pagesView(counters: PageCounters, records: NodeSlice['records']): NodePages {
  const { sizeKb, total, free } = counters;
  const recorded = [...records]
    .sort(([a], [b]) => compareNames(a, b))
    .map(([service_name, sizes]) => ({ service_name, count: sizes.get(sizeKb) ?? 0 }))
    .filter(({ count }) => count > 0);
  // The two are files of their own, and one may be read before the other changes.
  const used = Math.max(total - free, 0);
  return { size: sizeKb, total, used, free: freePages(counters, records), recorded };
}

function noPages(sizeKb: number): PageCounters {
  return { sizeKb, total: 0, free: 0, surplus: 0 };
}

/** The CPUs of services within a node, by name; none of one that lost its last there. */
function allocationsOf(claims: ReadonlyMap<string, NodeClaim | undefined>): NodeAllocation[] {
  return [...claims]
    .sort(([a], [b]) => compareNames(a, b))
    .map(([service_name, claim]) => ({
      service_name,
      allocated_cores: formatCpuList(claim?.cpus ?? NO_CPUS),
      ...(claim === undefined || isEmpty(claim.explicitCpus)
        ? {}
        : { explicit_cores: formatCpuList(claim.explicitCpus) }),
    }));
}

function shownNodeId(nodeId: number): number | null {
  return nodeId === NO_NODE ? null : nodeId;
}

/** Lists in replies that may be as long as the machine is large. */
const LONG_FIELDS: ReadonlySet<string> = new Set([
  'allocations',
  'cpu_pool',
  'hugepage_records',
  'hugepages',
  'nodes',
  'numa_hugepages',
  'pools',
  'supported_cpu_features',
]);

/** A reply without its long lists. */
export function shownReply(outcome: Reply | Refusal): ReplyLine['reply'] {
  if (isRefusal(outcome)) return errorReply(outcome);
  return Object.fromEntries(Object.entries(outcome).filter(([name]) => !LONG_FIELDS.has(name)));
}
