/**
 * Reads single files and directories of sysfs, or of a directory laid out like it. Knows what may
 * go wrong with a file, never what is in it. Synchronous, as a small file then takes some 10 µs
 * and through promises some 200: it belongs in a worker thread.
 */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { getSystemErrorMap } from 'node:util';

/**
 * The longest file that is read, in bytes. Most of sysfs is limited to a page of 4 KiB; the CPU
 * list of a node may be longer, but one that names every other CPU of 8,192 has 20 KiB.
 */
export const MAX_FILE_BYTES = 65_536;

/** The smallest page of memory of any Linux: no read of a longer file hands out less. */
const PAGE_BYTES = 4_096;

/** The files below one directory that stands for `/sys`. */
export interface SysfsFiles {
  /** The directory that stands for `/sys`, absolute. */
  readonly root: string;
  /**
   * The text of a file without the blanks and NULs around it, or `undefined` when there is no
   * such file.
   *
   * @param path relative to `root`, such as `devices/system/cpu/online`
   * @throws SysfsError when there is something of that name that cannot be read
   */
  readText(path: string): string | undefined;
  /**
   * The names in a directory, in no particular order, or `undefined` when there is no such
   * directory.
   *
   * @param path relative to `root`
   * @throws SysfsError when there is such a directory and it cannot be read
   */
  listNames(path: string): string[] | undefined;
}

/** What was being done when a file turned out to be bad: getting its text, or making sense of it. */
export type SysfsStep = 'read' | 'understand';

/** A file or directory of sysfs that cannot be read, or whose text makes no sense. */
export class SysfsError extends Error {
  override readonly name = 'SysfsError';
  readonly step: SysfsStep;
  /** Absolute. */
  readonly path: string;
  /** What is wrong; quotes the text if that is what was wrong. */
  readonly reason: string;

  constructor(step: SysfsStep, path: string, reason: string) {
    super(`cannot ${step} ${path}: ${reason}`);
    this.step = step;
    this.path = path;
    this.reason = reason;
  }
}

/** The files below `root`, read anew from the disk or kernel at every call. */
export function sysfsFilesAt(root: string): SysfsFiles {
  const absoluteRoot = resolve(root);
  // Not by `join`, which normalises thousands of paths that are so already.
  const prefix = absoluteRoot === '/' ? '/' : `${absoluteRoot}/`;
  return {
    root: absoluteRoot,
    readText: (path) => readText(prefix + path),
    listNames: (path) => listNames(prefix + path),
  };
}

/** One for the whole thread, since a synchronous read is over before the next one starts. */
const buffer = Buffer.allocUnsafeSlow(MAX_FILE_BYTES + 1);

function readText(path: string): string | undefined {
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK, opening a FIFO waits until somebody writes to it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(descriptor).isFile())
      throw new SysfsError('read', path, 'it is no regular file');
    return textOf(readBytes(descriptor, path));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw asSysfsError(error, path);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readBytes(descriptor: number, path: string): number {
  // The kernel hands long files out a page at a time, and what is less than a page is the end. Asked
  // once more, a list that has grown meanwhile would give its new tail behind the old text.
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += count;
    if (length > MAX_FILE_BYTES) {
      throw new SysfsError('read', path, `it is longer than ${MAX_FILE_BYTES} bytes`);
    }
    if (count < PAGE_BYTES) return length;
  }
}

function textOf(length: number): string {
  const isBlank = (index: number) => (buffer[index] ?? 0) <= 0x20;
  let start = 0;
  let end = length;
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return buffer.toString('utf8', start, end);
}

function listNames(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw asSysfsError(error, path);
  }
}

/**
 * What is different once a directory has come or gone within a directory, so that the names need not
 * be read again: the count of its links, or, where a file system does not count, the time of its last
 * change. `null` = it cannot be told.
 *
 * @param path absolute
 */
export function directoryStamp(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.ino} ${stats.nlink} ${stats.mtimeMs}`;
}

/** ENODEV is what a file says that was there when it was opened, and went with its CPU or node. */
const ABSENCES: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ENODEV'];

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ABSENCES.includes(error.code);
}

function asSysfsError(error: unknown, path: string): SysfsError {
  if (error instanceof SysfsError) return error;
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    const known = getSystemErrorMap().get(error.errno);
    if (known !== undefined) return new SysfsError('read', path, known.join(': '));
  }
  return new SysfsError('read', path, String(error));
}
