/** `state export`: the newest whole copy of the state, as one file. */

import { link, lstat, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { messageOf, visible } from '../core/quoting.js';
import { inspectDirectory } from '../state/inspect-state.js';
import { syncDirectory, writeSynced } from '../state/replace-copies.js';
import { isMissing, judgeCopy } from '../state/state-copies.js';
import { formatState } from '../state/state-format.js';
import { StateError, type StoredState } from '../state/stored-state.js';
import { wantsJson } from './ask-daemon.js';
import { stateDirectoryOf } from './state-place.js';
import { countsOf } from './state-report.js';
import { print } from './terminal.js';

/** `state export`: fails when there is no whole copy, or when the file cannot be written. */
export async function exportState(command: Command, file: string | undefined): Promise<void> {
  const { state, bytes } = await newestOf(stateDirectoryOf(command));
  if (file === undefined || file === '-') {
    process.stdout.write(bytes);
    return;
  }
  const { force } = command.opts<{ force?: boolean }>();
  await writeWhole(file, bytes, force === true);
  print(
    wantsJson(command)
      ? JSON.stringify({ file, generation: state.generation })
      : `exported to ${visible(file)}: generation ${state.generation}, ${countsOf(state)}`,
  );
}

interface Exported {
  readonly state: StoredState;
  readonly bytes: Buffer;
}

async function newestOf(stateDirectory: string): Promise<Exported> {
  const { copies, state, problem } = await inspectDirectory(stateDirectory);
  if (problem !== null) throw new StateError(problem);
  if (state === null) throw new StateError(`nothing is stored in ${stateDirectory} yet`);
  const path = copies.find((copy) => copy.condition === 'whole' && copy.state === state)?.path;
  if (path !== undefined) {
    const bytes = await readFile(path);
    // A daemon that serves may have replaced it in the meantime, by something as whole.
    const judged = judgeCopy(bytes);
    if (judged.condition === 'whole' && judged.state.format === 'own') {
      return { state: judged.state, bytes };
    }
  }
  return { state, bytes: Buffer.from(formatState(state, new Date())) };
}

/** Writes a file that is whole, and durable, from the moment when it has its name. */
async function writeWhole(path: string, bytes: Buffer, mayReplace: boolean): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    await requireFree(path, mayReplace);
    await writeSynced(temporary, bytes, 'wx');
    // Unlike a rename, a link never replaces what somebody else has put there by now.
    if (mayReplace) await rename(temporary, path);
    else await link(temporary, path);
    await rm(temporary, { force: true });
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
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
