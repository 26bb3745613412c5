/** The newest whole copy of a state directory as one file: for `state export` and for backups. */

import { link, lstat, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../core/quoting.js';
import { inspectDirectory } from './inspect-state.js';
import { isMissing } from './missing.js';
import { syncDirectory, writeSynced } from './replace-copies.js';
import { judgeCopy } from './state-copies.js';
import { formatState } from './state-format.js';
import { StateError, type StoredState } from './stored-state.js';

/** A state, and the text of a file that has it. */
export interface Exported {
  readonly state: StoredState;
  readonly bytes: Buffer;
}

/**
 * Reads the newest whole copy, also while a daemon serves.
 *
 * @returns `null` when nothing was ever stored in the directory
 * @throws StateError when there is no whole copy, or the directory cannot be read
 */
export async function readNewest(stateDirectory: string): Promise<Exported | null> {
  const { copies, state, problem } = await inspectDirectory(stateDirectory);
  if (problem !== null) throw new StateError(problem);
  if (state === null) return null;
  const path = copies.find((copy) => copy.condition === 'whole' && copy.state === state)?.path;
  if (path !== undefined) {
    const bytes = await readFile(path);
    // A daemon that serves may have replaced it in the meantime, by something as whole.
    const judged = judgeCopy(bytes);
    if (judged.condition === 'whole' && judged.state.format === 'own') {
      // Blanks are room for what a daemon writes next, which is nobody else's business.
      return { state: judged.state, bytes: Buffer.from(`${bytes.toString().trimEnd()}\n`) };
    }
  }
  return { state, bytes: Buffer.from(formatState(state, new Date())) };
}

/**
 * Writes a file that is whole, and durable, from the moment when it has its name.
 *
 * @param mayReplace whether a file of that name may be there
 * @throws the error of the file system
 */
export async function writeWhole(
  path: string,
  bytes: Buffer | string,
  mayReplace: boolean,
): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    await requireFree(path, mayReplace);
    writeSynced([temporary], bytes, 'wx');
    // Unlike a rename, a link never replaces what somebody else has put there by now.
    if (mayReplace) await rename(temporary, path);
    else await link(temporary, path);
    await rm(temporary, { force: true });
    syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** As {@link writeWhole}, for a state. @throws StateError when the file cannot be written */
export async function exportTo(path: string, bytes: Buffer, mayReplace: boolean): Promise<void> {
  try {
    await writeWhole(path, bytes, mayReplace);
  } catch (error) {
    throw new StateError(`cannot export to ${path}: ${messageOf(error)}`);
  }
}

async function requireFree(path: string, mayReplace: boolean): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!mayReplace) throw new Error('it exists; replace it with --force, or choose another name');
  if (!found.isFile()) throw new Error('it exists, and is no file');
}
