/**
 * Small machines on which every choice can be tried, and what the contract says of a choice, in plain
 * sets and arrays: worked out without the code under test.
 */

import fc from 'fast-check';
import { cpuSetOf } from '../../src/core/cpu-set.js';
import type { Site } from '../../src/core/placement/geometry.js';
import type { Offer } from '../../src/core/placement/ground.js';
import type { Placement } from '../../src/protocol/placement.js';
import { cachesOf, coresOf, type MachineShape } from '../../src/simulate/machine-shape.js';

export const ROLES = ['own', 'free', 'takeable', 'held by others', 'not eligible'] as const;
export type Role = (typeof ROLES)[number];

/** A machine, and whose each CPU is. */
export interface Situation {
  readonly shape: MachineShape;
  readonly roles: readonly Role[];
  readonly placement: Placement;
}

/** A choice, in the terms of the contract; fewer is better, the first that differs decides. */
export interface NaiveTerms {
  readonly taken: number;
  /** Nodes, or the squares of what each has; as the request wants it. */
  readonly numa: number;
  readonly caches: number;
  readonly moved: number;
  readonly split: number;
  readonly broken: number;
  readonly left: number;
}

/** The most CPUs of these machines: every choice of half of them can be tried. */
const CPUS_MAX = 12;

const nodeIds = fc.uniqueArray(fc.constantFrom(0, 1, 2, 5), { minLength: 1, maxLength: 3 });

/** Machines of up to 12 CPUs; cores of one width, unless they may be mixed. */
export function smallMachines(isMixed: boolean): fc.Arbitrary<MachineShape> {
  const groups = isMixed
    ? fc.array(
        fc.record({ count: fc.integer({ min: 1, max: 2 }), threads: fc.constantFrom(1, 2, 3) }),
        { minLength: 1, maxLength: 2 },
      )
    : null;
  return fc
    .record({
      ids: nodeIds,
      threads: fc.constantFrom(1, 2, 2, 4),
      numbering: fc.constantFrom('interleaved' as const, 'contiguous' as const),
      coresPerCache: fc.constantFrom(1, 2, 2, 3, undefined),
      isNuma: fc.constantFrom(true, true, true, false),
    })
    .chain(({ ids, threads, numbering, coresPerCache, isNuma }) =>
      fc
        .tuple(
          ...ids.map((nodeId) =>
            fc.record({
              nodeId: fc.constant(nodeId),
              cores: groups ?? fc.integer({ min: 1, max: 4 }).map((count) => [{ count, threads }]),
              memoryKb: fc.constant(1),
              pages: fc.constant([]),
              ...(coresPerCache === undefined ? {} : { coresPerCache: fc.constant(coresPerCache) }),
            }),
          ),
        )
        .map((nodes): MachineShape => ({ nodes, numbering, numa: isNuma })),
    )
    .filter((shape) => coresOf(shape).flatMap(({ cpus }) => cpus).length <= CPUS_MAX);
}

/** Placements that do not contradict themselves. `near` is the node the offer is cut to; see there. */
export const placements: fc.Arbitrary<Placement> = fc
  .record({
    cores: fc.constantFrom('any' as const, 'whole' as const, 'spread' as const),
    numa: fc.constantFrom('any' as const, 'single' as const, 'pack' as const, 'spread' as const),
    cache: fc.constantFrom('any' as const, 'prefer' as const, 'require' as const),
    near: fc.constant(null),
  })
  .filter(({ numa, cache }) => !(numa === 'spread' && cache === 'require'));

/** Small machines with CPUs in all roles; what can be taken only where one node is asked for. */
export function situations(isMixed: boolean): fc.Arbitrary<Situation> {
  return fc
    .tuple(smallMachines(isMixed), placements, fc.boolean())
    .chain(([shape, placement, isTaking]) => {
      const cpus = coresOf(shape).flatMap((core) => core.cpus).length;
      const inOneNode = isTaking && placement.numa !== 'pack' && placement.numa !== 'spread';
      const role = inOneNode
        ? fc.constantFrom<Role>('own', 'free', 'free', 'takeable', 'takeable', 'held by others')
        : fc.constantFrom<Role>('own', 'free', 'free', 'free', 'held by others', 'not eligible');
      return fc
        .array(role, { minLength: cpus, maxLength: cpus })
        .map((roles): Situation => ({ shape, roles, placement }));
    });
}

/** What the code under test gets of a situation. */
export function given({ shape, roles }: Situation): { readonly offer: Offer; readonly site: Site } {
  const having = (role: Role) => cpuSetOf([...roles.keys()].filter((cpu) => roles[cpu] === role));
  const eligible = [...roles.keys()].filter((cpu) => roles[cpu] !== 'not eligible');
  const shaped = coresOf(shape);
  const cores = shaped.map(({ cpus }) => cpus).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const homes = new Map<number, ReturnType<typeof cpuSetOf>>();
  for (const nodeId of shape.numa === false ? [-1] : shape.nodes.map((node) => node.nodeId)) {
    const own = shaped.filter((core) => nodeId === -1 || core.nodeId === nodeId);
    homes.set(nodeId, cpuSetOf(own.flatMap(({ cpus }) => cpus)));
  }
  return {
    offer: {
      ownCpus: having('own'),
      freeCpus: having('free'),
      takeableCpus: having('takeable'),
      cores,
      eligibleCpus: cpuSetOf(eligible),
    },
    site: { cores, caches: cachesOf(shape).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)), homes },
  };
}

/** A situation in lookups. */
export class Naive {
  readonly placement: Placement;
  readonly roles: readonly Role[];
  /** Eligible siblings of each core. */
  readonly cores: readonly (readonly number[])[];
  readonly #nodes: readonly (readonly number[])[];
  readonly #caches: readonly (readonly number[])[];

  constructor({ shape, roles, placement }: Situation) {
    this.placement = placement;
    this.roles = roles;
    const shaped = coresOf(shape);
    this.cores = shaped
      .map(({ cpus }) => cpus.filter((cpu) => roles[cpu] !== 'not eligible'))
      .filter((core) => core.length > 0);
    this.#nodes =
      shape.numa === false
        ? [shaped.flatMap(({ cpus }) => cpus)]
        : shape.nodes.map(({ nodeId }) =>
            shaped.filter((core) => core.nodeId === nodeId).flatMap(({ cpus }) => cpus),
          );
    this.#caches = cachesOf(shape);
  }

  /** CPUs that can be had. */
  get offered(): number[] {
    return [...this.roles.keys()].filter((cpu) =>
      ['own', 'free', 'takeable'].includes(this.roles[cpu] ?? ''),
    );
  }

  /** Whether a choice is where the placement requires it. */
  meets(chosen: readonly number[]): boolean {
    const { cores, numa, cache } = this.placement;
    const isAll = (cpus: readonly number[]) => chosen.every((cpu) => cpus.includes(cpu));
    const touched = this.cores.map((core) => core.filter((cpu) => chosen.includes(cpu)).length);
    if (numa === 'single' && !this.#nodes.some(isAll)) return false;
    if (cache === 'require' && !this.#caches.some(isAll)) return false;
    if (cores === 'spread') return touched.every((count) => count <= 1);
    if (cores === 'any') return true;
    return this.cores.every((core, index) => [0, core.length].includes(touched[index] ?? 0));
  }

  termsOf(chosen: readonly number[]): NaiveTerms {
    const { numa, cache } = this.placement;
    const countOf = (role: Role) => chosen.filter((cpu) => this.roles[cpu] === role).length;
    const of = (groups: readonly (readonly number[])[]) =>
      groups.map((group) => group.filter((cpu) => chosen.includes(cpu)).length);
    const touched = (groups: readonly (readonly number[])[]) =>
      groups.filter((group) => group.some((cpu) => chosen.includes(cpu)));
    const isLoose = (cpu: number) => ['own', 'free'].includes(this.roles[cpu] ?? '');
    const isCached = (cpu: number) => this.#caches.some((cpus) => cpus.includes(cpu));
    const split = touched(this.cores).filter((core) => !core.every((cpu) => chosen.includes(cpu)));
    const caches = touched(this.#caches).length + (chosen.every(isCached) ? 0 : 1);
    const groups = touched(cache === 'any' ? this.#nodes : this.#caches).flat();
    return {
      taken: countOf('takeable'),
      numa:
        numa === 'pack'
          ? touched(this.#nodes).length
          : numa === 'spread'
            ? of(this.#nodes).reduce((sum, count) => sum + count * count, 0)
            : 0,
      caches: cache === 'prefer' ? caches : 0,
      moved: Math.min(countIn(this.roles, 'own'), chosen.length) - countOf('own'),
      split: split.length,
      broken: split.filter((core) => core.every(isLoose)).length,
      left: groups.filter((cpu) => isLoose(cpu) && !chosen.includes(cpu)).length,
    };
  }

  /** All choices of so many CPUs that meet the requirements. */
  *choices(cpuCount: number): Generator<number[]> {
    for (const chosen of subsets(this.offered, cpuCount)) if (this.meets(chosen)) yield chosen;
  }

  /** The terms of the best choice of all; `null` where there is none. */
  best(cpuCount: number): NaiveTerms | null {
    let best: NaiveTerms | null = null;
    for (const chosen of this.choices(cpuCount)) {
      const terms = this.termsOf(chosen);
      if (best === null || compareNaively(terms, best) < 0) best = terms;
    }
    return best;
  }
}

/** Below 0 when the first is better. */
export function compareNaively(a: NaiveTerms, b: NaiveTerms): number {
  const differences = Object.entries(a).map(
    ([name, value]) => value - (Object.entries(b).find(([other]) => other === name)?.[1] ?? 0),
  );
  return differences.find((difference) => difference !== 0) ?? 0;
}

function countIn(roles: readonly Role[], role: Role): number {
  return roles.filter((each) => each === role).length;
}

function* subsets(cpus: readonly number[], size: number, from = 0): Generator<number[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let index = from; index <= cpus.length - size; index++) {
    for (const rest of subsets(cpus, size - 1, index + 1)) yield [cpus[index] ?? -1, ...rest];
  }
}
