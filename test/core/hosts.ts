/** Machines with their claims, asked as clients ask: an object from the wire in, one out. */

import { expect } from 'chai';
import type { AccessPolicy } from '../../src/core/access-policy.js';
import { type Caller, nameOfOwner } from '../../src/core/caller.js';
import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import { cpuSetOf, hasCpu, subtractCpus } from '../../src/core/cpu-set.js';
import { decide, isAboutMachine } from '../../src/core/decide.js';
import { Holdings } from '../../src/core/holdings.js';
import type { Homes } from '../../src/core/homes.js';
import {
  type DevicePlaces,
  type MachineFacts,
  NO_DISTANCES,
  type PageCounters,
  type SysfsProblem,
} from '../../src/core/machine.js';
import type { PoolLists } from '../../src/core/pools.js';
import { DEFAULT_SIZE_HEURISTIC, type SizeHeuristic } from '../../src/core/size-heuristic.js';
import { type View, viewOf } from '../../src/core/view.js';
import { type ErrorCode, isRefusal } from '../../src/protocol/error-codes.js';
import { errorReply } from '../../src/protocol/reply.js';
import { parseRequest } from '../../src/protocol/request.js';
import {
  cachesOf,
  coresOf,
  type MachineShape,
  type NodeShape,
} from '../../src/simulate/machine-shape.js';
import { ROOT } from './callers.js';

/** An object as it stands on the wire. */
export type Wire = Readonly<Record<string, unknown>>;

/** A node of `cores` cores with `threads` CPUs each. */
export function nodeOf(
  nodeId: number,
  cores: number,
  threads = 1,
  pages: readonly PageCounters[] = [],
): NodeShape {
  return { nodeId, cores: [{ count: cores, threads }], memoryKb: 1_048_576, pages };
}

/** Hugepages of a size, of which some are in use. */
export function pagesOf(sizeKb: number, total: number, free = total): PageCounters {
  return { sizeKb, total, free, surplus: 0 };
}

/** One node of single-threaded CPUs, all isolated. */
export function flatMachine(cpuCount: number): MachineShape {
  return { nodes: [nodeOf(0, cpuCount)], numbering: 'contiguous', isolated: `0-${cpuCount - 1}` };
}

/** Nodes 0 (CPUs 0-3) and 1 (CPUs 4-7), single-threaded, all isolated. */
export const twoNodes: MachineShape = {
  nodes: [nodeOf(0, 4), nodeOf(1, 4)],
  numbering: 'contiguous',
  isolated: '0-7',
};

/** Nodes 0 (cores n, n+8 for n in 0-3) and 1 (the same for 4-7), all isolated. */
export const twoSmtNodes: MachineShape = {
  nodes: [nodeOf(0, 4, 2), nodeOf(1, 4, 2)],
  numbering: 'interleaved',
  isolated: '0-15',
};

/**
 * What a scan finds on a machine of that shape.
 *
 * @param goneNodes nodes that are unplugged, with all their CPUs
 */
export function factsOf(shape: MachineShape, goneNodes: readonly number[] = []): MachineFacts {
  const shaped = coresOf(shape);
  const isGone = (nodeId: number) => goneNodes.includes(nodeId);
  const plugged = shaped.filter(({ nodeId }) => !isGone(nodeId)).flatMap(({ cpus }) => cpus);
  const onlineCpus = subtractCpus(cpuSetOf(plugged), parseCpuList(shape.offline ?? ''));
  const online = (cpus: readonly number[]) => cpus.filter((cpu) => hasCpu(onlineCpus, cpu));
  const nodes = shape.nodes
    .filter(({ nodeId }) => shape.numa !== false && !isGone(nodeId))
    .map(({ nodeId, memoryKb, pages }) => ({
      nodeId,
      listedCpus: cpuSetOf(
        online(shaped.flatMap((core) => (core.nodeId === nodeId ? core.cpus : []))),
      ),
      pages,
      distances: NO_DISTANCES,
      memoryTotalKb: memoryKb,
    }))
    .sort((a, b) => a.nodeId - b.nodeId);
  return {
    onlineCpus,
    isolatedCpus: parseCpuList(shape.isolated ?? ''),
    cores: shaped
      .map(({ cpus }) => online(cpus))
      .filter((cpus) => cpus.length > 0)
      .sort(([a = 0], [b = 0]) => a - b),
    caches: cachesOf(shape)
      .map(online)
      .filter((cpus) => cpus.length > 0)
      .sort(([a = 0], [b = 0]) => a - b),
    nodes,
  };
}

/** A machine and what is held on it. Every granted request changes it, as in a running daemon. */
export class Host {
  holdings = Holdings.none;
  /** Why the machine cannot be read at present. */
  problem: SysfsProblem | null = null;
  /** Where the devices are that somebody may name. */
  devices: DevicePlaces = new Map();
  #shape: MachineShape;
  #goneNodes: readonly number[] = [];
  #poolLists: PoolLists;
  /** What the operator lets whom do. */
  access: AccessPolicy | null = null;
  /** How many CPUs who does not say gets. */
  sizeHeuristic: SizeHeuristic = DEFAULT_SIZE_HEURISTIC;
  #homes: Homes = new Map();

  /** @param general the CPU list of the general pool; `null` = not configured */
  constructor(shape: MachineShape, general: string | null = null) {
    this.#shape = shape;
    this.#poolLists = { general: general === null ? null : parseCpuList(general) };
    this.#homes = this.view.homes;
  }

  get view(): View {
    return viewOf(
      factsOf(this.#shape, this.#goneNodes),
      { poolLists: this.#poolLists, access: this.access, sizeHeuristic: this.sizeHeuristic },
      this.#homes,
      this.holdings,
      this.devices,
    );
  }

  /** The same machine with the same claims, to try something on. */
  copy(): Host {
    const copy = new Host(this.#shape);
    copy.holdings = this.holdings;
    copy.problem = this.problem;
    copy.access = this.access;
    copy.sizeHeuristic = this.sizeHeuristic;
    copy.devices = this.devices;
    copy.#goneNodes = this.#goneNodes;
    copy.#poolLists = this.#poolLists;
    copy.#homes = this.#homes;
    return copy;
  }

  /** CPUs go on- and offline, the isolated list changes, nodes go, the operator edits the list. */
  become(change: {
    readonly offline?: string;
    readonly isolated?: string;
    readonly nodes?: readonly NodeShape[];
    readonly goneNodes?: readonly number[];
    readonly general?: string | null;
  }): this {
    const { goneNodes, general, ...shape } = change;
    this.#homes = this.view.homes;
    this.#shape = { ...this.#shape, ...shape };
    if (goneNodes !== undefined) this.#goneNodes = goneNodes;
    if (general !== undefined)
      this.#poolLists = { general: general === null ? null : parseCpuList(general) };
    return this;
  }

  /** The reply to a request, whether granted or not. A refused request must have no effect. */
  ask(request: Wire, caller: Caller = ROOT): Wire {
    const parsed = parseRequest(request);
    if (isRefusal(parsed)) return throughJson(errorReply(parsed));
    if (!isAboutMachine(parsed)) throw new Error('a host knows nothing of a daemon');
    const before = recorded(this.holdings);
    const decision = decide(this.view, parsed, caller, this.problem);
    expect(recorded(this.holdings), 'the holdings that were decided upon').to.deep.equal(before);
    if (isRefusal(decision)) return throughJson(errorReply(decision));
    this.holdings = decision.holdings;
    return throughJson(decision.reply);
  }

  /** Asks for what must be granted, to get into a situation. */
  grant(...requests: readonly Wire[]): this {
    for (const request of requests) {
      const reply = this.ask(request);
      expect(reply, JSON.stringify(request)).not.to.have.property('error');
    }
    return this;
  }

  /** All CPUs of a service; `""` when it holds none. */
  cpusOf(serviceName: string): string {
    const claim = this.holdings.claims.get(serviceName);
    return claim === undefined ? '' : formatCpuList(claim.cpus);
  }

  /** The explicit CPUs of a service. */
  explicitCpusOf(serviceName: string): string {
    const claim = this.holdings.claims.get(serviceName);
    return claim === undefined ? '' : formatCpuList(claim.explicitCpus);
  }
}

/** Holdings as plain data, by name, that can be compared and read. */
export function recorded(holdings: Holdings) {
  const claims = [...holdings.claims].map(([name, { pool, policy, cpus, explicitCpus }]) => [
    name,
    { pool, policy, cpus: formatCpuList(cpus), explicit: formatCpuList(explicitCpus) },
  ]);
  const pages = [...holdings.pages].flatMap(([nodeId, services]) =>
    [...services].flatMap(([name, sizes]) =>
      [...sizes].map(([sizeKb, count]) => `${nodeId} ${name} ${sizeKb}: ${count}`),
    ),
  );
  return {
    claims: claims.sort(([a], [b]) => (`${a}` < `${b}` ? -1 : 1)),
    pages: pages.sort(),
    owners: [...holdings.owners].map(([name, owner]) => `${name}: ${nameOfOwner(owner)}`).sort(),
  };
}

/** Checks that a reply is an error of exactly the documented shape. */
export function expectRefusal(reply: Wire, code: ErrorCode, sentence: string | RegExp = ''): void {
  const { details, ...rest } = reply;
  expect(rest).to.have.all.keys('version', 'error', 'code');
  expect(reply['code'], String(reply['error'])).to.equal(code);
  expect(reply['version']).to.equal('1.0');
  if (typeof sentence === 'string') expect(reply['error']).to.include(sentence);
  else expect(reply['error']).to.match(sentence);
  if (details !== undefined) expect(details).to.be.an('object');
}

/** A reply without what would be granted instead, which depends on who asks, and how. */
export function withoutNearest({ details, ...reply }: Wire): Wire {
  const { nearest: _, ...rest } = (details ?? {}) as Wire;
  return { ...reply, details: rest };
}

/** `allocate_cores`. */
export function cores(service_name: string, num_of_cores: number, more: Wire = {}): Wire {
  return { action: 'allocate_cores', service_name, num_of_cores, ...more };
}

/** `allocate_cores_percent`. */
export function percent(service_name: string, percentage: number, more: Wire = {}): Wire {
  return { action: 'allocate_cores_percent', service_name, percent: percentage, ...more };
}

/** `allocate_numa_cores`. */
export function numa(
  service_name: string,
  numa_node: number,
  num_of_cores: number,
  more: Wire = {},
): Wire {
  return { action: 'allocate_numa_cores', service_name, numa_node, num_of_cores, ...more };
}

/** `allocate_hugepages`. */
export function hugepages(
  service_name: string,
  node_id: number,
  size_kb: number,
  hugepages_requested: number,
): Wire {
  return { action: 'allocate_hugepages', service_name, node_id, size_kb, hugepages_requested };
}

/** `list_allocations`. */
export function list(more: Wire = {}): Wire {
  return { action: 'list_allocations', ...more };
}

export const general = { pool: 'general' } as const;
export const legacy = { preemption_policy: 'legacy' } as const;
export const nonPreemptive = { preemption_policy: 'non-preemptive' } as const;

function throughJson(reply: object): Wire {
  return JSON.parse(JSON.stringify(reply)) as Wire;
}
