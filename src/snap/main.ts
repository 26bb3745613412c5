/**
 * The program of the snap's hooks and of its backup. What it says on failure is one sentence, as
 * snapd shows it to whoever typed the command.
 */

import { ConfigError, readSnapPlaces, type SnapPlaces } from '../config/config.js';
import { StateError } from '../state/stored-state.js';
import { backUp } from './backup.js';
import { configure } from './configure.js';
import { prepareDirectories } from './data-directories.js';
import { OptionError } from './options.js';
import { postRefresh } from './post-refresh.js';
import { SnapctlError } from './snapctl.js';

const TASKS: Readonly<Record<string, (places: SnapPlaces) => Promise<readonly string[]>>> = {
  install: async (places) => {
    await prepareDirectories(places);
    return [];
  },
  configure,
  'post-refresh': (places) => postRefresh(places, new Date()),
  backup: (places) => backUp(places, new Date()),
};

const KNOWN_ERRORS = [ConfigError, OptionError, SnapctlError, StateError];

async function run(name: string | undefined): Promise<void> {
  const task = TASKS[name ?? ''];
  if (task === undefined) {
    const known = Object.keys(TASKS).join(', ');
    throw new ConfigError(`there is no task ${JSON.stringify(name)}; there are ${known}`);
  }
  for (const line of await task(readSnapPlaces())) process.stdout.write(`${line}\n`);
}

try {
  await run(process.argv[2]);
} catch (error) {
  const isExpected =
    KNOWN_ERRORS.some((Known) => error instanceof Known) ||
    (error instanceof Error && 'syscall' in error);
  if (!isExpected) throw error;
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
