/**
 * All that a decision may look at: the machine, the pools, where CPUs belong, who holds what.
 */

import type { AccessPolicy } from './access-policy.js';
import { type CpuSet, NO_CPUS, overlaps } from './cpu-set.js';
import type { Holdings } from './holdings.js';
import { type Homes, NO_NODE, resolveHomes } from './homes.js';
import type { DevicePlaces, MachineFacts, NodeFacts } from './machine.js';
import { type PoolLists, type Pools, resolvePools } from './pools.js';
import type { SizeHeuristic } from './size-heuristic.js';

/** The picture of one moment. Equal views give equal decisions. */
export interface View {
  readonly facts: MachineFacts;
  readonly pools: Pools;
  readonly homes: Homes;
  readonly holdings: Holdings;
  /** What the operator lets whom do; `null` = there is no policy, and each may do what is its own. */
  readonly access: AccessPolicy | null;
  readonly sizeHeuristic: SizeHeuristic;
  /** Where the PCI devices sit that the requests at hand name; looked at for them. */
  readonly devices: DevicePlaces;
}

/** No device was asked for. */
export const NO_DEVICES: DevicePlaces = new Map();

/** What the operator decides. */
export interface OperatorSettings {
  readonly poolLists: PoolLists;
  /** How many CPUs who does not say gets. */
  readonly sizeHeuristic: SizeHeuristic;
  readonly access: AccessPolicy | null;
}

/** Facts of a machine of which nothing could be read yet. */
export const NO_FACTS: MachineFacts = {
  onlineCpus: NO_CPUS,
  isolatedCpus: NO_CPUS,
  cores: [],
  caches: [],
  nodes: [],
};

/**
 * Makes a view of fresh facts.
 *
 * @param settings what the operator says of pools, of callers and of sizes
 * @param known where CPUs were at home before, the latest first
 * @param devices where the devices sit that were asked for
 */
export function viewOf(
  facts: MachineFacts,
  { poolLists, access, sizeHeuristic }: OperatorSettings,
  known: Iterable<readonly [number, CpuSet]>,
  holdings: Holdings,
  devices: DevicePlaces = NO_DEVICES,
): View {
  return {
    facts,
    pools: resolvePools(facts, poolLists),
    homes: resolveHomes(facts, known, holdings.claimedCpus),
    holdings,
    access,
    sizeHeuristic,
    devices,
  };
}

/**
 * The same view with other holdings. Field by field: on Node.js 20 an object that is spread into one
 * with fields behind it, again and again, has a shape of its own each time, and whatever reads it is
 * slow.
 */
export function withHoldings(view: View, holdings: Holdings): View {
  const { facts, pools, homes, access, sizeHeuristic, devices } = view;
  return { facts, pools, homes, holdings, access, sizeHeuristic, devices };
}

/** Whether a node is there, or is gone but still has something recorded on it. */
export function knowsNode(view: View, nodeId: number): boolean {
  return findNode(view, nodeId) !== undefined || isRecordedNode(view, nodeId);
}

/** The node as the kernel shows it, or `undefined` when it is not there. */
export function findNode(view: View, nodeId: number): NodeFacts | undefined {
  return view.facts.nodes.find((node) => node.nodeId === nodeId);
}

/** All nodes, ascending: those that are there, and those that are gone but hold something. */
export function knownNodeIds(view: View): number[] {
  const ids = new Set(view.facts.nodes.map((node) => node.nodeId));
  for (const nodeId of [...view.homes.keys(), ...view.holdings.pages.keys()]) {
    if (nodeId !== NO_NODE && isRecordedNode(view, nodeId)) ids.add(nodeId);
  }
  return [...ids].sort((a, b) => a - b);
}

function isRecordedNode(view: View, nodeId: number): boolean {
  const homeCpus = view.homes.get(nodeId) ?? NO_CPUS;
  return overlaps(homeCpus, view.holdings.claimedCpus) || view.holdings.pages.has(nodeId);
}
