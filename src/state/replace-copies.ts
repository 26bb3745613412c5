/**
 * Puts a text in the place of both copies of the state, durably, and with all that is likely to
 * fail done before the first copy is touched. Synchronous: it is one task for a thread.
 */

import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { isMissing } from './missing.js';
import { copyPaths, replacedPath, temporaryPath } from './state-names.js';

/** Permissions: who owns it reads and writes it, and nobody else does. */
const OWNER_ALONE = 0o600;

/**
 * A replacement that failed when the new text was in place already, for one copy or for both: who
 * reads them now finds what the caller is told was not stored.
 */
export class HalfDoneError extends Error {
  override readonly name = 'HalfDoneError';
}

/**
 * What becomes of the files that are replaced:
 * - `none`: they are gone;
 * - `keep`: they stay under the temporary names, as room for the next write;
 * - `reuse`: as `keep`, and this write may go into what the one before it left there. Only for whoever
 *   made that one, when it did not fail: then no name on disk leads there any more.
 */
export type Room = 'none' | 'keep' | 'reuse';

/** How copies are replaced. */
export interface ReplaceOptions {
  /** Asked once, before the first copy is replaced; throws when neither is to be. */
  readonly mayTouch?: () => void;
  /** `none`, unless it says otherwise. With another, the text is filled up with blanks. */
  readonly room?: Room;
}

/**
 * Replaces both copies: two temporary files in the same directory, both written, both synced, then
 * renamed one after the other, then a sync of the directory. Either copy is whole at any moment.
 *
 * @throws HalfDoneError when the first copy has been replaced; any other error means that both
 * copies are as they were
 */
export function replaceCopies(
  stateDirectory: string,
  text: string,
  { mayTouch = () => undefined, room = 'none' }: ReplaceOptions = {},
): void {
  const paths = copyPaths(stateDirectory);
  const temporaries = paths.map(temporaryPath);
  let isTouched = false;
  try {
    if (room === 'none') writeSynced(temporaries, text);
    else writeInRoom(temporaries, text, room === 'reuse');
    mayTouch();
    for (const path of paths) {
      const isKept = room !== 'none' && succeeds(() => linkSync(path, replacedPath(path)));
      renameSync(temporaryPath(path), path);
      isTouched = true;
      // Without it the next write makes a new file, as it does where files have one name only.
      if (isKept) succeeds(() => renameSync(replacedPath(path), temporaryPath(path)));
    }
    syncDirectory(stateDirectory);
  } catch (error) {
    removeTemporaries(stateDirectory);
    if (!isTouched || !(error instanceof Error)) throw error;
    throw new HalfDoneError(error.message, { cause: error });
  }
}

/** For what is only of use when it can be had. */
function succeeds(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/**
 * Removes what a write left, also one of a daemon that was killed within it; it holds nothing that was
 * acknowledged and is not in the copies. Only for whoever has the directory's lock.
 */
export function removeTemporaries(stateDirectory: string): void {
  for (const path of copyPaths(stateDirectory)) {
    for (const name of [temporaryPath(path), replacedPath(path)]) {
      // What is in the way is said by the next write, which needs the name.
      succeeds(() => rmSync(name, { force: true }));
    }
  }
}

/**
 * Writes files of the same content for their owner alone, and has them on disk; their names are not
 * durable yet. All are written before the first is synced: the disk may take them in one go.
 *
 * @param flag `w` replaces what is there, `wx` fails then
 */
export function writeSynced(
  paths: readonly string[],
  content: string | Buffer,
  flag: 'w' | 'wx' = 'w',
): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const open: number[] = [];
  try {
    for (const path of paths) {
      const file = openSync(path, flag, OWNER_ALONE);
      open.push(file);
      writeFileSync(file, bytes);
    }
    for (const file of open) fsyncSync(file);
  } finally {
    closeAll(open);
  }
}

/** What a file grows by: file systems give room in pieces of this size. */
const BLOCK_BYTES = 4_096;

/**
 * Writes a text to files as {@link writeSynced} does, and fills it up with blanks, so that the next one
 * fits where this one was: a file whose room and length stay is on disk without an entry in the file
 * system's journal, which costs more than all else.
 *
 * @param mayReuse whether what is there under these names may be written over
 */
function writeInRoom(paths: readonly string[], text: string, mayReuse: boolean): void {
  const json = text.trimEnd();
  const length = Buffer.byteLength(json) + 1;
  const least = Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
  const open: number[] = [];
  try {
    if (mayReuse) for (const path of paths) open.push(openOver(path));
    const [size = 0, ...others] = open.map(reusableBytes);
    const fits = length <= size && size <= 2 * least && others.every((other) => other === size);
    if (!fits) {
      closeAll(open.splice(0));
      for (const path of paths) open.push(openNew(path));
    }
    const bytes = filledUp(json, fits ? size : least);
    for (const file of open) writeFileSync(file, bytes);
    for (const file of open) fdatasyncSync(file);
  } finally {
    closeAll(open);
  }
}

/** JSON with blanks and a newline behind it; the same to whoever parses it. */
function filledUp(json: string, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes, ' ');
  bytes.write(json);
  bytes.write('\n', sizeBytes - 1);
  return bytes;
}

/** Opens what is there, so that it can be written over; never what a symbolic link leads to. */
function openOver(path: string): number {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW, OWNER_ALONE);
  } catch {
    return openNew(path);
  }
}

/** Makes a file under a name, whatever had it. */
function openNew(path: string): number {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return openSync(path, 'wx', OWNER_ALONE);
}

/** How long a file is that nobody else can miss; 0 for one that may be somebody's. */
function reusableBytes(file: number): number {
  const found = fstatSync(file);
  const isOwn = found.uid === process.geteuid?.() && (found.mode & 0o777) === OWNER_ALONE;
  // A second name is that of a backup, which is to stay as it is.
  return found.isFile() && found.nlink === 1 && isOwn ? found.size : 0;
}

/** Closes all, whatever comes of each: a close may be the first to tell that a write failed. */
function closeAll(files: readonly number[]): void {
  const errors: unknown[] = [];
  for (const file of files) {
    try {
      closeSync(file);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
