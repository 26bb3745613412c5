/**
 * Which CPUs: the choice behind all three grants, so that few cores are split and a repeated
 * request changes nothing. Pure and deterministic; `docs/protocol.md`, "Which CPUs", in code.
 */

import {
  type CpuSet,
  countCpus,
  cpuSetOf,
  cpusOf,
  hasCpu,
  intersectCpus,
  isEmpty,
  NO_CPUS,
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
  const cores = eligibleCores(choice);
  if (countCpus(ownCpus) >= cpuCount) return pick(cores, NO_CPUS, ownCpus, cpuCount);
  let chosen = ownCpus;
  for (const cpus of [freeCpus, takeableCpus]) {
    const lacking = cpuCount - countCpus(chosen);
    chosen = uniteCpus(chosen, pick(cores, chosen, cpus, lacking));
  }
  invariant(countCpus(chosen) === cpuCount, 'there were fewer candidates than wanted CPUs');
  return chosen;
}

/**
 * The cores as they are now: eligible siblings only, cores without any left out, ascending by the
 * lowest CPU that is left.
 */
function eligibleCores({ cores, eligibleCpus }: Choice): number[][] {
  const eligible: number[][] = [];
  for (const core of cores) {
    const cpus = core.filter((cpu) => hasCpu(eligibleCpus, cpu));
    if (cpus.length > 0) eligible.push(cpus);
  }
  return eligible.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** Picks up to `wanted` of the `available` CPUs for a service that has `chosen` ones. */
function pick(
  cores: readonly (readonly number[])[],
  chosen: CpuSet,
  available: CpuSet,
  wanted: number,
): CpuSet {
  if (wanted === 0 || isEmpty(available)) return NO_CPUS;
  const picked: number[] = [];
  const lacking = () => wanted - picked.length;
  const isAvailable = (cpu: number) => hasCpu(available, cpu);

  picked.push(...siblingsOfChosen(cores, chosen, available).slice(0, wanted));

  const untouched = cores.filter((core) => !core.some((cpu) => hasCpu(chosen, cpu)));
  const whole = untouched.filter((core) => core.every(isAvailable));
  const unbroken: (readonly number[])[] = [];
  for (const core of whole) {
    if (core.length <= lacking()) picked.push(...core);
    else unbroken.push(core);
  }

  const split = untouched.filter((core) => !core.every(isAvailable));
  const singles = cpusOf(intersectCpus(cpuSetOf(split.flat()), available));
  picked.push(...singles.slice(0, lacking()));

  for (const core of unbroken) picked.push(...core.slice(0, lacking()));
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
