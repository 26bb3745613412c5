/**
 * Which CPUs: the choice behind all three grants, so that few cores are split and a repeated
 * request changes nothing. Pure and deterministic; `docs/protocol.md`, "Which CPUs", in code.
 */

import {
  type CpuSet,
  countCpus,
  cpuSetOf,
  cpusOf,
  groupsWithin,
  hasCpu,
  isEmpty,
  NO_CPUS,
  sameCpus,
  subtractCpus,
  uniteCpus,
} from './cpu-set.js';
import { invariant } from './invariant.js';

/** What there is to choose from. The three sets have no CPU in common. */
export interface Choice {
  /** How many CPUs are wanted; no more than the three sets have together. */
  readonly cpuCount: number;
  /** CPUs that the service holds already and may keep. */
  readonly ownCpus: CpuSet;
  /** CPUs that nobody holds. */
  readonly freeCpus: CpuSet;
  /** CPUs that may be taken from others by force, once no free one is left. */
  readonly takeableCpus: CpuSet;
  /** Thread siblings, ascending by lowest CPU: each CPU of the three sets is in one of them. */
  readonly cores: readonly (readonly number[])[];
  /** CPUs that count as part of their core: those eligible now. */
  readonly eligibleCpus: CpuSet;
}

/** The chosen CPUs: exactly `cpuCount` of them. */
export function chooseCpus(choice: Choice): CpuSet {
  const { cpuCount, ownCpus, freeCpus, takeableCpus } = choice;
  const cores = laidOut(choice.cores, choice.eligibleCpus);
  if (countCpus(ownCpus) >= cpuCount) return pick(cores, NO_CPUS, ownCpus, cpuCount);
  let chosen = ownCpus;
  for (const cpus of [freeCpus, takeableCpus]) {
    const lacking = cpuCount - countCpus(chosen);
    chosen = uniteCpus(chosen, pick(cores, chosen, cpus, lacking));
  }
  invariant(countCpus(chosen) === cpuCount, 'there were fewer candidates than wanted CPUs');
  return chosen;
}

/** The cores of a machine as they are now. */
export interface Layout {
  /** Of which the cores are. */
  readonly eligibleCpus: CpuSet;
  /** Eligible siblings only, cores without any left out, ascending by the lowest CPU that is left. */
  readonly cores: readonly (readonly number[])[];
  /** CPU → the index of its core, or {@link NOWHERE}. */
  readonly coreOf: Int32Array;
  /** Of the narrowest core. */
  readonly fewestThreads: number;
}

/** Of a CPU that is in no core, or in no other place. */
export const NOWHERE = -1;

/** What the last choice on a machine found; the next is most often about the same CPUs. */
const lastLayouts = new WeakMap<object, Layout>();

/** The layout of cores as they are now. */
export function laidOut(cores: Choice['cores'], eligibleCpus: CpuSet): Layout {
  const last = lastLayouts.get(cores);
  if (last !== undefined && sameCpus(last.eligibleCpus, eligibleCpus)) return last;
  const eligible = groupsWithin(cores, eligibleCpus);
  eligible.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const coreOf = new Int32Array(eligibleCpus.length * 32).fill(NOWHERE);
  let fewestThreads = Number.POSITIVE_INFINITY;
  for (const [index, core] of eligible.entries()) {
    for (const cpu of core) coreOf[cpu] = index;
    fewestThreads = Math.min(fewestThreads, core.length);
  }
  const layout = { eligibleCpus, cores: eligible, coreOf, fewestThreads };
  lastLayouts.set(cores, layout);
  return layout;
}

/** Picks up to `wanted` of the `available` CPUs for a service that has `chosen` ones. */
function pick(layout: Layout, chosen: CpuSet, available: CpuSet, wanted: number): CpuSet {
  if (wanted === 0 || isEmpty(available)) return NO_CPUS;
  const { cores, fewestThreads } = layout;
  const picked = siblingsOfChosen(cores, chosen, available).slice(0, wanted);
  const { lacking, split } = lackingOf(layout, chosen, available);
  const unbroken: (readonly number[])[] = [];
  for (let index = 0; index < lacking.length; index++) {
    if (lacking[index] !== 0) continue;
    const room = wanted - picked.length;
    // Each unbroken core has a CPU to give, so that no more of them are needed.
    if (room === 0 || (room < fewestThreads && unbroken.length === wanted)) break;
    const core = cores[index] ?? [];
    if (core.length <= room) picked.push(...core);
    else if (unbroken.length < wanted) unbroken.push(core);
  }
  const singles = split.flatMap((index) =>
    (cores[index] ?? []).filter((cpu) => hasCpu(available, cpu)),
  );
  singles.sort((a, b) => a - b);
  picked.push(...singles.slice(0, wanted - picked.length));
  for (const core of unbroken) {
    if (picked.length === wanted) break;
    picked.push(...core.slice(0, wanted - picked.length));
  }
  return cpuSetOf(picked);
}

/**
 * How many CPUs of each core cannot be had, and which cores have some of both. A core with a chosen CPU
 * counts as one of which none can be had. Goes through what cannot be had: of a large machine that is
 * mostly the smaller part.
 */
function lackingOf(
  { eligibleCpus, cores, coreOf }: Layout,
  chosen: CpuSet,
  available: CpuSet,
): { readonly lacking: Uint32Array; readonly split: readonly number[] } {
  const lacking = new Uint32Array(cores.length);
  const touched: number[] = [];
  const gone = subtractCpus(eligibleCpus, available);
  // Bit by bit, since a list of them would cost as much as all that is done with it.
  for (let word = 0; word < gone.length; word++) {
    for (let bits = gone[word] ?? 0; bits !== 0; bits &= bits - 1) {
      const index = coreOf[word * 32 + 31 - Math.clz32(bits & -bits)] ?? NOWHERE;
      if (index === NOWHERE) continue;
      if (lacking[index] === 0) touched.push(index);
      lacking[index] = (lacking[index] ?? 0) + 1;
    }
  }
  for (const cpu of cpusOf(chosen)) {
    const index = coreOf[cpu] ?? NOWHERE;
    if (index !== NOWHERE) lacking[index] = cores[index]?.length ?? 0;
  }
  const split = touched.filter((index) => (lacking[index] ?? 0) < (cores[index]?.length ?? 0));
  return { lacking, split };
}

/**
 * The available siblings of cores that are held in part. First of those that lack the fewest
 * CPUs and can be made whole, so that the most cores become whole; then the lowest ids.
 */
function siblingsOfChosen(
  cores: readonly (readonly number[])[],
  chosen: CpuSet,
  available: CpuSet,
): number[] {
  if (isEmpty(chosen)) return [];
  return cores
    .map((core) => {
      const missing = core.filter((cpu) => !hasCpu(chosen, cpu));
      const siblings = missing.filter((cpu) => hasCpu(available, cpu));
      return { held: core.length - missing.length, missing: missing.length, siblings };
    })
    .filter(({ held, siblings }) => held > 0 && siblings.length > 0)
    .sort((a, b) => {
      const aStays = a.siblings.length < a.missing;
      const bStays = b.siblings.length < b.missing;
      if (aStays !== bStays) return aStays ? 1 : -1;
      if (!aStays && a.missing !== b.missing) return a.missing - b.missing;
      return (a.siblings[0] ?? 0) - (b.siblings[0] ?? 0);
    })
    .flatMap(({ siblings }) => siblings);
}
