/**
 * How many CPUs a service gets that does not say how many it wants. Source of the numbers: the
 * wire contract, which has them from the daemon that this one replaces.
 */

/** More candidates than this make the machine a large one. */
export const LARGE_MACHINE_CPUS = 100;
/** What a large machine keeps back for others. */
export const LARGE_MACHINE_RESERVED_CPUS = 16;
/** What a small machine gives, in percent. */
export const SMALL_MACHINE_PERCENT = 80;

/**
 * The default share of `candidateCount` CPUs: all but 16 of more than 100, otherwise 80 percent,
 * rounded down. May be 0.
 */
export function defaultShare(candidateCount: number): number {
  return candidateCount > LARGE_MACHINE_CPUS
    ? candidateCount - LARGE_MACHINE_RESERVED_CPUS
    : Math.floor((candidateCount * SMALL_MACHINE_PERCENT) / 100);
}
