/** The version of this program, from its package. */

import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** Nearest `package.json` above this file: one level more when built into `dist/`. */
function readVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8');
      return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
    } catch {
      // Not there; look one level up.
    }
  }
  return 'unknown';
}

export const DAEMON_VERSION = readVersion();
