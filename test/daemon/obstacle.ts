/** Something in the way of the next write. */

import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { temporaryPath } from '../../src/state/state-names.js';

/**
 * Puts a directory where the first copy is written before it takes its place: not even root can write
 * there.
 *
 * @returns what removes it
 */
export function obstructWrites({ statePath }: { readonly statePath: string }): () => void {
  const path = temporaryPath(statePath);
  rmSync(path, { force: true });
  mkdirSync(path);
  return () => rmdirSync(path);
}
