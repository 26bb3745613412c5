/**
 * The two ways in which the kernel writes a set of CPUs: as a list (`0-3,8`) and as a mask of
 * hexadecimal words (`00000001,0000000f`, highest first).
 *
 * Formats: `Documentation/admin-guide/cputopology.rst` and `bitmap_parselist` in the kernel.
 */

import { type CpuSet, cpuSetOf, MAX_CPU_ID, NO_CPUS, runsOf } from './cpu-set.js';
import { quote } from './quoting.js';

/** A text is no CPU list or mask. `message` quotes the text and says what is wrong with it. */
export class CpuListError extends Error {
  override readonly name = 'CpuListError';
}

/**
 * Reads a CPU list such as `0-3,8,10-11`. Order and repetition do not matter; blanks around it
 * and an empty text (no CPUs) are fine.
 *
 * @example parseCpuList('3,1-2') // CPUs 1, 2 and 3
 * @throws CpuListError for anything else, ids above {@link MAX_CPU_ID} included
 */
export function parseCpuList(text: string): CpuSet {
  const list = text.trim();
  if (list === '') return NO_CPUS;
  const cpus: number[] = [];
  for (const part of list.split(',')) {
    const range = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim());
    if (range === null) throw new CpuListError(`${quote(text)} is no CPU list: ${quote(part)}`);
    const first = Number(range[1]);
    const last = range[2] === undefined ? first : Number(range[2]);
    if (last < first) {
      throw new CpuListError(`${quote(text)} is no CPU list: the range ${part.trim()} runs down`);
    }
    if (last > MAX_CPU_ID) {
      throw new CpuListError(
        `${quote(text)} names CPU ${last}; the highest possible is ${MAX_CPU_ID}`,
      );
    }
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpuSetOf(cpus);
}

/** Writes a set in the kernel's list format: ascending, ranges as `a-b`, `""` when empty. */
export function formatCpuList(set: CpuSet): string {
  return runsOf(set)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join(',');
}

/**
 * Reads a CPU mask: words of up to eight hexadecimal digits joined by commas, the highest first.
 *
 * @example parseCpuMask('00000001,0000000f') // CPUs 0 to 3 and 32
 * @throws CpuListError for anything else
 */
export function parseCpuMask(text: string): CpuSet {
  const mask = text.trim();
  if (mask === '') return NO_CPUS;
  const words = mask.split(',');
  if (words.length > (MAX_CPU_ID + 1) / 32) {
    throw new CpuListError(`a mask of ${words.length} words names CPUs above ${MAX_CPU_ID}`);
  }
  const bits = new Uint32Array(words.length);
  words.forEach((digits, index) => {
    if (!/^[0-9a-f]{1,8}$/i.test(digits)) {
      throw new CpuListError(`${quote(text)} is no CPU mask: ${quote(digits)}`);
    }
    bits[words.length - 1 - index] = Number.parseInt(digits, 16);
  });
  return bits;
}
