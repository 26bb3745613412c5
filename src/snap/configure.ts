/**
 * The hook `configure`: `snap set` and `snap unset` run it before snapd accepts anything, and when
 * it fails everything stays as it was. Also runs after an install or a refresh.
 */

import { closeSync, openSync } from 'node:fs';
import {
  type Config,
  ConfigError,
  compareConfigs,
  FILE_KEYS,
  readConfig,
  readConfigFile,
  type SnapPlaces,
} from '../config/config.js';
import { settings } from '../config/settings.js';
import { formatCpuList } from '../core/cpu-list.js';
import { sameCpus } from '../core/cpu-set.js';
import { Holdings } from '../core/holdings.js';
import { messageOf } from '../core/quoting.js';
import { inspectDirectory } from '../state/inspect-state.js';
import { StateError } from '../state/stored-state.js';
import { readIsolatedCpus, readPresentCpus } from '../sysfs/read-cpus.js';
import { SysfsError, sysfsFilesAt } from '../sysfs/sysfs-files.js';
import { configPathOf, replaceConfigFile, writeConfigFile } from './config-file.js';
import { faultOfPool, type PoolGround } from './cpu-pool.js';
import { OptionError, optionNamed, readOptions, refused, SNAP_OPTIONS } from './options.js';
import { getOptions, isRunning, reload } from './snapctl.js';

/**
 * Checks all options, writes the daemon's configuration file and has the daemon read it.
 *
 * @returns what to tell, one line each
 * @throws OptionError, ConfigError or SnapctlError; nothing is changed then
 */
export async function configure(places: SnapPlaces): Promise<string[]> {
  const document = getOptions(Object.keys(SNAP_OPTIONS));
  const chosen = readOptions(document);
  const after = readConfig(chosen, undefined, undefined);
  const path = configPathOf(places);
  const told = await checkPool(after, acceptedPool(path));
  if (after.auditFile !== '') requireWritable(after.auditFile);
  const difference = differenceTo(path, after);
  if (difference === null) return told;
  const service = `${places.name}.daemon`;
  if (!isRunning(service)) {
    await writeConfigFile(path, chosen);
    return [...told, `${service} is not running, and takes the options over when it starts`];
  }
  const undo = await replaceConfigFile(path, chosen);
  try {
    reload(service);
  } catch (error) {
    await undo();
    throw error;
  }
  return [...told, ...announce(service, difference)];
}

interface Difference {
  readonly changed: readonly string[];
  readonly needRestart: readonly string[];
}

/** What is other than the file says; `null` = nothing. */
function differenceTo(path: string, after: Config): Difference | null {
  let before: Config;
  try {
    before = readConfig({}, undefined, path);
  } catch (error) {
    // Something that it names has gone bad since, and is mended now.
    if (!(error instanceof ConfigError)) throw error;
    return { changed: [], needRestart: [] };
  }
  const { changed, needRestart } = compareConfigs(before, after);
  return changed.length + needRestart.length === 0 ? null : { changed, needRestart };
}

/** What a daemon that runs takes over now, and what later. */
function announce(service: string, { changed, needRestart }: Difference): string[] {
  const later = needRestart.map(optionNamed).join(', ');
  const now = changed.map(optionNamed).join(', ');
  return [
    ...(now === '' ? [] : [`${service} takes over now: ${now}`]),
    ...(later === '' ? [] : [`${service} takes over when it restarts: ${later}`]),
  ];
}

/**
 * A pool that was accepted once is not refused again because hardware has changed since: the other
 * options could not be set any more.
 */
async function checkPool(after: Config, accepted: Config['cpuPool'] | null): Promise<string[]> {
  const wanted = after.cpuPool.general;
  const isAccepted =
    accepted !== null &&
    (wanted === null || accepted.general === null
      ? wanted === accepted.general
      : sameCpus(wanted, accepted.general));
  let fault: string | null;
  try {
    fault = faultOfPool(wanted, await readGround(after));
  } catch (error) {
    if (!(error instanceof SysfsError || error instanceof StateError)) throw error;
    if (isAccepted) return [];
    throw new OptionError(`cannot set cpu-pool, as it cannot be checked: ${error.message}`);
  }
  if (fault === null) return [];
  if (isAccepted) return [`cpu-pool stays as it was accepted, but does not fit any more: ${fault}`];
  throw refused('cpu-pool', textOf(after), fault);
}

/** The general pool in force; `null` = nothing was accepted yet that can be read. */
function acceptedPool(path: string): Config['cpuPool'] | null {
  try {
    const text = readConfigFile(path)[FILE_KEYS.cpuPool] ?? '';
    return settings.cpuPool.parse(String(text));
  } catch {
    // A file that nobody can read says nothing of what was accepted.
    return null;
  }
}

async function readGround({ sysfsRoot, stateDirectory }: Config): Promise<PoolGround> {
  const files = sysfsFilesAt(sysfsRoot);
  const { state, problem } = await inspectDirectory(stateDirectory);
  if (problem !== null) throw new StateError(problem);
  return {
    presentCpus: readPresentCpus(files),
    isolatedCpus: readIsolatedCpus(files),
    holdings: state?.holdings ?? Holdings.none,
  };
}

/** The daemon does not start when it cannot write its audit log. */
function requireWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw refused('audit-file', path, messageOf(error));
  }
}

function textOf({ cpuPool }: Config): string {
  return cpuPool.general === null ? 'isolated' : formatCpuList(cpuPool.general);
}
