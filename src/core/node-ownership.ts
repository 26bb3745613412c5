/**
 * What one node owns and may never own: the rules by which a node actor accepts or refuses a
 * change. A CPU has one owner, a claim names only the node's own CPUs, explicit is part of claimed.
 */

import {
  type CpuSet,
  isEmpty,
  isSubset,
  NO_CPUS,
  overlaps,
  subtractCpus,
  uniteCpus,
} from './cpu-set.js';
import { withRecord } from './holdings.js';
import type { NodeChange, NodeClaim, NodeSlice } from './slices.js';

/** The slice after a change, whether or not it is sound: ask {@link faultOfChange}. */
export function applyToSlice(slice: NodeSlice, change: NodeChange): NodeSlice {
  const claims = new Map(slice.claims);
  let claimedCpus = claimedCpusOf(slice.claims);
  for (const [serviceName, claim] of change.claims) {
    claimedCpus = subtractCpus(claimedCpus, claims.get(serviceName)?.cpus ?? NO_CPUS);
    if (claim === undefined) claims.delete(serviceName);
    else claims.set(serviceName, claim);
  }
  for (const claim of change.claims.values()) {
    claimedCpus = uniteCpus(claimedCpus, claim?.cpus ?? NO_CPUS);
  }
  claimedBy.set(claims, claimedCpus);
  const { nodeId, isPresent, cpus, pages } = slice;
  let { records } = slice;
  for (const record of change.records) records = withRecord(records, record);
  return { nodeId, isPresent, cpus, claims, pages, records };
}

/** What is wrong with a slice, as a sentence, or `null` when it keeps all the rules. */
export function faultOf({ cpus, claims }: NodeSlice): string | null {
  return faultAmong(cpus, NO_CPUS, claims);
}

/**
 * What would be wrong with a sound slice after a change. Looks at no claim that stays as it is, so
 * that it costs the same however many services there are.
 */
export function faultOfChange({ cpus, claims }: NodeSlice, change: NodeChange): string | null {
  let othersCpus = claimedCpusOf(claims);
  for (const serviceName of change.claims.keys()) {
    othersCpus = subtractCpus(othersCpus, claims.get(serviceName)?.cpus ?? NO_CPUS);
  }
  return faultAmong(cpus, othersCpus, change.claims);
}

function faultAmong(
  nodeCpus: CpuSet,
  othersCpus: CpuSet,
  claims: NodeChange['claims'],
): string | null {
  let claimedCpus = othersCpus;
  for (const [serviceName, claim] of claims) {
    if (claim === undefined) continue;
    if (isEmpty(claim.cpus)) return `the claim of ${serviceName} has no CPU`;
    if (!isSubset(claim.cpus, nodeCpus)) return `${serviceName} claims CPUs of another node`;
    if (!isSubset(claim.explicitCpus, claim.cpus)) return `${serviceName}: explicit ⊄ claimed`;
    if (overlaps(claim.cpus, claimedCpus)) return `a CPU of ${serviceName} has another owner`;
    claimedCpus = uniteCpus(claimedCpus, claim.cpus);
  }
  return null;
}

/** Found once for the same claims. */
const claimedBy = new WeakMap<ReadonlyMap<string, NodeClaim>, CpuSet>();

/** CPUs of the node that somebody holds. */
export function claimedCpusOf(claims: ReadonlyMap<string, NodeClaim>): CpuSet {
  let cpus = claimedBy.get(claims);
  if (cpus === undefined) {
    cpus = NO_CPUS;
    for (const claim of claims.values()) cpus = uniteCpus(cpus, claim.cpus);
    claimedBy.set(claims, cpus);
  }
  return cpus;
}

/** Whether nothing at all is recorded on the node. */
export function holdsNothing(slice: NodeSlice): boolean {
  return slice.claims.size === 0 && slice.records.size === 0;
}
