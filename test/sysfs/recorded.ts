/**
 * The sysfs of real machines, in archives that are not part of the repository.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { useTemporaryDirectories } from './trees.js';

/** Where the archives are. */
export const RECORDED_MACHINES = join(import.meta.dirname, '../../../shared/machines');

/** Whether they are there. */
export const areRecorded = existsSync(RECORDED_MACHINES);

/** The names of the archives that begin so. */
export function namesOf(prefix: string): string[] {
  return readdirSync(RECORDED_MACHINES)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.tar.gz'))
    .map((name) => name.slice(0, -'.tar.gz'.length));
}

/** Unpacks an archive for the tests of a `describe`; gives the directory that stands for `/sys`. */
export function useArchive(name: string, sysfs: string): () => string {
  const temporaryDirectory = useTemporaryDirectories();
  let root = '';
  before(() => {
    root = join(extract(name, temporaryDirectory()), sysfs);
  });
  return () => root;
}

function extract(name: string, directory: string): string {
  execFileSync('tar', ['xzf', join(RECORDED_MACHINES, `${name}.tar.gz`), '-C', directory]);
  return directory;
}
