/** What a granted request could choose from and what it chose, in plain sets. */

import type { Wire } from './hosts.js';
import { cpusIn, type NaiveClaim, type Picture, type Pool, type Step } from './stories.js';

/** A choice of CPUs that was made. */
export interface Situation {
  readonly wanted: number;
  /** CPUs of the service that it may keep: for a NUMA request, those in the node. */
  readonly own: ReadonlySet<number>;
  /** Eligible CPUs that nobody holds: for a NUMA request, those in the node. */
  readonly free: ReadonlySet<number>;
  /** CPUs that may be taken from others by force. */
  readonly takeable: ReadonlySet<number>;
  readonly chosen: ReadonlySet<number>;
  /** Siblings that are eligible, of the whole machine, by lowest CPU. */
  readonly cores: readonly (readonly number[])[];
}

/** The pool that a request names. */
export function poolOf(request: Wire): Pool {
  return request['pool'] === 'general' ? 'general' : 'isolated';
}

/** Whether a request gives CPUs back. */
export function isRelease({ action, num_of_cores, percent }: Wire): boolean {
  return action === 'allocate_cores_percent' ? Number(percent) <= 0 : num_of_cores === -1;
}

/** The CPUs that the reply to a grant names. */
export function chosenCpus(reply: Wire): Set<number> {
  const isNuma = 'numa_node' in reply;
  return new Set(cpusIn(isNuma ? reply['cores_allocated'] : reply['allocated_cores']));
}

/** The CPUs that a request is about: for a NUMA request, those of the node. */
export function scopeOf(picture: Picture, request: Wire): (cpu: number) => boolean {
  if (request['action'] !== 'allocate_numa_cores') return () => true;
  return (cpu) => picture.nodeOfCpu.get(cpu) === request['numa_node'];
}

/** The part of a set for which something is true. */
export function those(
  cpus: Iterable<number>,
  isOne: (cpu: number) => boolean,
): ReadonlySet<number> {
  return new Set([...cpus].filter(isOne));
}

/** CPUs of the node that a NUMA request of that policy may take from others. */
export function takeableBy(picture: Picture, request: Wire, policy: string): ReadonlySet<number> {
  const taken = new Set<number>();
  if (request['action'] !== 'allocate_numa_cores' || policy === 'non-preemptive') return taken;
  const isInScope = scopeOf(picture, request);
  const pool = poolOf(request);
  for (const [name, claim] of picture.claims) {
    if (name === request['service_name'] || claim.pool !== pool) continue;
    if (claim.policy === 'non-preemptive') continue;
    for (const cpu of claim.cpus) {
      if (claim.explicit.has(cpu) || !picture.eligible[pool].has(cpu)) continue;
      if (isInScope(cpu)) taken.add(cpu);
    }
  }
  return taken;
}

/** Eligible CPUs that a request is about and that nobody holds. */
export function freeFor(picture: Picture, request: Wire): ReadonlySet<number> {
  const isInScope = scopeOf(picture, request);
  const claims = [...picture.claims.values()];
  return those(
    picture.eligible[poolOf(request)],
    (cpu) => isInScope(cpu) && !claims.some(({ cpus }) => cpus.has(cpu)),
  );
}

/** The claim of the service that asks. */
export function ownClaim(picture: Picture, request: Wire): NaiveClaim | undefined {
  return picture.claims.get(String(request['service_name']));
}

/** What a grant could choose from and what it chose; `null` for any other step. */
export function situationOf({ picture, request, reply, isGranted }: Step): Situation | null {
  if (!isGranted || isRelease(request)) return null;
  const isInScope = scopeOf(picture, request);
  const eligible = picture.eligible[poolOf(request)];
  const chosen = chosenCpus(reply);
  return {
    wanted: chosen.size,
    own: those(ownClaim(picture, request)?.cpus ?? [], isInScope),
    free: freeFor(picture, request),
    takeable: takeableBy(picture, request, String(reply['preemption_policy'])),
    chosen,
    cores: eligibleCores(picture.cores, eligible),
  };
}

/** The cores as far as they are eligible, by lowest CPU. */
export function eligibleCores(
  cores: readonly (readonly number[])[],
  eligible: ReadonlySet<number>,
): number[][] {
  return cores
    .map((core) => core.filter((cpu) => eligible.has(cpu)).sort((a, b) => a - b))
    .filter((core) => core.length > 0)
    .sort(([a = 0], [b = 0]) => a - b);
}
