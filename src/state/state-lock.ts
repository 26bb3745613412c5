/**
 * One user of a state directory at a time: a lock on the directory itself, which dies with the
 * process that has it, and a file beside it that tells people who that is.
 */

import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../core/quoting.js';
import { tryLock, unlock } from '../libc/flock.js';
import { makeDirectory } from './make-directory.js';
import { HOLDER_FILE_NAME } from './state-names.js';
import { StateError } from './stored-state.js';

/** A state directory that is ours until it is released, or the process ends. */
export interface StateLock {
  /** Lets others have the directory; does nothing the second time. */
  release(): void;
}

const holderSchema = z.object({ pid: z.int().min(1), since: z.string(), what: z.string() });

/**
 * Takes a state directory, which is made if it is missing.
 *
 * @param what what it is taken for, as told to whoever wants it too: `serves /run/epa.sock`
 * @throws StateError when somebody else has it, saying who; or when it cannot be used, saying why
 */
export function lockStateDirectory(stateDirectory: string, what: string): StateLock {
  let descriptor: number;
  let isOurs = false;
  try {
    makeDirectory(stateDirectory);
    descriptor = openSync(stateDirectory, 'r');
  } catch (error) {
    throw unusable(stateDirectory, error);
  }
  try {
    isOurs = tryLock(descriptor);
  } catch (error) {
    throw unusable(stateDirectory, error);
  } finally {
    if (!isOurs) closeSync(descriptor);
  }
  if (!isOurs) throw inUse(stateDirectory);
  const holderPath = join(stateDirectory, HOLDER_FILE_NAME);
  onlyForPeople(() => {
    const holder = { pid: process.pid, since: new Date().toISOString(), what };
    writeFileSync(holderPath, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  });
  return {
    release: () => {
      if (!isOurs) return;
      isOurs = false;
      onlyForPeople(() => rmSync(holderPath, { force: true }));
      unlock(descriptor);
      closeSync(descriptor);
    },
  };
}

/** The error of a state directory that cannot be used. */
export function unusable(stateDirectory: string, error: unknown): StateError {
  return new StateError(`cannot use the state directory ${stateDirectory}: ${messageOf(error)}`);
}

function inUse(stateDirectory: string): StateError {
  return new StateError(
    `the state directory ${stateDirectory} is in use: ${readHolder(stateDirectory)}. ` +
      'Stop it first, or use another directory',
  );
}

/** Who has the directory, as far as it can be told. */
function readHolder(stateDirectory: string): string {
  try {
    const text = readFileSync(join(stateDirectory, HOLDER_FILE_NAME), 'utf8');
    const { pid, since, what } = holderSchema.parse(JSON.parse(text));
    // A process that was killed leaves the file behind, for as long as its successor takes to
    // write its own.
    if (isRunning(pid)) return `process ${pid} ${what}, since ${since}`;
  } catch {
    // The lock says that somebody is there; who it is could not be written, or cannot be read.
  }
  return 'by a process that does not say which it is';
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** What fails here costs a name in a message, never the lock: the directory may be read-only. */
function onlyForPeople(step: () => void): void {
  try {
    step();
  } catch {
    // As said above.
  }
}
