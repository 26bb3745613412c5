/**
 * Where a request wants its CPUs, looked up on this machine: the checks before anything is chosen, how
 * many can be had there, and the refusal where that is too few.
 */

import { type ErrorDetails, type Refusal, refusal } from '../../protocol/error-codes.js';
import { isPlain, type Placement } from '../../protocol/placement.js';
import { chooseCpus } from '../choose-cpus.js';
import { type CpuSet, hasCpu, intersectCpus, isEmpty, NO_CPUS } from '../cpu-set.js';
import { invariant } from '../invariant.js';
import type { Pool } from '../pools.js';
import { type Applicant, shortageDetails } from '../standing.js';
import { findNode, type View } from '../view.js';
import type { Site } from './geometry.js';
import { countOffered, type Offer, offerWithin } from './ground.js';
import { placeCpus, roomFor } from './place-cpus.js';
import { LikesRoom, type Room } from './room.js';

/** A placement that this machine can be asked for. */
export interface Spot {
  readonly placement: Placement;
  readonly site: Site;
  /** The CPUs of the node that `near` names; `null` where it names none. */
  readonly nearCpus: CpuSet | null;
  /** The node that the request itself names; `null` where it names none. */
  readonly nodeId: number | null;
  /** The hard requirements in words, such as `as whole cores`. */
  readonly requirements: readonly string[];
}

/**
 * Looks a placement up.
 *
 * @param nodeId the node that the request itself names, if it does
 * @returns `null` where the plain choice is asked for. `INVALID_REQUEST` with `details.field` where the
 * device of `near` has no node, or another one than the request, and where nobody knows the caches that
 * are required; `INTERNAL` where nobody looked for the device; `NUMA_NODE_NOT_FOUND` or `NO_CPUS_AVAILABLE` where the node of the device has nothing
 */
export function findSpot(
  view: View,
  placement: Placement | null,
  pool: Pool,
  nodeId: number | null,
): Spot | Refusal | null {
  if (placement === null || isPlain(placement)) return null;
  const { cores, caches } = view.facts;
  const site = { cores, caches, homes: view.homes };
  const inNode = nodeId === null ? [] : [`in NUMA node ${nodeId}`];
  const requirements = [...inNode, ...requirementsOf(placement)];
  if (placement.cache === 'require' && !knowsCaches(view, pool)) {
    return refusal(
      'INVALID_REQUEST',
      `Invalid request: placement.cache "require" cannot be met here: the kernel does not say which ` +
        `${pool.name} CPUs share a last-level cache; leave it out, or say "prefer"`,
      { field: 'placement.cache' },
    );
  }
  if (placement.near === null) return { placement, site, nodeId, nearCpus: null, requirements };
  const near = findNear(view, placement.near, pool, nodeId);
  if (typeof near !== 'number') return near;
  const nearCpus = view.homes.get(near) ?? NO_CPUS;
  const where = `in NUMA node ${near} (near ${placement.near})`;
  return { placement, site, nodeId, nearCpus, requirements: [where, ...requirementsOf(placement)] };
}

/** How many CPUs of an offer can be had; without a spot, any number of them. */
export function roomOf(spot: Spot | null, offer: Offer): Room {
  if (spot === null) return new LikesRoom(1, countOffered(offer));
  return roomFor(within(spot, offer), spot.site, spot.placement);
}

/** Chooses CPUs of an offer that has {@link roomOf} for so many. */
export function choose(spot: Spot | null, offer: Offer, cpuCount: number): CpuSet {
  if (spot === null) return chooseCpus({ cpuCount, ...offer });
  return placeCpus(within(spot, offer), spot.site, spot.placement, cpuCount);
}

/** Why there is no room at a spot, although there are enough CPUs: `INSUFFICIENT_CPUS`. */
export function noRoom(
  view: View,
  applicant: Applicant,
  spot: Spot | null,
  room: Room,
  shortage: {
    /** In words, such as `8`. */
    readonly asked: string;
    readonly requested: number;
    readonly available: number;
    readonly within: CpuSet;
  },
): Refusal {
  invariant(spot !== null, 'without a placement, all CPUs can be had');
  const { asked, requested, available } = shortage;
  const around = [room.atMost(requested), room.atLeast(requested)].filter((count) => count > 0);
  const most =
    room.largest < requested
      ? `at most ${room.largest} can be had so`
      : `${around.join(' or ')} can be had so`;
  return refusal(
    'INSUFFICIENT_CPUS',
    `Insufficient CPUs available. Requested: ${asked} ${spot.requirements.join(', ')}; ${most}. ` +
      `Available without that: ${available}`,
    {
      ...(spot.nodeId === null ? {} : { numa_node: spot.nodeId }),
      ...shortageDetails(view, applicant, shortage),
      placement: placementDetails(spot, room),
    },
  );
}

function placementDetails({ placement }: Spot, room: Room): ErrorDetails {
  const { cores, numa, cache, near } = placement;
  return {
    ...(cores === 'any' ? {} : { cores }),
    ...(numa === 'single' ? { numa } : {}),
    ...(cache === 'require' ? { cache } : {}),
    ...(near === null ? {} : { near }),
    largest_count: room.largest,
  };
}

function within({ nearCpus }: Spot, offer: Offer): Offer {
  return nearCpus === null ? offer : offerWithin(offer, nearCpus);
}

function knowsCaches({ facts }: View, { eligibleCpus }: Pool): boolean {
  // Without any CPU it is that which is to be said.
  if (isEmpty(eligibleCpus)) return true;
  return facts.caches.some((cpus) => cpus.some((cpu) => hasCpu(eligibleCpus, cpu)));
}

/** The node of a device, in which the pool must have CPUs. */
function findNear(
  view: View,
  address: string,
  pool: Pool,
  nodeId: number | null,
): number | Refusal {
  const place = view.devices.get(address);
  if (place === undefined) {
    const sentence = `PCI device ${address} was not looked for, as the machine could not be read; ask again`;
    return refusal('INTERNAL', sentence);
  }
  const field = { field: 'placement.near' };
  if (place.nodeId === null) {
    const sentence = `Invalid request: placement.near ${address} names no NUMA node: ${place.reason}`;
    return refusal('INVALID_REQUEST', sentence, field);
  }
  if (nodeId !== null && nodeId !== place.nodeId) {
    return refusal(
      'INVALID_REQUEST',
      `Invalid request: placement.near ${address} is in NUMA node ${place.nodeId}, but numa_node is ` +
        `${nodeId}`,
      field,
    );
  }
  if (findNode(view, place.nodeId) === undefined) {
    return refusal(
      'NUMA_NODE_NOT_FOUND',
      `NUMA node ${place.nodeId}, in which ${address} is, does not exist`,
      { numa_nodes: view.facts.nodes.map((node) => node.nodeId) },
    );
  }
  const nodeCpus = view.homes.get(place.nodeId) ?? NO_CPUS;
  if (isEmpty(pool.eligibleCpus) || !isEmpty(intersectCpus(nodeCpus, pool.eligibleCpus))) {
    return place.nodeId;
  }
  return refusal(
    'NO_CPUS_AVAILABLE',
    `No ${pool.name} CPUs available in NUMA node ${place.nodeId}, in which ${address} is`,
    { numa_node: place.nodeId, pool: pool.name },
  );
}

function requirementsOf({ cores, numa, cache }: Placement): string[] {
  return [
    ...(numa === 'single' ? ['in one NUMA node'] : []),
    ...(cache === 'require' ? ['at one last-level cache'] : []),
    ...(cores === 'whole' ? ['as whole cores'] : []),
    ...(cores === 'spread' ? ['each on a core of its own'] : []),
  ];
}
