/**
 * Puts another state in the place of the one that a directory has, while no daemon uses it. What
 * was there is kept under other names, and is back in its place when anything fails.
 */

import { chown, link, lstat, rename, rm } from 'node:fs/promises';
import { messageOf } from '../core/quoting.js';
import type { SourceFile } from './inspect-state.js';
import { isMissing } from './missing.js';
import { replaceCopies, syncDirectory } from './replace-copies.js';
import { type Copies, chooseState, judgeCopy, readCopies } from './state-copies.js';
import { formatState } from './state-format.js';
import { lockStateDirectory } from './state-lock.js';
import { copyPaths, timeInName } from './state-names.js';
import { StateError, type StoredState } from './stored-state.js';

/** What has been done. */
export interface Replacement {
  /**
   * What was there before; `null` = nothing was stored, `undefined` = not known, because no copy
   * was whole.
   */
  readonly before: StoredState | null | undefined;
  /** What the directory has now. */
  readonly after: StoredState;
  /** Where the copies are that were there, the first one first; empty = there were none. */
  readonly kept: readonly string[];
}

/**
 * Makes a state from elsewhere, of either format, the state of a directory, which is made if it is
 * missing. Where its CPUs were at home and whose they were is left out: those are facts of the
 * machine that wrote it. All of it belongs to root.
 *
 * @throws StateError when the file is not whole, or the directory is in use, or cannot be written;
 * what the directory had is then as it was
 */
export async function importState(
  stateDirectory: string,
  file: SourceFile,
  now = new Date(),
): Promise<Replacement> {
  const state = wholeState(file, 'import');
  const holdings = state.holdings.withoutOwners();
  const next = { ...state, holdings, homes: new Map() };
  return replaceState(stateDirectory, next, 'imports a state', now);
}

/**
 * Puts back a state that was this host's own, with everything in it.
 *
 * @throws StateError when the file is of the older format; and as {@link importState} does
 */
export async function restoreState(
  stateDirectory: string,
  file: SourceFile,
  now = new Date(),
): Promise<Replacement> {
  const state = wholeState(file, 'restore');
  if (state.format === 'older') {
    throw new StateError(
      `cannot restore ${file.name}: it is of the format of the older release; take it over with ` +
        '`epa-orchestrator state import FILE`',
    );
  }
  return replaceState(stateDirectory, state, 'restores a state', now);
}

function wholeState({ name, bytes }: SourceFile, verb: string): StoredState {
  const judged = judgeCopy(bytes);
  if (judged.condition === 'whole') return judged.state;
  throw new StateError(`cannot ${verb} ${name}: ${judged.reason}`);
}

async function replaceState(
  stateDirectory: string,
  next: StoredState,
  what: string,
  now: Date,
): Promise<Replacement> {
  const lock = lockStateDirectory(stateDirectory, what);
  try {
    const copies = await readCopies(stateDirectory);
    const generation = generationAfter(copies, next);
    const text = formatState({ ...next, generation }, now);
    const kept = await replaceKeeping(stateDirectory, text, now);
    const after = { ...next, format: 'own', generation } as const;
    return { before: knownState(copies), after, kept };
  } finally {
    lock.release();
  }
}

/** Higher than whatever is there and than the one that takes its place, so that none wins over it. */
function generationAfter(copies: Copies, next: StoredState): number {
  const known = copies.flatMap((copy) => (copy.condition === 'whole' ? [copy.state] : []));
  const generation = Math.max(...[...known, next].map((state) => state.generation)) + 1;
  if (Number.isSafeInteger(generation)) return generation;
  throw new StateError(`no generation can be higher than ${generation - 1}, which one of them has`);
}

/** `undefined` = no daemon would start on these copies. */
function knownState(copies: Copies): StoredState | null | undefined {
  try {
    return chooseState(copies).state;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return undefined;
  }
}

/** Replaces both copies; gives where those are that were there. */
async function replaceKeeping(stateDirectory: string, text: string, now: Date): Promise<string[]> {
  const kept = new Map<string, string | null>();
  try {
    const owner = await ownerOf(stateDirectory);
    const ending = await freeEnding(stateDirectory, now);
    for (const path of copyPaths(stateDirectory)) {
      const keptPath = `${path}${ending}`;
      kept.set(path, (await linkIfThere(path, keptPath)) ? keptPath : null);
    }
    syncDirectory(stateDirectory);
    replaceCopies(stateDirectory, text);
    await giveTo(owner, copyPaths(stateDirectory));
  } catch (error) {
    const reason = `cannot replace the state in ${stateDirectory}: ${messageOf(error)}`;
    try {
      await putBack(stateDirectory, kept);
    } catch (another) {
      const places = [...kept.values()].filter((path) => path !== null).join(', ');
      throw new StateError(
        `${reason}; and what was there could not be put back: ${messageOf(another)}. ` +
          `Restore one of these before a daemon starts: ${places}`,
      );
    }
    throw new StateError(`${reason}. All is as it was`);
  }
  return [...kept.values()].filter((path) => path !== null);
}

/**
 * Undoes, whatever was done. A rename of one name of a file to another name of the same file does
 * nothing and leaves both, so that it is right for a copy that has not been replaced too.
 *
 * @param kept copy → where it is kept, `null` = there was none; those not reached are absent
 */
async function putBack(
  stateDirectory: string,
  kept: ReadonlyMap<string, string | null>,
): Promise<void> {
  for (const [path, keptPath] of kept) {
    if (keptPath !== null) await rename(keptPath, path);
    await rm(keptPath ?? path, { force: true });
  }
  if (kept.size > 0) syncDirectory(stateDirectory);
}

/** Another name for a file, where there is one: it needs no room, and cannot be half done. */
async function linkIfThere(path: string, newPath: string): Promise<boolean> {
  try {
    await link(path, newPath);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** What to append to the names of both copies: it says when, and neither name is taken. */
async function freeEnding(stateDirectory: string, now: Date): Promise<string> {
  const time = timeInName(now);
  for (let number = 1; ; number++) {
    const ending = `.kept-${time}${number === 1 ? '' : `-${number}`}`;
    const taken = await Promise.all(
      copyPaths(stateDirectory).map((path) => ownerIfThere(`${path}${ending}`)),
    );
    if (taken.every((owner) => owner === null)) return ending;
  }
}

/** The user and group of a file, by number. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** As whom the daemon runs: it has written the copies, the second one for certain. */
async function ownerOf(stateDirectory: string): Promise<Owner | null> {
  const [first, twin] = copyPaths(stateDirectory);
  for (const path of [twin, first, stateDirectory]) {
    const owner = await ownerIfThere(path);
    if (owner !== null) return owner;
  }
  return null;
}

async function ownerIfThere(path: string): Promise<Owner | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Lets the daemon read what root has written; nobody else can give files away, or has to. */
async function giveTo(owner: Owner | null, paths: readonly string[]): Promise<void> {
  if (owner === null || process.geteuid?.() !== 0) return;
  for (const path of paths) await chown(path, owner.uid, owner.gid);
}
