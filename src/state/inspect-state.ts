/**
 * What is stored, looked at from outside: in a state directory, whether or not a daemon writes to
 * it at the moment, or in one file. Reads without the lock, and changes nothing.
 */

import { access, constants } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../core/quoting.js';
import { isMissing } from './missing.js';
import {
  type Copies,
  type Copy,
  type CopyFault,
  chooseState,
  type FoundState,
  judgeCopy,
  readCopies,
} from './state-copies.js';
import { copyPaths } from './state-names.js';
import { StateError, type StoredState } from './stored-state.js';

/** What was found. */
export interface Inspection {
  /** Both copies of a directory, or one file. */
  readonly copies: readonly Copy[];
  /** What a daemon would serve; `null` = nothing was ever stored, or there is a {@link problem}. */
  readonly state: StoredState | null;
  /** Copies that the next start of a daemon heals. */
  readonly faults: readonly CopyFault[];
  /** Why nothing here can be used; `null` = there is no such reason. */
  readonly problem: string | null;
}

/** A file that somebody names, read already. */
export interface SourceFile {
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** A daemon replaces its copies one after the other, with nothing but a system call in between. */
const READS_MAX = 10;
const PAUSE_MS = 20;

/**
 * Looks at a state directory. Copies of two generations are read again: a daemon that is replacing
 * them has no fault.
 *
 * @throws StateError when the directory is missing, or this user may not read it
 */
export async function inspectDirectory(stateDirectory: string): Promise<Inspection> {
  await requireReadable(stateDirectory);
  const first = await readCopies(stateDirectory);
  let copies = first;
  for (let reads = 1; reads < READS_MAX && isOfTwoGenerations(copies); reads++) {
    await pause(PAUSE_MS);
    copies = await readCopies(stateDirectory);
  }
  const inspection = chooseOrSay(copies, () => chooseState(copies));
  // The older copy is newer now than the newer one was: somebody writes faster than this reads.
  const isBeingWritten =
    isOfTwoGenerations(copies) && oldestOf(copies) > Math.max(...generationsOf(first));
  return isBeingWritten ? { ...inspection, faults: [] } : inspection;
}

/** Looks at one file of either format, wherever it came from. */
export function inspectFile({ name, bytes }: SourceFile): Inspection {
  const copy: Copy = { path: name, ...judgeCopy(bytes) };
  return chooseOrSay([copy], () => {
    if (copy.condition === 'whole') return { state: copy.state, faults: [] };
    throw new StateError(copy.reason);
  });
}

function chooseOrSay(copies: readonly Copy[], choose: () => FoundState): Inspection {
  try {
    return { copies, ...choose(), problem: null };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { copies, state: null, faults: [], problem: error.message };
  }
}

/** A copy that this user may not read is not one that is damaged. */
async function requireReadable(stateDirectory: string): Promise<void> {
  for (const path of [stateDirectory, ...copyPaths(stateDirectory)]) {
    try {
      await access(path, constants.R_OK);
    } catch (error) {
      if (!isMissing(error)) throw new StateError(`cannot read the state: ${messageOf(error)}`);
      if (path !== stateDirectory) continue;
      throw new StateError(
        `there is no state directory ${stateDirectory}; name it with --state-dir or EPA_STATE_DIR`,
      );
    }
  }
}

function isOfTwoGenerations(copies: Copies): boolean {
  const [first, twin] = generationsOf(copies);
  return first !== undefined && twin !== undefined && first !== twin;
}

function oldestOf(copies: Copies): number {
  return Math.min(...generationsOf(copies));
}

/** Of the copies that are whole and of our own format. */
function generationsOf(copies: Copies): number[] {
  return copies.flatMap((copy) =>
    copy.condition === 'whole' && copy.state.format === 'own' ? [copy.state.generation] : [],
  );
}
