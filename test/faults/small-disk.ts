/** A small file system in memory under the state directory, which runs full or read-only. */

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { undoneInAnyCase } from '../process/undone-in-any-case.js';

const SIZE_KB = 256;
const INODE_COUNT = 64;

/** One page of memory: what the smallest file takes. */
const PAGE_BYTES = 4096;

/** A mounted file system; `using` it unmounts it. */
export class SmallDisk {
  readonly directory: string;
  readonly #unmount: () => void;
  readonly #ballastPath: string;

  /**
   * Mounts it over a directory that is there.
   *
   * @throws Error with what `mount` says when a file system in memory cannot be had
   */
  constructor(directory: string) {
    this.directory = directory;
    this.#ballastPath = join(directory, 'ballast');
    const options = `size=${SIZE_KB}k,nr_inodes=${INODE_COUNT},mode=0750`;
    run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
    this.#unmount = undoneInAnyCase(() => {
      // Lazily: the daemon, which has the directory open, may end later than this.
      run('umount', ['--lazy', directory]);
    });
  }

  /** Another file takes all room, but for so many pages of memory. */
  fill(pagesLeft = 0): void {
    const ballast = openSync(this.#ballastPath, 'w');
    let length = 0;
    try {
      for (;;) length += writeSync(ballast, Buffer.alloc(PAGE_BYTES));
    } catch (error) {
      if (!isFull(error)) throw error;
    } finally {
      closeSync(ballast);
    }
    truncateSync(this.#ballastPath, length - pagesLeft * PAGE_BYTES);
  }

  /** Other files take all inodes: there is room, but not for one more file. */
  useUpInodes(): void {
    try {
      for (let count = 0; ; count++) writeFileSync(`${this.#ballastPath}-${count}`, '');
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }

  /** Gives files a second name, so that their room is not free again when they are replaced. */
  keepRoomOf(paths: readonly string[]): void {
    for (const [index, path] of paths.entries()) linkSync(path, `${this.#ballastPath}-${index}`);
  }

  /** Removes all that makes the disk smaller. */
  makeRoom(): void {
    rmSync(this.#ballastPath, { force: true });
    for (let count = 0; count < INODE_COUNT; count++) {
      rmSync(`${this.#ballastPath}-${count}`, { force: true });
    }
  }

  /** Bytes that can still be written. */
  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** What the kernel does to a disk it has lost faith in. */
  makeReadOnly(): void {
    run('mount', ['-o', 'remount,ro', this.directory]);
  }

  makeWritable(): void {
    run('mount', ['-o', 'remount,rw', this.directory]);
  }

  [Symbol.dispose](): void {
    this.#unmount();
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}

function run(command: string, words: readonly string[]): void {
  try {
    execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(`the fault suite needs a small file system in memory: ${said}`);
  }
}
