/** The names of all files in a state directory. */

import { join } from 'node:path';

/** The first copy of the state; older releases use the same name. */
export const STATE_FILE_NAME = 'state.json';
/** The second copy of the state: its twin. */
export const TWIN_FILE_NAME = 'state.twin.json';
/** Who uses the directory now; for people, the lock itself is on the directory. */
export const HOLDER_FILE_NAME = 'holder.json';

/** The path of the first copy in a state directory. */
export function stateFilePath(stateDirectory: string): string {
  return join(stateDirectory, STATE_FILE_NAME);
}

/** The paths of both copies, in the order in which they are replaced. */
export function copyPaths(stateDirectory: string): readonly [string, string] {
  return [stateFilePath(stateDirectory), join(stateDirectory, TWIN_FILE_NAME)];
}

/** A moment as a part of a file's name, to the second: `20261124T223700Z`. Sorts by time. */
export function timeInName(moment: Date): string {
  return moment.toISOString().replace(/[-:]|\.\d+/g, '');
}

/**
 * Where a copy is written before it takes its place; in the same directory, to be renamed there. While
 * a daemon runs, what it replaced last may stand there, as room for what comes next.
 */
export function temporaryPath(path: string): string {
  return `${path}.tmp`;
}

/** The second name of what is about to be replaced, for a moment. */
export function replacedPath(path: string): string {
  return `${path}.old`;
}
