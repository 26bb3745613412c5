/**
 * The machine as the page draws it: every node with its cores side by side, and who owns what. What
 * there is comes from the picture of the watch; who owns it, from the actors of the nodes, which know
 * it before it is on disk.
 */

import { formatCpuList, parseCpuList } from '../core/cpu-list.js';
import { cpuSetOf, cpusOf, hasCpu } from '../core/cpu-set.js';
import { compareNames } from '../core/names.js';
import type { NodePages, NodeView } from '../protocol/inspect-line.js';
import type { TopologyNode } from '../protocol/reply.js';
import type { Seen } from '../recording/seen.js';
import type { Moment } from './moment.js';
import type { OwnerLook, OwnerLooks } from './owners.js';

/** One CPU. An owned one may be offline, and may be in no pool any more. */
export interface CpuCell {
  readonly cpu: number;
  readonly owner: OwnerLook | null;
  readonly isExplicit: boolean;
  readonly isOnline: boolean;
  readonly pool: 'isolated' | 'general' | null;
  /** Whether its pool hands out nothing, as the general pool does when it shares CPUs with the other. */
  readonly isClosed: boolean;
  /** Whether its owner is another than before the chosen message. */
  readonly hasChanged: boolean;
  /** All of it in words. */
  readonly words: string;
}

/** Hugepages of one size in a node. */
export interface PageBar {
  readonly sizeKb: number;
  readonly total: number;
  /** The kernel has given them away. */
  readonly used: number;
  /** On record, and not in use yet. */
  readonly reserved: number;
  readonly free: number;
  /** On record for all services. */
  readonly recorded: number;
  /** Recorded beyond what there is. */
  readonly shortfall: number;
  readonly records: readonly { readonly owner: OwnerLook; readonly count: number }[];
}

export interface NodePicture {
  /** `node 0`, or `no node`. */
  readonly title: string;
  readonly isPresent: boolean;
  readonly memoryKb: number | null;
  readonly onlineCount: number;
  readonly cpuCount: number;
  /** Thread siblings together; CPUs that are offline are in no core, and come last. */
  readonly cores: readonly (readonly CpuCell[])[];
  readonly pages: readonly PageBar[];
}

export interface MachinePicture {
  readonly nodes: readonly NodePicture[];
  readonly legend: readonly { readonly owner: OwnerLook; readonly cpuCount: number }[];
  readonly counts: Readonly<Record<'free' | 'offline' | 'unpooled' | 'closed', number>>;
}

type NodeId = number | null;

/** What the picture of a node is made of; of the same, the same comes. */
interface NodeSource {
  readonly node: TopologyNode | undefined;
  readonly view: NodeView | undefined;
  readonly online: string;
  /** The CPUs of both pools. */
  readonly pooled: string;
  /** Who owned what before; `null` where nothing of the node is other than then. */
  readonly oldOwners: ReadonlyMap<number, Owned> | null;
}

/** Nodes as they were drawn last: of a thousand, few are others at the next moment. */
export type DrawnNodes = Map<
  NodeId,
  { readonly source: NodeSource; readonly picture: NodePicture }
>;

/**
 * Draws a moment.
 *
 * @param drawn is brought up to date; with the same looks always
 */
export function machinePicture(
  { seen, before }: Moment,
  looks: OwnerLooks,
  drawn: DrawnNodes = new Map(),
): MachinePicture {
  const views = nodeViews(seen);
  const oldViews = before === null ? null : nodeViews(before);
  const known = new Map((seen.picture?.nodes ?? []).map((node) => [node.node_id, node]));
  const services = servicesOf(seen);
  for (const name of services) looks.of(name);
  const oldOwners = oldViews === null ? null : ownersOf(oldViews);
  const online = seen.picture?.online_cpus ?? '';
  const { isolated, general } = seen.picture?.pools ?? {};
  const pooled = JSON.stringify([isolated, general]);
  const marker = cpuMarker(seen);
  const nodeIds = [...new Set<NodeId>([...known.keys(), ...views.keys()])].sort(byId);
  const nodes = nodeIds.map((nodeId) => {
    const view = views.get(nodeId);
    const isOther = oldViews !== null && oldViews.get(nodeId) !== view;
    const source: NodeSource = {
      node: known.get(nodeId),
      view,
      online,
      pooled,
      oldOwners: isOther ? oldOwners : null,
    };
    const last = drawn.get(nodeId);
    if (last !== undefined && isSame(last.source, source)) return last.picture;
    const picture = nodePicture(nodeId, source, marker, looks);
    drawn.set(nodeId, { source, picture });
    return picture;
  });
  for (const nodeId of drawn.keys()) {
    if (!known.has(nodeId) && !views.has(nodeId)) drawn.delete(nodeId);
  }
  const cells = nodes.flatMap(({ cores }) => cores.flat());
  return { nodes, legend: legendOf(services, cells, looks), counts: countsOf(cells) };
}

function isSame(a: NodeSource, b: NodeSource): boolean {
  return (
    a.node === b.node &&
    a.view === b.view &&
    a.online === b.online &&
    a.pooled === b.pooled &&
    a.oldOwners === b.oldOwners
  );
}

/** Names of all services that own or have on record anything at a moment. */
function servicesOf(seen: Seen): string[] {
  const names = new Set<string>();
  for (const { allocations, capacity } of nodeViews(seen).values()) {
    for (const { service_name } of allocations) names.add(service_name);
    for (const { recorded } of capacity)
      for (const record of recorded) names.add(record.service_name);
  }
  return [...names].sort(compareNames);
}

function nodeViews({ actors }: Seen): Map<NodeId, NodeView> {
  const views = new Map<NodeId, NodeView>();
  for (const { snapshot } of actors.values()) {
    const { context } = snapshot;
    if (context !== undefined && 'capacity' in context) views.set(context.node_id, context);
  }
  return views;
}

interface Owned {
  readonly name: string;
  readonly isExplicit: boolean;
}

function ownersOf(views: ReadonlyMap<NodeId, NodeView>): Map<number, Owned> {
  const owners = new Map<number, Owned>();
  for (const { allocations } of views.values()) {
    for (const { service_name: name, allocated_cores, explicit_cores = '' } of allocations) {
      const explicit = parseCpuList(explicit_cores);
      for (const cpu of cpusOf(parseCpuList(allocated_cores))) {
        owners.set(cpu, { name, isExplicit: hasCpu(explicit, cpu) });
      }
    }
  }
  return owners;
}

/** What the machine says of a CPU, whoever owns it. */
type CpuMarker = (cpu: number) => Pick<CpuCell, 'isOnline' | 'pool' | 'isClosed'>;

function cpuMarker({ picture }: Seen): CpuMarker {
  if (picture === null) return () => ({ isOnline: false, pool: null, isClosed: false });
  const online = parseCpuList(picture.online_cpus);
  const { isolated, general } = picture.pools;
  const isolatedCpus = parseCpuList(isolated.configured_cpus);
  const generalCpus = parseCpuList(general.configured_cpus);
  const eligibleCpus = [isolated, general].map((pool) => parseCpuList(pool.eligible_cpus));
  return (cpu) => {
    const isOnline = hasCpu(online, cpu);
    const pool = hasCpu(isolatedCpus, cpu)
      ? 'isolated'
      : hasCpu(generalCpus, cpu)
        ? 'general'
        : null;
    const isEligible = eligibleCpus.some((cpus) => hasCpu(cpus, cpu));
    return { isOnline, pool, isClosed: isOnline && pool !== null && !isEligible };
  };
}

/** Each CPU of the node once: in its core, or alone where it is in none. */
function coresOf(node: TopologyNode | undefined, view: NodeView | undefined): number[][] {
  const all = new Set(
    [node?.cpus ?? '', view?.cpus ?? ''].flatMap((list) => cpusOf(parseCpuList(list))),
  );
  const cores = (node?.cores ?? []).map((core) =>
    cpusOf(parseCpuList(core)).filter((cpu) => all.delete(cpu)),
  );
  const alone = [...all].sort((a, b) => a - b).map((cpu) => [cpu]);
  return [...cores.filter((core) => core.length > 0), ...alone];
}

function nodePicture(
  nodeId: NodeId,
  { node, view, oldOwners }: NodeSource,
  marker: CpuMarker,
  looks: OwnerLooks,
): NodePicture {
  const owners = ownersOf(new Map(view === undefined ? [] : [[nodeId, view]]));
  const cores = coresOf(node, view).map((core) => {
    const siblings = core.length > 1 ? formatCpuList(cpuSetOf(core)) : null;
    return core.map((cpu) => {
      const owned = owners.get(cpu);
      const was = oldOwners?.get(cpu)?.name ?? null;
      const cell = {
        cpu,
        owner: owned === undefined ? null : looks.of(owned.name),
        isExplicit: owned?.isExplicit ?? false,
        ...marker(cpu),
        hasChanged: oldOwners !== null && was !== (owned?.name ?? null),
      };
      return { ...cell, words: cellWords(cell, siblings, was) };
    });
  });
  const cells = cores.flat();
  return {
    title: nodeId === null ? 'no node' : `node ${nodeId}`,
    isPresent: view?.is_present ?? node?.is_present ?? false,
    memoryKb: node?.memory_kb ?? null,
    onlineCount: cells.filter(({ isOnline }) => isOnline).length,
    cpuCount: cells.length,
    cores,
    pages: (view?.capacity ?? []).map((pages) => pageBar(pages, looks)),
  };
}

function pageBar(pages: NodePages, looks: OwnerLooks): PageBar {
  const { size, total, used, free } = pages;
  const records = pages.recorded.map(({ service_name, count }) => ({
    owner: looks.of(service_name),
    count,
  }));
  const recorded = records.reduce((sum, { count }) => sum + count, 0);
  const shortfall = Math.max(recorded - total, 0);
  return {
    sizeKb: size,
    total,
    used,
    reserved: Math.max(total - used - free, 0),
    free,
    recorded,
    shortfall,
    records,
  };
}

/** All that are there at the moment; some have hugepages only. */
function legendOf(names: Iterable<string>, cells: readonly CpuCell[], looks: OwnerLooks) {
  const counts = new Map([...names].map((name) => [name, 0]));
  for (const { owner } of cells) {
    if (owner !== null) counts.set(owner.name, (counts.get(owner.name) ?? 0) + 1);
  }
  return [...counts].map(([name, cpuCount]) => ({ owner: looks.of(name), cpuCount }));
}

function countsOf(cells: readonly CpuCell[]) {
  const counts = { free: 0, offline: 0, unpooled: 0, closed: 0 };
  for (const { owner, isOnline, pool, isClosed } of cells) {
    if (!isOnline) counts.offline++;
    else if (owner !== null) continue;
    else if (pool === null) counts.unpooled++;
    else if (isClosed) counts.closed++;
    else counts.free++;
  }
  return counts;
}

function cellWords(
  cell: Omit<CpuCell, 'words'>,
  siblings: string | null,
  was: string | null,
): string {
  const { cpu, owner, isExplicit, isOnline, pool, isClosed, hasChanged } = cell;
  const words = [
    owner === null ? 'nobody’s' : owner.name,
    ...(isExplicit ? ['claimed explicitly'] : []),
    ...(isOnline ? [] : ['offline']),
    pool === null ? 'in no pool' : `${pool} pool${isClosed ? ', which is closed' : ''}`,
    ...(siblings === null ? [] : [`core ${siblings}`]),
    ...(hasChanged ? [`before: ${was ?? 'nobody’s'}`] : []),
  ];
  return `CPU ${cpu}: ${words.join(', ')}`;
}

/** Ascending; CPUs without a node last. */
function byId(a: NodeId, b: NodeId): number {
  return (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY);
}
