/**
 * What a `watch` tells: the whole picture at its beginning, and then what turns one picture into
 * the next. Pure; applied to the first picture, the lines give the last.
 */

import { isDeepStrictEqual } from 'node:util';
import type { TopologyNode } from '../protocol/reply.js';
import type {
  DaemonCondition,
  HostEvent,
  PageTotal,
  ServiceEvent,
  WatchPicture,
} from '../protocol/watch-event.js';
import type { Change } from './coordination.js';
import { formatCpuList } from './cpu-list.js';
import { isEmpty, NO_CPUS, subtractCpus } from './cpu-set.js';
import {
  listedClaim,
  listedPools,
  listedRecord,
  machinePicture,
  pageTotals,
  topologyNodes,
} from './describe.js';
import type { ClaimChange, Holdings } from './holdings.js';
import { compareNames } from './names.js';
import type { PlanStep } from './plan.js';
import type { View } from './view.js';

/** All there is to know. */
export function pictureOf(view: View, daemon: DaemonCondition): WatchPicture {
  return { ...machinePicture(view), daemon };
}

/**
 * What a change did to each service, step by step where it has several: those that lost CPUs by
 * force first, then the one that asked, which lets go before it takes, so that no CPU has two
 * owners between two lines.
 */
export function serviceEvents({ ticket, before, plan }: Change): ServiceEvent[] {
  const askedBy = 'serviceName' in ticket.request ? ticket.request.serviceName : '';
  const steps = plan.steps ?? [{ serviceName: askedBy, before, plan }];
  return steps.flatMap(stepEvents);
}

function stepEvents({
  serviceName: askedBy,
  before,
  plan,
}: Omit<PlanStep, 'plan'> & Pick<Change, 'plan'>): ServiceEvent[] {
  const victims = plan.claimChanges.filter(({ serviceName }) => serviceName !== askedBy);
  const own = plan.claimChanges.filter(({ serviceName }) => serviceName === askedBy);
  return [
    ...victims
      .sort((a, b) => compareNames(a.serviceName, b.serviceName))
      .map((change) => preempted(before, change, askedBy)),
    ...own.flatMap((change) => claimEvents(before, change)),
    ...plan.pageChanges.map((record) => ({
      type: 'hugepages_recorded' as const,
      ...listedRecord(record),
    })),
  ];
}

function preempted(before: Holdings, change: ClaimChange, by: string): ServiceEvent {
  const { serviceName: service_name } = change;
  const cpus = formatCpuList(subtractCpus(cpusBefore(before, change), cpusAfter(change)));
  return { type: 'preempted', service_name, cpus, by, allocation: allocationAfter(change) };
}

function claimEvents(before: Holdings, change: ClaimChange): ServiceEvent[] {
  const { serviceName: service_name } = change;
  const held = cpusBefore(before, change);
  const lost = subtractCpus(held, cpusAfter(change));
  const gained = subtractCpus(cpusAfter(change), held);
  const allocation = allocationAfter(change);
  const events: ServiceEvent[] = [];
  if (!isEmpty(lost)) {
    events.push({ type: 'released', service_name, cpus: formatCpuList(lost), allocation });
  }
  if (allocation === null) return events;
  if (!isEmpty(gained)) {
    events.push({ type: 'claimed', service_name, cpus: formatCpuList(gained), allocation });
  } else if (isEmpty(lost)) {
    events.push({ type: 'claim_changed', service_name, allocation });
  }
  return events;
}

const cpusBefore = (before: Holdings, { serviceName }: ClaimChange) =>
  before.claims.get(serviceName)?.cpus ?? NO_CPUS;

const cpusAfter = ({ claim }: ClaimChange) => claim?.cpus ?? NO_CPUS;

const allocationAfter = ({ serviceName, claim }: ClaimChange) =>
  claim === undefined ? null : listedClaim(serviceName, claim);

/** What happened to the machine and its pools between two views. */
export function hostEvents(before: View, after: View): HostEvent[] {
  const events: HostEvent[] = [];
  const [online, wasOnline] = [after.facts.onlineCpus, before.facts.onlineCpus];
  const [gone, come] = [subtractCpus(wasOnline, online), subtractCpus(online, wasOnline)];
  if (!isEmpty(gone)) events.push({ type: 'cpus_offline', cpus: formatCpuList(gone) });
  if (!isEmpty(come)) events.push({ type: 'cpus_online', cpus: formatCpuList(come) });
  const [pools, oldPools] = [listedPools(after), listedPools(before)];
  for (const pool of ['isolated', 'general'] as const) {
    if (isDeepStrictEqual(pools[pool], oldPools[pool])) continue;
    events.push({ type: 'pool_changed', pool, ...pools[pool] });
  }
  return [...events, ...nodeEvents(before, after), ...pageEvents(before, after)];
}

function nodeEvents(before: View, after: View): HostEvent[] {
  const byId = (nodes: readonly TopologyNode[]) =>
    new Map(nodes.map((node) => [node.node_id, node]));
  const [old, now] = [byId(topologyNodes(before)), byId(topologyNodes(after))];
  const removed = [...old.keys()].filter((nodeId) => !now.has(nodeId));
  const events: HostEvent[] = removed.map((node_id) => ({ type: 'node_removed', node_id }));
  for (const [nodeId, node] of now) {
    const known = old.get(nodeId);
    if (known === undefined) events.push({ type: 'node_added', node });
    else if (!isDeepStrictEqual(known, node)) events.push({ type: 'node_changed', node });
  }
  return events;
}

/** What happened to the pages that there are, and to how far they cover what is on record. */
export function pageEvents(before: View, after: View): HostEvent[] {
  const keyOf = ({ node_id, size_kb }: PageTotal) => `${node_id} ${size_kb}`;
  const [old, now] = [pageTotals(before), pageTotals(after)];
  const known = new Map(old.map((page) => [keyOf(page), page]));
  const left = new Set(now.map(keyOf));
  const vanished = old
    .filter((page) => !left.has(keyOf(page)))
    .map((page) => ({ ...page, total: null, shortfall: 0 }));
  const changed = now.filter((page) => !isDeepStrictEqual(known.get(keyOf(page)), page));
  return [...vanished, ...changed].map((page) => ({ type: 'hugepages_changed', ...page }));
}
