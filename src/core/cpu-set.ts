/**
 * Sets of CPUs as bitsets: bit `i` of the array is CPU `i`. Never changed after they are made.
 *
 * A bitset of 512 CPUs unites, subtracts and counts in tens of nanoseconds, where a `Set<number>`
 * takes microseconds; and it crosses to a worker thread as it is. Sets of different lengths mix:
 * words that are missing count as zero.
 */

import { invariant } from './invariant.js';

/** A set of CPU ids. Treat as immutable; make new ones with the functions of this module. */
export type CpuSet = Readonly<Uint32Array>;

/**
 * The highest CPU id that is accepted from anywhere. Linux is built for at most 8,192 CPUs
 * (`NR_CPUS`); eight times that leaves room and bounds what a damaged list can make us allocate.
 */
export const MAX_CPU_ID = 65_535;

/** The set without CPUs. */
export const NO_CPUS: CpuSet = new Uint32Array(0);

/** The set of the given CPU ids, in any order, repetitions allowed. */
export function cpuSetOf(cpus: Iterable<number>): CpuSet {
  const ids = [...cpus];
  if (ids.length === 0) return NO_CPUS;
  let highest = 0;
  for (const cpu of ids) {
    const isId = Number.isInteger(cpu) && cpu >= 0 && cpu <= MAX_CPU_ID;
    if (!isId) invariant(isId, `${cpu} is no CPU id`);
    if (cpu > highest) highest = cpu;
  }
  const words = new Uint32Array((highest >>> 5) + 1);
  for (const cpu of ids) words[cpu >>> 5] = word(words, cpu >>> 5) | (1 << (cpu & 31));
  return words;
}

/** Whether `cpu` is in `set`. */
export function hasCpu(set: CpuSet, cpu: number): boolean {
  return (word(set, cpu >>> 5) & (1 << (cpu & 31))) !== 0;
}

/** CPUs that are in `a`, in `b` or in both. */
export function uniteCpus(a: CpuSet, b: CpuSet): CpuSet {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  if (short.length === 0) return long;
  const words = new Uint32Array(long);
  for (let i = 0; i < short.length; i++) words[i] = word(words, i) | word(short, i);
  return words;
}

/** CPUs that are in both. */
export function intersectCpus(a: CpuSet, b: CpuSet): CpuSet {
  const length = Math.min(a.length, b.length);
  if (length === 0) return NO_CPUS;
  const words = new Uint32Array(length);
  for (let i = 0; i < length; i++) words[i] = word(a, i) & word(b, i);
  return words;
}

/** CPUs of `a` that are not in `b`. */
export function subtractCpus(a: CpuSet, b: CpuSet): CpuSet {
  if (a.length === 0 || b.length === 0) return a;
  const words = new Uint32Array(a);
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) words[i] = word(a, i) & ~word(b, i);
  return words;
}

/** How many CPUs the set has. */
export function countCpus(set: CpuSet): number {
  let count = 0;
  for (let i = 0; i < set.length; i++) {
    // Bits summed in pairs, nibbles and bytes (Hacker's Delight, 5-1).
    let bits = word(set, i);
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    bits = (bits + (bits >>> 4)) & 0x0f0f0f0f;
    count += Math.imul(bits, 0x01010101) >>> 24;
  }
  return count;
}

/** Groups of CPUs as far as they are in the set; those of which nothing is left are left out. */
export function groupsWithin(groups: readonly (readonly number[])[], set: CpuSet): number[][] {
  const within: number[][] = [];
  for (const group of groups) {
    const cpus = group.filter((cpu) => hasCpu(set, cpu));
    if (cpus.length > 0) within.push(cpus);
  }
  return within;
}

/** Whether the set has no CPU. */
export function isEmpty(set: CpuSet): boolean {
  for (let i = 0; i < set.length; i++) if (set[i] !== 0) return false;
  return true;
}

/** Whether some CPU is in both. */
export function overlaps(a: CpuSet, b: CpuSet): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if ((word(a, i) & word(b, i)) !== 0) return true;
  return false;
}

/** Whether every CPU of `part` is in `whole`. */
export function isSubset(part: CpuSet, whole: CpuSet): boolean {
  for (let i = 0; i < part.length; i++) if ((word(part, i) & ~word(whole, i)) !== 0) return false;
  return true;
}

/** Whether both have the same CPUs. */
export function sameCpus(a: CpuSet, b: CpuSet): boolean {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) if (word(a, i) !== word(b, i)) return false;
  return true;
}

/** Whether `part` has just those CPUs of `whole` that are in `within`. */
export function samePart(part: CpuSet, whole: CpuSet, within: CpuSet): boolean {
  // Where neither has a CPU, there is nothing to compare.
  for (const index of usedWords(within)) {
    if (word(part, index) !== (word(whole, index) & word(within, index)) >>> 0) return false;
  }
  for (const index of usedWords(part)) if (word(within, index) === 0) return false;
  return true;
}

const knownWords = new WeakMap<CpuSet, Uint16Array>();

/**
 * The indexes of the words of a set that have a CPU. Of a node's share of a large machine few have,
 * and it is compared after each write: found once for each set.
 */
function usedWords(set: CpuSet): Uint16Array {
  let indexes = knownWords.get(set);
  if (indexes === undefined) {
    const used: number[] = [];
    for (let index = 0; index < set.length; index++) if (set[index] !== 0) used.push(index);
    indexes = Uint16Array.from(used);
    knownWords.set(set, indexes);
  }
  return indexes;
}

/** The CPU ids of the set, ascending. */
export function cpusOf(set: CpuSet): number[] {
  const cpus: number[] = [];
  for (let i = 0; i < set.length; i++) {
    for (let bits = word(set, i); bits !== 0; bits &= bits - 1) {
      cpus.push(i * 32 + 31 - Math.clz32(bits & -bits));
    }
  }
  return cpus;
}

/** The runs of neighbouring CPUs of the set, ascending: the first and the last CPU of each. */
export function runsOf(set: CpuSet): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (let first = nextCpu(set, 0, 0); first >= 0; ) {
    const end = nextCpu(set, first + 1, ~0);
    runs.push([first, (end < 0 ? set.length * 32 : end) - 1]);
    if (end < 0) break;
    first = nextCpu(set, end + 1, 0);
  }
  return runs;
}

/** The first id from `start` on that is in the set, or with `flip` = ~0 that is not; -1 = none. */
function nextCpu(set: CpuSet, start: number, flip: number): number {
  let index = start >>> 5;
  let bits = (word(set, index) ^ flip) & (~0 << (start & 31));
  while (bits === 0) {
    if (++index >= set.length) return -1;
    bits = word(set, index) ^ flip;
  }
  return index < set.length ? index * 32 + 31 - Math.clz32(bits & -bits) : -1;
}

/** The lowest CPU id of the set, or `undefined` when it is empty. */
export function lowestCpu(set: CpuSet): number | undefined {
  for (let i = 0; i < set.length; i++) {
    const bits = word(set, i);
    if (bits !== 0) return i * 32 + 31 - Math.clz32(bits & -bits);
  }
  return undefined;
}

/** Asks for the length first: V8 reads slowly, at every place, what was once read beyond an end. */
function word(words: CpuSet, index: number): number {
  return index < words.length ? (words[index] ?? 0) : 0;
}
