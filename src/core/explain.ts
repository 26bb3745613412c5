/**
 * Why not, and what would: what a refusal for lack of room tells beyond its sentence. `nodes` is
 * what there is, node by node; `nearest` is the same request with the largest count that would be
 * granted now.
 */

import type { ClaimRequest } from '../protocol/claim-request.js';
import type { ErrorCode, ErrorDetails, Refusal } from '../protocol/error-codes.js';
import { errorReply } from '../protocol/reply.js';
import { claimWords } from '../protocol/request-words.js';
import { countCpus } from './cpu-set.js';
import { cpuRoom, pageRoom } from './room.js';
import { HOLDERS_SHOWN_MAX } from './standing.js';
import type { View } from './view.js';

/** Some clients read that much of a reply; what does not fit is counted instead. */
const REPLY_MAX_BYTES = 4_096;

/** Room for what is still to come: how many nodes there are more, and which step it was. */
const SLACK_BYTES = 64;

/** No node can be told in less; more of them than fit need not be looked at closely. */
const NODE_MIN_BYTES = 60;

/** How many holders a node may have, tried one after the other until all nodes fit. */
const HOLDERS_TRIED = [HOLDERS_SHOWN_MAX, 3, 1, 0];

const LACK_OF_ROOM: ReadonlySet<ErrorCode> = new Set([
  'NO_CPUS_AVAILABLE',
  'INSUFFICIENT_CPUS',
  'INSUFFICIENT_HUGEPAGES',
]);

/**
 * Adds to a refusal for lack of room what there is and what would be granted; leaves any other as
 * it is. What a policy bounds has `nearest`, too.
 *
 * @param isGranted whether another request of the same service would be granted now
 */
export function explain(
  view: View,
  request: ClaimRequest,
  refused: Refusal,
  isGranted: (request: ClaimRequest) => boolean,
): Refusal {
  const isBounded = refused.code === 'NOT_PERMITTED' && isQuota(refused.details ?? {});
  if (!LACK_OF_ROOM.has(refused.code) && !isBounded) return refused;
  const nearest = nearestGrant(view, request, refused, isGranted);
  const words = nearest === null ? null : claimWords(nearest);
  const details = { ...refused.details, nearest: words };
  if (isBounded) return { ...refused, details };
  const sizeBytes = sizeOf(errorReply({ ...refused, details }));
  return { ...refused, details: { ...details, ...nodesWithin(view, request, sizeBytes) } };
}

/** Whether a policy says no to how much, rather than to what. */
function isQuota(details: ErrorDetails): boolean {
  return 'quota' in details || 'may_take' in details;
}

function nearestGrant(
  view: View,
  request: ClaimRequest,
  refused: Refusal,
  isGranted: (request: ClaimRequest) => boolean,
): ClaimRequest | null {
  const most = mostToTry(view, request, refused);
  const count = largestGranted(most, (tried) => isGranted(withCount(request, tried)));
  return count === 0 ? null : withCount(request, count);
}

/** The same request for another count: of CPUs, percent or pages. */
function withCount(request: ClaimRequest, count: number): ClaimRequest {
  switch (request.action) {
    case 'allocate_cores_percent':
      return { ...request, percent: count };
    case 'allocate_hugepages':
      return { ...request, pageCount: count };
    default:
      return { ...request, cpuCount: count };
  }
}

/** A count that no grant can exceed, below the one that was refused. */
function mostToTry(view: View, request: ClaimRequest, { code, details }: Refusal): number {
  if (code === 'NO_CPUS_AVAILABLE') return 0;
  const available = numberIn(details, 'available') ?? Number.POSITIVE_INFINITY;
  if (request.action === 'allocate_hugepages') {
    return Math.min(request.pageCount - 1, available + (numberIn(details, 'recorded') ?? 0));
  }
  const eligible = countCpus(view.pools[request.pool].eligibleCpus);
  const placement = details?.['placement'] as ErrorDetails | undefined;
  const placeable = numberIn(placement, 'largest_count') ?? Number.POSITIVE_INFINITY;
  if (request.action === 'allocate_cores_percent') {
    const most = Math.min(available, placeable);
    return Math.min(request.percent - 1, Math.floor((most * 100) / eligible));
  }
  // The default share is no count; it can be too small for a single CPU.
  const isShare = request.cpuCount === 0;
  return Math.min(isShare ? eligible : request.cpuCount - 1, available, placeable);
}

function numberIn(details: ErrorDetails | undefined, key: string): number | undefined {
  const value = details?.[key];
  return typeof value === 'number' ? value : undefined;
}

/** So many counts are tried one by one; of more, only as many as a search needs. */
const TRIED_MAX = 100;

/**
 * A count can be refused although larger ones are granted, where only whole cores will do; but never
 * as many in a row as a core has CPUs.
 */
const WIDEST_CORE = 8;

/** The largest count up to `most` that is granted; 0 = none. */
function largestGranted(most: number, isGranted: (count: number) => boolean): number {
  const largestIn = (least: number, last: number) => {
    for (let count = last; count >= least; count--) if (isGranted(count)) return count;
    return 0;
  };
  let granted = 0;
  let refused = most + 1;
  let last = most;
  while (refused - granted > TRIED_MAX) {
    const found = largestIn(last - WIDEST_CORE + 1, last);
    if (found > 0) granted = found;
    else refused = last - WIDEST_CORE + 1;
    last = granted + Math.floor((refused - granted) / 2);
  }
  return largestIn(granted + 1, refused - 1) || granted;
}

/** As much about the nodes as fits into a reply: the one asked for first, then those with most room. */
function nodesWithin(view: View, request: ClaimRequest, sizeBytes: number): ErrorDetails {
  const leftBytes = REPLY_MAX_BYTES - SLACK_BYTES - sizeBytes;
  if (request.action === 'allocate_hugepages') {
    return fitting(pageRoom(view, request), leftBytes, ({ node_id }) => node_id === request.nodeId);
  }
  const asked = 'nodeId' in request ? request.nodeId : undefined;
  return fitting(cpuRoom(view, request), leftBytes, ({ numa_node }) => numa_node === asked);
}

type Room = ReturnType<typeof cpuRoom>[number] | ReturnType<typeof pageRoom>[number];

function fitting<R extends Room>(
  rooms: readonly R[],
  leftBytes: number,
  isAsked: (room: R) => boolean,
): ErrorDetails {
  const order = rooms
    .map((room, index) => ({ room, index, isFirst: isAsked(room), count: room.free + room.own }))
    .sort(
      (a, b) => Number(b.isFirst) - Number(a.isFirst) || b.count - a.count || a.index - b.index,
    );
  const worthwhile = order.slice(0, Math.max(Math.floor(leftBytes / NODE_MIN_BYTES), 0));
  for (const holdersMax of HOLDERS_TRIED) {
    let spentBytes = 0;
    const told = [];
    for (const { room, index } of worthwhile) {
      const node = withHolders(room, holdersMax);
      spentBytes += sizeOf(node) + 1;
      if (spentBytes > leftBytes) break;
      told.push({ node, index });
    }
    const isLast = holdersMax === HOLDERS_TRIED.at(-1);
    if (told.length < rooms.length && !isLast) continue;
    const nodes = told.sort((a, b) => a.index - b.index).map(({ node }) => node);
    const hidden = rooms.length - nodes.length;
    return { nodes, ...(hidden > 0 ? { more_nodes: hidden } : {}) };
  }
  return {};
}

function withHolders(room: Room, holdersMax: number) {
  const hidden = room.held_by.length - holdersMax;
  if (hidden <= 0) return room;
  return { ...room, held_by: room.held_by.slice(0, holdersMax), more_holders: hidden };
}

function sizeOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}
