/** Requests for CPUs at random, and what may become of what a client holds when one is granted. */

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import {
  type CpuSet,
  countCpus,
  intersectCpus,
  isSubset,
  NO_CPUS,
  subtractCpus,
  uniteCpus,
} from '../../src/core/cpu-set.js';
import type { Wire } from '../daemon/wire.js';
import type { Claim, Held } from './listings.js';
import type { Asked } from './promises.js';

/** The machine, as far as grants depend on it. */
export interface Machine {
  /** Node → its CPUs. */
  readonly homes: ReadonlyMap<number, CpuSet>;
  /** Of the isolated pool; `null` = it changes while clients ask, so that nobody knows a share. */
  readonly eligibleCount: number | null;
}

/** Reads the reply to `get_topology`. */
export function machineOf(topology: Wire): Machine {
  return {
    homes: new Map(
      topology['nodes'].map((node: Wire) => [node['node_id'], parseCpuList(node['cpus'])]),
    ),
    eligibleCount: countCpus(parseCpuList(topology['pools'].isolated.eligible_cpus)),
  };
}

/** What a request for CPUs says besides who asks. */
type Wish = Wire;

const ordinary = (min: number, max: number): fc.Arbitrary<Wish> =>
  fc.record({
    action: fc.constant('allocate_cores'),
    num_of_cores: fc.integer({ min, max }),
  });

const explicit = (min: number, max: number): fc.Arbitrary<Wish> =>
  fc.record({
    action: fc.constant('allocate_numa_cores'),
    numa_node: fc.constantFrom(0, 1),
    num_of_cores: fc.integer({ min, max }),
  });

const share: fc.Arbitrary<Wish> = fc.record({
  action: fc.constant('allocate_cores_percent'),
  percent: fc.integer({ min: 1, max: 10 }),
});

const release: fc.Arbitrary<Wish> = fc.oneof(
  fc.constant({ action: 'allocate_cores', num_of_cores: -1 }),
  fc.constant({ action: 'allocate_cores_percent', percent: 0 }),
  fc.record({
    action: fc.constant('allocate_numa_cores'),
    numa_node: fc.constantFrom(0, 1),
    num_of_cores: fc.constant(-1),
  }),
);

/** Of a protected service. It names its policy unless it holds something, and then now and then. */
export const protectedWishes = (serviceName: string) =>
  fc.record({
    wish: fc.oneof(
      { weight: 5, arbitrary: ordinary(1, 3) },
      { weight: 2, arbitrary: share },
      { weight: 3, arbitrary: explicit(1, 2) },
      { weight: 4, arbitrary: release },
    ),
    serviceName: fc.constant(serviceName),
    policy: fc.constantFrom('always', 'if new'),
  });

/** Of two unprotected services: the one holds much, and the other takes it by force. */
export const forcingWishes = (victim: string, winner: string) => {
  const of = (serviceName: string, wish: fc.Arbitrary<Wish>) =>
    fc.record({ wish, serviceName: fc.constant(serviceName), policy: fc.constant('never') });
  return fc.oneof(
    { weight: 4, arbitrary: of(victim, ordinary(4, 14)) },
    { weight: 5, arbitrary: of(winner, explicit(4, 9)) },
    { weight: 2, arbitrary: of(winner, release) },
    { weight: 1, arbitrary: of(victim, release) },
  );
};

/** A request for CPUs as it was thought of, before it is known who holds what. */
export interface CpuWish {
  readonly wish: Wish;
  readonly serviceName: string;
  readonly policy: string;
}

/** Makes a wish a request, for somebody who holds that. */
export function askForCpus(
  { wish, serviceName, policy }: CpuWish,
  held: Held<Claim>,
  machine: Machine,
): Asked<Claim> {
  const isNamed = policy === 'always' || (policy === 'if new' && !held.has(serviceName));
  const request = {
    ...wish,
    service_name: serviceName,
    ...(isNamed ? { preemption_policy: 'non-preemptive' } : {}),
  };
  return { request, objection: (before, after) => objectionTo(request, before, after, machine) };
}

/** What a client holds after a reply that grants its request. */
export function afterGrant(
  request: Wire,
  reply: Wire,
  before: Held<Claim>,
  { homes }: Machine,
): Held<Claim> {
  const name: string = request['service_name'];
  const was = before.get(name);
  const after = new Map(before);
  const isByNode = request['action'] === 'allocate_numa_cores';
  const home = isByNode ? (homes.get(request['numa_node']) ?? NO_CPUS) : ALL_CPUS;
  const granted = parseCpuList(isByNode ? reply['cores_allocated'] : reply['allocated_cores']);
  const kept = without(was, home);
  put(after, name, {
    pool: reply['pool'],
    policy: reply['preemption_policy'],
    cpus: formatCpuList(uniteCpus(setOf(kept?.cpus), granted)),
    explicit: formatCpuList(uniteCpus(setOf(kept?.explicit), isByNode ? granted : NO_CPUS)),
  });
  for (const { service_name, cpus } of reply['preempted'] ?? []) {
    if (!before.has(service_name)) throw new Error(`${name} took ${cpus} from ${service_name}`);
    put(after, service_name, without(before.get(service_name), parseCpuList(cpus)));
  }
  return after;
}

const ALL_CPUS: CpuSet = new Uint32Array(64).fill(0xffffffff);

function setOf(list: string | undefined): CpuSet {
  return list === undefined ? NO_CPUS : parseCpuList(list);
}

/** What is left of a claim without some CPUs; `undefined` = nothing. */
function without(claim: Claim | undefined, cpus: CpuSet): Claim | undefined {
  if (claim === undefined) return undefined;
  const left = formatCpuList(subtractCpus(setOf(claim.cpus), cpus));
  if (left === '') return undefined;
  const explicitLeft = formatCpuList(subtractCpus(setOf(claim.explicit), cpus));
  return { ...claim, cpus: left, explicit: explicitLeft };
}

function put(held: Map<string, Claim>, name: string, claim: Claim | undefined): void {
  if (claim === undefined || claim.cpus === '') held.delete(name);
  else held.set(name, claim);
}

function objectionTo(
  request: Wire,
  before: Held<Claim>,
  after: Held<Claim>,
  machine: Machine,
): string | null {
  const name: string = request['service_name'];
  const is = after.get(name);
  const expectedOthers = new Map<string, Claim>();
  for (const [other, claim] of before) {
    // Only what is claimed in a node may be taken from others, and only what is ordinary there.
    const isLoser = request['action'] === 'allocate_numa_cores' && claim.policy === 'legacy';
    const lost = isLoser ? subtractCpus(setOf(is?.cpus), setOf(before.get(name)?.cpus)) : NO_CPUS;
    if (other !== name) put(expectedOthers, other, without(claim, lost));
  }
  const others = new Map([...after].filter(([other]) => other !== name));
  if (!isDeepStrictEqual(others, expectedOthers)) return 'which is not what was taken from others';
  return objectionToOwn(request, before.get(name), is, machine);
}

/** Why `is` cannot be what `was` becomes, of the service that asks. */
function objectionToOwn(
  request: Wire,
  was: Claim | undefined,
  is: Claim | undefined,
  { homes, eligibleCount }: Machine,
): string | null {
  const isByNode = request['action'] === 'allocate_numa_cores';
  const home = isByNode ? (homes.get(request['numa_node']) ?? NO_CPUS) : ALL_CPUS;
  const granted = intersectCpus(setOf(is?.cpus), home);
  const count = request['num_of_cores'] ?? shareOf(eligibleCount, request['percent'], granted);
  const elsewhere = without(was, home);
  if (count <= 0) return isDeepStrictEqual(is, elsewhere) ? null : 'which is no release';
  if (is === undefined) return 'which is nothing at all';
  const policy = request['preemption_policy'] ?? was?.policy ?? 'legacy';
  if (is.policy !== policy || is.pool !== 'isolated') return 'of another pool or policy than asked';
  if (countCpus(granted) !== count) return `which is not the count of ${count}`;
  const own = intersectCpus(setOf(was?.cpus), home);
  const keptCount = countCpus(intersectCpus(own, granted));
  if (keptCount !== Math.min(count, countCpus(own))) return 'which gives up what could stay';
  const isExplicit = isByNode ? isSubset(granted, setOf(is.explicit)) : is.explicit === '';
  if (!isExplicit) return 'which is not explicit or ordinary as asked';
  const isKept =
    without(is, home)?.cpus === elsewhere?.cpus &&
    without(is, home)?.explicit === elsewhere?.explicit;
  return isKept ? null : 'which is another claim in other nodes';
}

/** How many CPUs a share is; what was granted, where nobody else knows. */
function shareOf(eligibleCount: number | null, percent: number, granted: CpuSet): number {
  if (percent <= 0) return 0;
  if (eligibleCount === null) return Math.max(countCpus(granted), 1);
  return Math.ceil((eligibleCount * percent) / 100);
}
