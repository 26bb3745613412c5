/**
 * Which CPUs: the choice behind all three grants, so that few cores are split and a repeated
 * request changes nothing. Pure and deterministic; `docs/protocol.md`, "Which CPUs", in code.
 */

import {
  type CpuSet,
  countCpus,
  cpuSetOf,
  hasCpu,
  isEmpty,
  NO_CPUS,
  sameCpus,
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

/** The cores of a machine as they are now, also one behind the other, where counting in them is quick. */
interface Layout {
  /** Of which the cores are. */
  readonly eligibleCpus: CpuSet;
  readonly cores: readonly (readonly number[])[];
  /** The CPUs of all cores, core by core. */
  readonly siblings: Uint32Array;
  /** Where the CPUs of each core begin, and behind the last core where they end. */
  readonly starts: Uint32Array;
}

/** What the last choice on a machine found; the next is most often about the same CPUs. */
const lastLayouts = new WeakMap<object, Layout>();

/**
 * The cores as they are now: eligible siblings only, cores without any left out, ascending by the
 * lowest CPU that is left.
 */
export function eligibleCores(
  cores: Choice['cores'],
  eligibleCpus: CpuSet,
): readonly (readonly number[])[] {
  return laidOut(cores, eligibleCpus).cores;
}

function laidOut(cores: Choice['cores'], eligibleCpus: CpuSet): Layout {
  const last = lastLayouts.get(cores);
  if (last !== undefined && sameCpus(last.eligibleCpus, eligibleCpus)) return last;
  const eligible: number[][] = [];
  for (const core of cores) {
    const cpus = core.filter((cpu) => hasCpu(eligibleCpus, cpu));
    if (cpus.length > 0) eligible.push(cpus);
  }
  eligible.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const starts = new Uint32Array(eligible.length + 1);
  for (const [index, core] of eligible.entries()) {
    starts[index + 1] = (starts[index] ?? 0) + core.length;
  }
  const layout = {
    eligibleCpus,
    cores: eligible,
    siblings: Uint32Array.from(eligible.flat()),
    starts,
  };
  lastLayouts.set(cores, layout);
  return layout;
}

/** Picks up to `wanted` of the `available` CPUs for a service that has `chosen` ones. */
function pick(
  { cores, siblings, starts }: Layout,
  chosen: CpuSet,
  available: CpuSet,
  wanted: number,
): CpuSet {
  if (wanted === 0 || isEmpty(available)) return NO_CPUS;
  const picked = siblingsOfChosen(cores, chosen, available).slice(0, wanted);
  const unbroken: (readonly number[])[] = [];
  const singles: number[] = [];
  for (let index = 0, start = 0; index < cores.length; index++) {
    if (picked.length === wanted) break;
    const end = starts[index + 1] ?? 0;
    let count = 0;
    let isChosen = false;
    for (let place = start; place < end; place++) {
      const cpu = siblings[place] ?? 0;
      if (hasCpu(available, cpu)) count++;
      else if (hasCpu(chosen, cpu)) isChosen = true;
    }
    const threadCount = end - start;
    start = end;
    if (count === 0 || isChosen) continue;
    const core = cores[index] ?? [];
    if (count < threadCount) singles.push(...core.filter((cpu) => hasCpu(available, cpu)));
    else if (threadCount <= wanted - picked.length) picked.push(...core);
    // Each of them has a CPU to give, so that no more are needed.
    else if (unbroken.length < wanted) unbroken.push(core);
  }
  singles.sort((a, b) => a - b);
  picked.push(...singles.slice(0, wanted - picked.length));
  for (const core of unbroken) {
    if (picked.length === wanted) break;
    picked.push(...core.slice(0, wanted - picked.length));
  }
  return cpuSetOf(picked);
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
