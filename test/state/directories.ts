/** State directories as they are on disk, for tests of what changes in them and what does not. */

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name → the bytes of a file, as text of one character a byte; other things as what they are. */
export function everythingIn(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory).sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(directory, name);
      return [name, lstatSync(path).isFile() ? readFileSync(path, 'latin1') : 'no file'];
    }),
  );
}
