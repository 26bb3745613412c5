/** Machines, slices and claims in few words. */

import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import { cpusOf, NO_CPUS, uniteCpus } from '../../src/core/cpu-set.js';
import type { Holdings, PageRecord } from '../../src/core/holdings.js';
import { withRecord } from '../../src/core/holdings.js';
import {
  type MachineFacts,
  NO_DISTANCES,
  type PageCounters,
  type VitalSigns,
  type Wanted,
} from '../../src/core/machine.js';
import type { NodeClaim, NodeSlice } from '../../src/core/slices.js';

/** Pages of 2 MiB, all of them free unless said otherwise. */
export function smallPages(total: number, free = total): PageCounters {
  return { sizeKb: 2048, total, free, surplus: 0 };
}

/** A node: its CPU list, and its pages. */
export interface NodeSketch {
  readonly cpus: string;
  readonly pages?: readonly PageCounters[];
}

/**
 * A machine without SMT, all of its CPUs online and isolated unless said otherwise.
 *
 * @param nodes node id → its CPU list, or more of it
 */
export function machineOf(
  nodes: Readonly<Record<number, string | NodeSketch>>,
  unless: { readonly online?: string; readonly isolated?: string } = {},
): MachineFacts {
  const sketches = Object.entries(nodes).map(([id, sketch]) => ({
    nodeId: Number(id),
    ...(typeof sketch === 'string' ? { cpus: sketch } : sketch),
  }));
  const everyCpu = sketches.map(({ cpus }) => parseCpuList(cpus)).reduce(uniteCpus, NO_CPUS);
  const onlineCpus = unless.online === undefined ? everyCpu : parseCpuList(unless.online);
  return {
    onlineCpus,
    isolatedCpus: unless.isolated === undefined ? onlineCpus : parseCpuList(unless.isolated),
    cores: cpusOf(onlineCpus).map((cpu) => [cpu]),
    caches: [],
    nodes: sketches.map(({ nodeId, cpus, pages = [] }) => ({
      nodeId,
      listedCpus: parseCpuList(cpus),
      pages,
      distances: NO_DISTANCES,
      memoryTotalKb: null,
    })),
  };
}

/** That nothing is wanted beyond what every request needs. */
export const NOTHING_MORE: Wanted = { pagesOf: 'none', devices: [] };

/** What a quick look at the machine finds; every device is in node 1. */
export function vitalsOf(
  facts: MachineFacts,
  { pagesOf, devices }: Wanted = NOTHING_MORE,
): VitalSigns {
  const isWanted = (nodeId: number) =>
    pagesOf === 'all' || (pagesOf !== 'none' && pagesOf.includes(nodeId));
  return {
    onlineCpus: facts.onlineCpus,
    isolatedCpus: facts.isolatedCpus,
    nodeIds: facts.nodes.map(({ nodeId }) => nodeId),
    pages: facts.nodes.flatMap(({ nodeId, pages }) =>
      isWanted(nodeId) ? [{ nodeId, pages }] : [],
    ),
    devices: new Map(devices.map((address) => [address, { nodeId: 1 }])),
  };
}

/** What one service has in a node. */
export function claimOn(cpus: string, explicitCpus = ''): NodeClaim {
  return { cpus: parseCpuList(cpus), explicitCpus: parseCpuList(explicitCpus) };
}

/** Who has what in a node, by service. */
export function claimsOf(claims: Readonly<Record<string, string | NodeClaim | undefined>>) {
  return new Map(
    Object.entries(claims).map(([serviceName, claim]) => [
      serviceName,
      typeof claim === 'string' ? claimOn(claim) : claim,
    ]),
  );
}

/** What a node owns; node 1 with CPUs 0-3 of which nothing is claimed, unless said otherwise. */
export function sliceOf(
  unless: Partial<Omit<NodeSlice, 'cpus' | 'claims' | 'records'>> & {
    readonly cpus?: string;
    readonly claims?: Readonly<Record<string, string | NodeClaim>>;
    readonly records?: readonly Omit<PageRecord, 'nodeId'>[];
  } = {},
): NodeSlice {
  const { nodeId = 1, isPresent = true, pages = [], cpus = '0-3', claims = {} } = unless;
  let records: NodeSlice['records'] = new Map();
  for (const record of unless.records ?? []) records = withRecord(records, { ...record, nodeId });
  return {
    nodeId,
    isPresent,
    pages,
    cpus: parseCpuList(cpus),
    claims: new Map(
      Object.entries(claims).map(([name, claim]) => [
        name,
        typeof claim === 'string' ? claimOn(claim) : claim,
      ]),
    ),
    records,
  };
}

/** Claims as `service: list`, and `service: list/explicit list` where some are explicit. */
export function readableClaims(claims: ReadonlyMap<string, NodeClaim>): Record<string, string> {
  return Object.fromEntries(
    [...claims]
      .map(([serviceName, { cpus, explicitCpus }]): [string, string] => {
        const explicit = formatCpuList(explicitCpus);
        return [serviceName, formatCpuList(cpus) + (explicit === '' ? '' : `/${explicit}`)];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Page records as `service size: count`. */
export function readableRecords(records: NodeSlice['records']): Record<string, number> {
  return Object.fromEntries(
    [...records].flatMap(([serviceName, sizes]) =>
      [...sizes].map(([sizeKb, count]): [string, number] => [`${serviceName} ${sizeKb}`, count]),
    ),
  );
}

/** Who holds what, so that a failed comparison can be read. */
export function readableHoldings({ claims, pages }: Holdings) {
  return {
    claims: readableClaims(claims),
    records: Object.fromEntries(
      [...pages].map(([nodeId, records]) => [nodeId, readableRecords(records)]),
    ),
  };
}

/** What slices together hold, as {@link readableHoldings} shows it. */
export function readableUnion(slices: readonly NodeSlice[]): ReturnType<typeof readableHoldings> {
  const claims = new Map<string, NodeClaim>();
  for (const [serviceName, { cpus, explicitCpus }] of slices.flatMap((one) => [...one.claims])) {
    const { cpus: known, explicitCpus: knownExplicit } = claims.get(serviceName) ?? claimOn('');
    claims.set(serviceName, {
      cpus: uniteCpus(known, cpus),
      explicitCpus: uniteCpus(knownExplicit, explicitCpus),
    });
  }
  return {
    claims: readableClaims(claims),
    records: Object.fromEntries(
      slices
        .filter(({ records }) => records.size > 0)
        .map(({ nodeId, records }) => [nodeId, readableRecords(records)]),
    ),
  };
}
