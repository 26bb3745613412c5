/** How many CPUs a service gets that does not say how many it wants. */

/** The numbers that the default share rests on; the operator may set others. */
export interface SizeHeuristic {
  /** More candidates than this make the machine a large one. */
  readonly largeMachineCpus: number;
  /** What a large machine keeps back for others; not more than {@link largeMachineCpus}. */
  readonly largeMachineReservedCpus: number;
  /** What a small machine gives, in percent. */
  readonly smallMachinePercent: number;
}

/** Source: the wire contract, which has them from the daemon that this one replaces. */
export const DEFAULT_SIZE_HEURISTIC: SizeHeuristic = {
  largeMachineCpus: 100,
  largeMachineReservedCpus: 16,
  smallMachinePercent: 80,
};

/**
 * The default share of `candidateCount` CPUs: of a large machine all but a few, otherwise a
 * percentage, rounded down. May be 0.
 */
export function defaultShare(candidateCount: number, heuristic: SizeHeuristic): number {
  const { largeMachineCpus, largeMachineReservedCpus, smallMachinePercent } = heuristic;
  return candidateCount > largeMachineCpus
    ? candidateCount - largeMachineReservedCpus
    : Math.floor((candidateCount * smallMachinePercent) / 100);
}
