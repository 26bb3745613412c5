/** States to write and read back. */

import { expect } from 'chai';
import fc from 'fast-check';
import { formatCpuList } from '../../src/core/cpu-list.js';
import { cpuSetOf } from '../../src/core/cpu-set.js';
import { type Claim, Holdings } from '../../src/core/holdings.js';
import { parseState } from '../../src/state/state-format.js';
import { StateError, type StoredState } from '../../src/state/stored-state.js';
import { recorded } from '../core/hosts.js';

/** The part of a state that is written. */
export type WrittenState = Pick<StoredState, 'holdings' | 'homes' | 'generation'>;

/** Names as clients may choose them, those that mean something to an object included. */
export const serviceNames = fc.oneof(
  fc.constantFrom('a', 'nova-compute', '__proto__', 'constructor', 'toString', '42', '"', '\\'),
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 32 })
    .filter((name) => !/\p{Cc}/u.test(name) && name.isWellFormed()),
);

/** What one service has, and of which CPUs, by the place of its name among the names. */
const shares = fc.record({
  pool: fc.constantFrom('isolated' as const, 'general' as const),
  policy: fc.constantFrom('legacy' as const, 'non-preemptive' as const),
  owner: fc.record({
    uid: fc.constantFrom(0, 1, 1_000, 4_294_967_294),
    gid: fc.constantFrom(0, 1_000, null),
    label: fc.constantFrom(null, 'snap.nova.compute', ''),
  }),
  pages: fc.array(
    fc.record({
      nodeId: fc.constantFrom(0, 1, 8, 255),
      sizeKb: fc.constantFrom(4, 64, 2048, 1_048_576, 16_777_216),
      pageCount: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    }),
    { maxLength: 4 },
  ),
});

/** States that a daemon may have to write. */
export const states: fc.Arbitrary<WrittenState> = fc
  .record({
    services: fc.uniqueArray(fc.tuple(serviceNames, shares), {
      selector: ([name]) => name,
      maxLength: 6,
    }),
    cpus: fc.uniqueArray(
      fc.record({
        cpu: fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(63, 64, 8191, 65_535)),
        owner: fc.nat({ max: 5 }),
        isExplicit: fc.boolean(),
        nodeId: fc.constantFrom(-1, 0, 1, 255),
      }),
      { selector: ({ cpu }) => cpu, maxLength: 40 },
    ),
    generation: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  })
  .map(({ services, cpus, generation }) => {
    const claims: { serviceName: string; claim: Claim }[] = [];
    let holdings = Holdings.none;
    services.forEach(([serviceName, { pool, policy, pages }], index) => {
      const own = cpus.filter(({ owner }) => owner === index);
      const explicit = own.filter(({ isExplicit }) => isExplicit);
      const setOf = (those: typeof cpus) => cpuSetOf(those.map(({ cpu }) => cpu));
      const claim = { pool, policy, cpus: setOf(own), explicitCpus: setOf(explicit) };
      if (own.length > 0) claims.push({ serviceName, claim });
      for (const record of pages) holdings = holdings.withPages({ serviceName, ...record });
    });
    const homes = new Map(
      [-1, 0, 1, 255].map((nodeId) => {
        const those = cpus.filter((each) => each.nodeId === nodeId);
        return [nodeId, cpuSetOf(those.map(({ cpu }) => cpu))] as const;
      }),
    );
    holdings = holdings.withClaims(claims);
    services.forEach(([serviceName, { owner }]) => {
      if (holdings.holdsAnything(serviceName)) holdings = holdings.withOwner(serviceName, owner);
    });
    return { holdings, homes, generation };
  });

/** A small state with something of everything. */
export const smallState: WrittenState = {
  holdings: Holdings.none
    .withClaims([
      {
        serviceName: 'ceph',
        claim: {
          pool: 'isolated',
          policy: 'non-preemptive',
          cpus: cpuSetOf([1, 2, 3, 10]),
          explicitCpus: cpuSetOf([2, 3]),
        },
      },
      {
        serviceName: 'ä',
        claim: {
          pool: 'general',
          policy: 'legacy',
          cpus: cpuSetOf([5]),
          explicitCpus: cpuSetOf([]),
        },
      },
    ])
    .withPages({ serviceName: 'ceph', nodeId: 1, sizeKb: 2048, pageCount: 10 })
    .withOwner('ceph', { uid: 64_045, gid: 64_046, label: 'snap.ceph.osd' }),
  homes: new Map([[1, cpuSetOf([1, 2, 3, 10])]]),
  generation: 17,
};

/** A state as plain data that can be compared and read. */
export function readable({ holdings, homes, generation }: WrittenState) {
  const nodes = [...homes].map(([nodeId, cpus]) => [nodeId, formatCpuList(cpus)] as const);
  return {
    ...recorded(holdings),
    homes: nodes.filter(([, cpus]) => cpus !== '').sort(([a], [b]) => a - b),
    generation,
  };
}

/** The state that a text holds, or `null` when it is refused as it should be. */
export function readOrRefuse(text: string): StoredState | null {
  try {
    return parseState(text);
  } catch (error) {
    expect(error).to.be.instanceOf(StateError);
    return null;
  }
}

/** The message with which a text is refused. */
export function refusalOf(text: string): string {
  try {
    parseState(text);
  } catch (error) {
    if (error instanceof StateError) return error.message;
    throw error;
  }
  throw new Error(`${text} is accepted`);
}
