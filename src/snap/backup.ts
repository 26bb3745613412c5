/** The daily backup of the state: an export, to a directory that keeps so many of them. */

import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readStateDirectory, type SnapPlaces } from '../config/config.js';
import { exportTo, readNewest } from '../state/export-state.js';
import { timeInName } from '../state/state-names.js';
import { counted } from '../words/counted.js';
import { holdingsCounts } from '../words/holdings-counts.js';
import { backupDirectoryOf } from './data-directories.js';

/** Two weeks of days on which something changed: a mistake is found by then. */
export const BACKUPS_MAX = 14;

const BACKUP_NAME = /^state-\d{8}T\d{6}Z\.json$/;

/**
 * Exports the newest whole copy of the state, unless the last backup has the same; removes the
 * oldest backups beyond {@link BACKUPS_MAX}, and nothing else.
 *
 * @returns what to tell, one line each
 * @throws StateError when there is no whole copy, or the backup cannot be written; no backup is
 * removed then
 */
export async function backUp(places: SnapPlaces, now: Date): Promise<string[]> {
  const stateDirectory = readStateDirectory(undefined);
  const newest = await readNewest(stateDirectory);
  if (newest === null) return [`nothing is stored in ${stateDirectory} yet, and nothing backed up`];
  const directory = backupDirectoryOf(places);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const last = backupsIn(directory).at(-1);
  if (last !== undefined && readFileSync(join(directory, last)).equals(newest.bytes)) {
    return [`nothing has changed since ${join(directory, last)}`];
  }
  const path = join(directory, `state-${timeInName(now)}.json`);
  await exportTo(path, newest.bytes, true);
  const superfluous = backupsIn(directory).slice(0, -BACKUPS_MAX);
  for (const name of superfluous) rmSync(join(directory, name));
  const { generation, holdings } = newest.state;
  return [
    `backed up to ${path}: generation ${generation}, ${holdingsCounts(holdings)}`,
    ...(superfluous.length === 0
      ? []
      : [
          `removed the oldest of more than ${counted(BACKUPS_MAX, 'backup')}: ${superfluous.join(', ')}`,
        ]),
  ];
}

/** The oldest first. */
function backupsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => BACKUP_NAME.test(name))
    .sort();
}
