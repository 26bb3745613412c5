/**
 * The choice of CPUs written down a second time, from the sentences of the wire contract and with
 * nothing but sets and loops: slow, and easy to compare with the text.
 */

/** What there is to choose from. The sets have no CPU in common. */
export interface NaiveChoice {
  readonly wanted: number;
  readonly own: ReadonlySet<number>;
  readonly free: ReadonlySet<number>;
  readonly takeable: ReadonlySet<number>;
  /** Eligible thread siblings. */
  readonly cores: readonly (readonly number[])[];
}

/** One round: CPUs that are added to those that are held. */
interface Round {
  readonly lacking: number;
  readonly held: ReadonlySet<number>;
  readonly available: ReadonlySet<number>;
  readonly cores: readonly (readonly number[])[];
}

/** The CPUs that the contract gives; where (a) leaves a choice, the lowest ids. */
export function naiveChoice({ wanted, own, free, takeable, cores }: NaiveChoice): Set<number> {
  if (own.size >= wanted) {
    // Shrinking: of its own CPUs it keeps whole cores before halves.
    return pick({ lacking: wanted, held: new Set(), available: own, cores });
  }
  const kept = new Set(own);
  for (const available of [free, takeable]) {
    const picked = pick({ lacking: wanted - kept.size, held: new Set(kept), available, cores });
    for (const cpu of picked) kept.add(cpu);
  }
  return kept;
}

function pick({ lacking, held, available, cores }: Round): Set<number> {
  const picked = new Set<number>();
  const take = (cpu: number) => {
    if (picked.size < lacking && available.has(cpu)) picked.add(cpu);
  };
  const isHeldInPart = (core: readonly number[]) => core.some((cpu) => held.has(cpu));
  const isWholeAndFree = (core: readonly number[]) => core.every((cpu) => available.has(cpu));
  const byLowestCpu = [...cores].sort((a, b) => Math.min(...a) - Math.min(...b));

  // (a) siblings of cores it already holds part of
  for (const cpu of ascending(cores.filter(isHeldInPart).flat())) take(cpu);
  // (b) whole free cores that still fit, lowest id first
  for (const core of byLowestCpu) {
    if (isHeldInPart(core) || !isWholeAndFree(core)) continue;
    if (core.length <= lacking - picked.size) for (const cpu of core) take(cpu);
  }
  // (c) single CPUs of cores that are already split, lowest id first
  const split = cores.filter((core) => !isHeldInPart(core) && !isWholeAndFree(core));
  for (const cpu of ascending(split.flat())) take(cpu);
  // (d) last, a whole core is split
  for (const core of byLowestCpu) for (const cpu of ascending(core)) take(cpu);
  return picked;
}

/** CPUs that step (a) may pick in a round. */
export function siblingsInRound({ held, available, cores }: Omit<Round, 'lacking'>): number[] {
  return cores
    .filter((core) => core.some((cpu) => held.has(cpu)))
    .flat()
    .filter((cpu) => available.has(cpu));
}

/** The most cores held in part that can become whole when `lacking` siblings are added. */
export function mostMadeWhole({ lacking, held, available, cores }: Round): number {
  const missing = cores
    .filter((core) => core.some((cpu) => held.has(cpu)))
    .map((core) => core.filter((cpu) => !held.has(cpu)))
    .filter((cpus) => cpus.length > 0 && cpus.every((cpu) => available.has(cpu)))
    .map((cpus) => cpus.length);
  let left = lacking;
  let most = 0;
  for (const count of ascending(missing)) {
    left -= count;
    if (left >= 0) most += 1;
  }
  return most;
}

function ascending(cpus: Iterable<number>): number[] {
  return [...cpus].sort((a, b) => a - b);
}
