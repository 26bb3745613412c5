/**
 * What one node owns and may never own: the rules by which a node actor accepts or refuses a
 * change. A CPU has one owner, a claim names only the node's own CPUs, explicit is part of claimed.
 */

import { type CpuSet, isEmpty, isSubset, NO_CPUS, overlaps, uniteCpus } from './cpu-set.js';
import { withRecord } from './holdings.js';
import type { NodeChange, NodeClaim, NodeSlice } from './slices.js';

/** The slice after a change, whether or not it is sound: ask {@link faultOf}. */
export function applyToSlice(slice: NodeSlice, change: NodeChange): NodeSlice {
  const claims = new Map(slice.claims);
  for (const [serviceName, claim] of change.claims) {
    if (claim === undefined) claims.delete(serviceName);
    else claims.set(serviceName, claim);
  }
  let { records } = slice;
  for (const record of change.records) records = withRecord(records, record);
  return { ...slice, claims, records };
}

/** What is wrong with a slice, as a sentence, or `null` when it keeps all the rules. */
export function faultOf(slice: NodeSlice): string | null {
  let claimedCpus: CpuSet = NO_CPUS;
  for (const [serviceName, claim] of slice.claims) {
    if (isEmpty(claim.cpus)) return `the claim of ${serviceName} has no CPU`;
    if (!isSubset(claim.cpus, slice.cpus)) return `${serviceName} claims CPUs of another node`;
    if (!isSubset(claim.explicitCpus, claim.cpus)) return `${serviceName}: explicit ⊄ claimed`;
    if (overlaps(claim.cpus, claimedCpus)) return `a CPU of ${serviceName} has another owner`;
    claimedCpus = uniteCpus(claimedCpus, claim.cpus);
  }
  return null;
}

/** CPUs of the node that somebody holds. */
export function claimedCpusOf(claims: ReadonlyMap<string, NodeClaim>): CpuSet {
  let cpus: CpuSet = NO_CPUS;
  for (const claim of claims.values()) cpus = uniteCpus(cpus, claim.cpus);
  return cpus;
}

/** Whether nothing at all is recorded on the node. */
export function holdsNothing(slice: NodeSlice): boolean {
  return slice.claims.size === 0 && slice.records.size === 0;
}
