/**
 * What a decision means to single nodes: the part of the machine, of the claims and of the
 * records that one NUMA node owns, and the changes that a plan makes to it.
 */

import {
  type CpuSet,
  cpusOf,
  intersectCpus,
  isEmpty,
  NO_CPUS,
  overlaps,
  sameCpus,
  subtractCpus,
  uniteCpus,
} from './cpu-set.js';
import type { Claim, NodePageRecords, PageRecord } from './holdings.js';
import { homeOfCpus, NO_NODE } from './homes.js';
import type { PageCounters } from './machine.js';
import type { Plan } from './plan.js';
import { findNode, knownNodeIds, type View } from './view.js';

/** The CPUs of one service in one node. */
export interface NodeClaim {
  readonly cpus: CpuSet;
  readonly explicitCpus: CpuSet;
}

/** All that one node owns. */
export interface NodeSlice {
  /** A node id, or {@link NO_NODE}. */
  readonly nodeId: number;
  /** Whether the kernel shows the node now. */
  readonly isPresent: boolean;
  /** CPUs at home in the node, offline ones included. */
  readonly cpus: CpuSet;
  readonly claims: ReadonlyMap<string, NodeClaim>;
  readonly pages: readonly PageCounters[];
  readonly records: NodePageRecords;
}

/** What a plan changes in one node. */
export interface NodeChange {
  readonly nodeId: number;
  /** Service → its claim in the node afterwards; `undefined` = none. */
  readonly claims: ReadonlyMap<string, NodeClaim | undefined>;
  readonly records: readonly PageRecord[];
}

/** Everything that has a home: nodes that are there or hold something, and CPUs without a node. */
export function homesInUse(view: View): number[] {
  const homeless = view.homes.get(NO_NODE) ?? NO_CPUS;
  return [...knownNodeIds(view), ...(isEmpty(homeless) ? [] : [NO_NODE])];
}

/** The part of the view that one node owns. */
export function sliceOf(view: View, nodeId: number): NodeSlice {
  const { isPresent, cpus, pages } = machinePartOf(view, nodeId);
  const claims = new Map<string, NodeClaim>();
  for (const [serviceName, claim] of view.holdings.claims) {
    const part = partOf(claim, cpus);
    if (part !== undefined) claims.set(serviceName, part);
  }
  return { nodeId, isPresent, cpus, claims, pages, records: view.holdings.pagesOf(nodeId) };
}

/** Whether a slice has what the machine has now, whatever is claimed and recorded. */
export function isCurrent(view: View, slice: NodeSlice): boolean {
  const now = machinePartOf(view, slice.nodeId);
  return (
    now.isPresent === slice.isPresent && now.pages === slice.pages && sameCpus(now.cpus, slice.cpus)
  );
}

function machinePartOf(view: View, nodeId: number) {
  const node = findNode(view, nodeId);
  return {
    isPresent: node !== undefined || nodeId === NO_NODE,
    cpus: view.homes.get(nodeId) ?? NO_CPUS,
    pages: node?.pages ?? NO_PAGES,
  };
}

/** One reference for all nodes without pages, so that slices compare by reference. */
const NO_PAGES: readonly PageCounters[] = [];

/** What plans that are carried out one after the other change in each node they touch. */
export class ChangesByNode {
  readonly #byNode = new Map<
    number,
    { nodeId: number; claims: Map<string, NodeClaim | undefined>; records: PageRecord[] }
  >();

  /** Adds a plan. @param view what it was decided on */
  add(view: View, plan: Plan): void {
    for (const { serviceName, claim } of plan.claimChanges) {
      const before = view.holdings.claims.get(serviceName);
      for (const nodeId of homesOf(view, changedCpus(before, claim))) {
        const cpus = view.homes.get(nodeId) ?? NO_CPUS;
        this.#of(nodeId).claims.set(serviceName, claim && partOf(claim, cpus));
      }
    }
    for (const record of plan.pageChanges) this.#of(record.nodeId).records.push(record);
  }

  /** The changes of all plans so far; one for each node. */
  all(): NodeChange[] {
    return [...this.#byNode.values()];
  }

  #of(nodeId: number) {
    let change = this.#byNode.get(nodeId);
    if (change === undefined) {
      change = { nodeId, claims: new Map(), records: [] };
      this.#byNode.set(nodeId, change);
    }
    return change;
  }
}

/** CPUs that are claimed otherwise than before. */
function changedCpus(before: Claim | undefined, after: Claim | undefined): CpuSet {
  const differing = (a: CpuSet = NO_CPUS, b: CpuSet = NO_CPUS) =>
    uniteCpus(subtractCpus(a, b), subtractCpus(b, a));
  return uniteCpus(
    differing(before?.cpus, after?.cpus),
    differing(before?.explicitCpus, after?.explicitCpus),
  );
}

function homesOf({ homes }: View, cpus: CpuSet): Set<number> {
  const homeOf = homeOfCpus(homes);
  return new Set(cpusOf(cpus).map((cpu) => homeOf.get(cpu) ?? NO_NODE));
}

function partOf(claim: Claim, cpus: CpuSet): NodeClaim | undefined {
  if (!overlaps(claim.cpus, cpus)) return undefined;
  return {
    cpus: intersectCpus(claim.cpus, cpus),
    explicitCpus: intersectCpus(claim.explicitCpus, cpus),
  };
}
