/** The directories of the snap that must be there, and be open as they should, before the daemon is. */

import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapPlaces } from '../config/config.js';
import { configPathOf, writeConfigFile } from './config-file.js';

/**
 * Whoever the socket lets in must reach it: users of the host, where `socket-mode` says so. What
 * else is in the directory is for root alone by its own mode.
 */
const SHARED_MODE = 0o755;
const PRIVATE_MODE = 0o700;

/** Where backups of the state are: of all revisions, so that a snap that is reverted has them. */
export function backupDirectoryOf({ commonDirectory }: SnapPlaces): string {
  return join(commonDirectory, 'backups');
}

/** Makes what is missing, and opens what other snaps are to reach. Touches nothing in them. */
export async function prepareDirectories(places: SnapPlaces): Promise<void> {
  const shared = join(places.dataDirectory, 'data');
  mkdirSync(shared, { recursive: true });
  chmodSync(shared, SHARED_MODE);
  mkdirSync(backupDirectoryOf(places), { recursive: true, mode: PRIVATE_MODE });
  // The daemon starts before the options are known, and on its defaults.
  const configPath = configPathOf(places);
  if (!existsSync(configPath)) await writeConfigFile(configPath, {});
}
