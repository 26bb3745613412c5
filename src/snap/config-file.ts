/**
 * The daemon's configuration file within the snap: written by the hooks alone, from options that
 * were accepted. So what it says is what was accepted last.
 *
 * It is beside `data` and not in it: other snaps may write there, and none is to choose for itself
 * which CPUs there are to have.
 */

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FILE_KEYS, type RawSettings, type SnapPlaces } from '../config/config.js';
import type { Setting } from '../config/settings.js';
import { writeWhole } from '../state/export-state.js';

/** Where the file is. */
export function configPathOf({ dataDirectory }: SnapPlaces): string {
  return join(dataDirectory, 'config.json');
}

/** Replaces the file, durably; what was there is whole until then. */
export async function writeConfigFile(path: string, chosen: RawSettings): Promise<void> {
  const entries = Object.entries(chosen).map(([setting, value]) => [
    FILE_KEYS[setting as Setting],
    value,
  ]);
  await writeWhole(path, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`, true);
}

/** As {@link writeConfigFile}; gives back how to have the file as it was. */
export async function replaceConfigFile(
  path: string,
  chosen: RawSettings,
): Promise<() => Promise<void>> {
  const before = existsSync(path) ? readFileSync(path) : null;
  await writeConfigFile(path, chosen);
  return async () => {
    if (before === null) rmSync(path);
    else await writeWhole(path, before, true);
  };
}
