/** Makes a directory that is still there after a power cut. */

import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and those above it that are missing, durably: a name is on disk when the
 * directory that holds it has been synced. Does nothing to directories that are there.
 *
 * @throws the error of the file system
 */
export function makeDirectory(path: string): void {
  const wanted = resolve(path);
  const firstMade = mkdirSync(wanted, { recursive: true, mode: 0o750 });
  if (firstMade === undefined) return;
  for (let made = wanted; made !== dirname(firstMade); made = dirname(made)) {
    const descriptor = openSync(dirname(made), 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}
