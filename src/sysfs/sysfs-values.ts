/**
 * Reads the kinds of values that files of sysfs hold: CPU lists and masks, counts, and directories
 * with numbered names. Whatever does not parse becomes an error with the path and the text.
 */

import { CpuListError, parseCpuList, parseCpuMask } from '../core/cpu-list.js';
import { type CpuSet, MAX_CPU_ID } from '../core/cpu-set.js';
import { quote } from '../core/quoting.js';
import { SysfsError, type SysfsFiles } from './sysfs-files.js';

/**
 * The set in a file such as `0-3,8`, or `undefined` when there is no such file. Empty when the
 * file is blank. Lists of nodes have the same format.
 *
 * @throws SysfsError
 */
export function readCpuList(files: SysfsFiles, path: string): CpuSet | undefined {
  return readSet(files, path, parseCpuList);
}

/**
 * The set in a file such as `00000001,0000000f`, or `undefined` when there is no such file.
 *
 * @throws SysfsError
 */
export function readCpuMask(files: SysfsFiles, path: string): CpuSet | undefined {
  return readSet(files, path, parseCpuMask);
}

/**
 * The number in a file that holds nothing else, or `undefined` when there is no such file.
 *
 * @throws SysfsError unless it is an integer of at most 15 digits, without sign
 */
export function readCount(files: SysfsFiles, path: string): number | undefined {
  const text = files.readText(path);
  return text === undefined ? undefined : parseCount(files, path, text);
}

/** So many are exact in a double. */
const DIGITS_MAX = 15;
const COUNT = new RegExp(`^\\d{1,${DIGITS_MAX}}$`);

/**
 * The number in `text`, which was found in the file at `path`.
 *
 * @throws SysfsError unless it is an integer of at most 15 digits, without sign
 */
export function parseCount(files: SysfsFiles, path: string, text: string): number {
  if (COUNT.test(text)) return Number(text);
  throw notUnderstood(files, path, `${quote(text)} is no count`);
}

const SPACE = 0x20;
const ZERO = 0x30;

/**
 * The numbers in `text`, which was found in the file at `path`, with blanks between them. Digit by
 * digit: the distances of the largest machine are a million.
 *
 * @throws SysfsError unless each is as {@link parseCount} wants it
 */
export function parseCounts(files: SysfsFiles, path: string, text: string): number[] {
  const counts: number[] = [];
  let count = 0;
  let digitCount = 0;
  for (let index = 0; index <= text.length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : SPACE;
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9 && digitCount < DIGITS_MAX) {
      count = count * 10 + digit;
      digitCount++;
    } else if (code === SPACE && digitCount > 0) {
      counts.push(count);
      count = 0;
      digitCount = 0;
    } else {
      return text.split(/\s+/).map((word) => parseCount(files, path, word));
    }
  }
  return counts;
}

/**
 * The numbers N of the names `<prefix>N` in a directory, ascending, or `undefined` when there is
 * no such directory. Numbers above {@link MAX_CPU_ID} are no ids and left out.
 *
 * @throws SysfsError
 */
export function readIds(files: SysfsFiles, path: string, prefix: string): number[] | undefined {
  return files
    .listNames(path)
    ?.filter(
      (name) => name.startsWith(prefix) && /^(?:0|[1-9]\d{0,4})$/.test(name.slice(prefix.length)),
    )
    .map((name) => Number(name.slice(prefix.length)))
    .filter((id) => id <= MAX_CPU_ID)
    .sort((a, b) => a - b);
}

/** The error for a file whose text was read and makes no sense. `path` is relative. */
export function notUnderstood(files: SysfsFiles, path: string, reason: string): SysfsError {
  return new SysfsError('understand', `${files.root}/${path}`, reason);
}

/** Path → what its text came to when it was read last. */
type KnownSets = Map<string, { readonly text: string; readonly cpus: CpuSet }>;

const setsOf = new WeakMap<SysfsFiles, KnownSets>();

/**
 * From now on a set of these files is only made anew when its text is another: for few files that are
 * read again and again, as a list of all CPUs takes longer to understand than to read.
 */
export function rememberSets(files: SysfsFiles): void {
  setsOf.set(files, new Map());
}

function readSet(
  files: SysfsFiles,
  path: string,
  parse: (text: string) => CpuSet,
): CpuSet | undefined {
  const text = files.readText(path);
  if (text === undefined) return undefined;
  const sets = setsOf.get(files);
  const known = sets?.get(path);
  if (known?.text === text) return known.cpus;
  try {
    const cpus = parse(text);
    sets?.set(path, { text, cpus });
    return cpus;
  } catch (error) {
    if (error instanceof CpuListError) throw notUnderstood(files, path, error.message);
    throw error;
  }
}
