/** The licences of the packages whose code is in what is built. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/**
 * Writes the licences of these packages into one file.
 *
 * @param root of the project, where its packages are
 * @param names of the packages whose code may be in what was built
 * @throws Error when code of another package is in it
 */
export function writeLicences(
  path: string,
  root: string,
  names: readonly string[],
  { inputs }: Metafile,
): void {
  const foreign = Object.keys(inputs)
    .map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1])
    .filter((name) => name !== undefined && !names.includes(name));
  if (foreign.length > 0) throw new Error(`no licence is shipped for ${[...new Set(foreign)]}`);
  const licences = names.map((name) => `${name}\n\n${licenceOf(join(root, 'node_modules', name))}`);
  writeFileSync(path, licences.join('\n'));
}

/** The names under which packages keep it. */
const NAMES = ['LICENSE', 'LICENSE.md'];

function licenceOf(directory: string): string {
  for (const name of NAMES) {
    try {
      return readFileSync(join(directory, name), 'utf8');
    } catch {
      // Under the other name.
    }
  }
  throw new Error(`${directory} has no licence`);
}
