/**
 * The options of the snap (`snap set`): what each is called, which setting of the daemon it is, and
 * how its value becomes one. Checked by the schemas of the daemon's own configuration.
 */

import { isAbsolute } from 'node:path';
import * as z from 'zod';
import { FILE_KEYS, type RawSettings } from '../config/config.js';
import { COMMON_DEFAULTS, faultOfSizes, type Setting, settings } from '../config/settings.js';
import { quote, visible } from '../core/quoting.js';
import { DEFAULT_SIZE_HEURISTIC } from '../core/size-heuristic.js';

/** An option cannot be accepted. `message` is the sentence for whoever set it. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

type SettingValue = string | number;

interface SnapOption {
  readonly setting: Setting;
  /** The value as the setting has it; a text that it does not understand is left to the schema. */
  readonly read?: (text: string) => SettingValue;
  /** Whether it names a file, whatever the current directory is. */
  readonly isPath?: boolean;
  /** What would work, where the schema does not say. */
  readonly hint?: string;
}

/** What `cpu-pool` says when there is to be no other pool than the isolated one. */
const ISOLATED_ONLY = 'isolated';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** By their names, in the order in which they are checked. */
export const SNAP_OPTIONS: Readonly<Record<string, SnapOption>> = {
  'cpu-pool': {
    setting: 'cpuPool',
    read: (text) => (text.trim() === ISOLATED_ONLY ? '' : text),
    hint: `give a list such as 2-7,10, or ${ISOLATED_ONLY}`,
  },
  'rescan-interval': { setting: 'rescanIntervalMs', read: readMilliseconds },
  'socket-mode': { setting: 'socketMode' },
  'log-level': { setting: 'logLevel' },
  'large-machine-cpus': { setting: 'largeMachineCpus' },
  'large-machine-reserved-cpus': { setting: 'largeMachineReservedCpus' },
  'small-machine-percent': { setting: 'smallMachinePercent' },
  'policy-file': {
    setting: 'policyFile',
    isPath: true,
    hint: 'the snap can read what is below its own directories',
  },
  'audit-file': { setting: 'auditFile', isPath: true },
  'metrics-port': { setting: 'metricsPort' },
};

/** `snapctl get -d` shows what was set only, and a number where the text looks like one. */
const documentSchema = z.record(z.string(), z.unknown(), 'must be an object');

/**
 * Reads what `snapctl get -d` says of {@link SNAP_OPTIONS}.
 *
 * @returns the settings of the daemon that are set, as it takes them
 * @throws OptionError naming the first option that cannot be used, and why
 */
export function readOptions(document: unknown): RawSettings {
  const values = documentSchema.parse(document);
  const chosen: { [S in Setting]?: SettingValue } = {};
  for (const [name, option] of Object.entries(SNAP_OPTIONS)) {
    const value = readOption(name, option, values[name]);
    if (value !== undefined) chosen[option.setting] = value;
  }
  requireFittingSizes(chosen);
  return chosen;
}

/** Two numbers that are right one by one; of them the one is refused that was set. */
function requireFittingSizes(chosen: RawSettings): void {
  const { largeMachineCpus: large, largeMachineReservedCpus: reserved } = {
    ...COMMON_DEFAULTS,
    ...chosen,
  };
  const sizes = { largeMachineCpus: Number(large), largeMachineReservedCpus: Number(reserved) };
  if (faultOfSizes({ ...DEFAULT_SIZE_HEURISTIC, ...sizes }) === null) return;
  throw chosen.largeMachineReservedCpus === undefined
    ? refused(
        'large-machine-cpus',
        String(large),
        `must not be less than large-machine-reserved-cpus, which is ${reserved}`,
      )
    : refused(
        'large-machine-reserved-cpus',
        String(reserved),
        `must not be more than large-machine-cpus, which is ${large}`,
      );
}

/** The name of the option whose setting has that key in the configuration file. */
export function optionNamed(key: string): string {
  const found = Object.entries(SNAP_OPTIONS).find(([, { setting }]) => FILE_KEYS[setting] === key);
  return found?.[0] ?? key;
}

/** The sentence about an option that cannot be accepted. */
export function refused(name: string, text: string, reason: string): OptionError {
  // Reasons about CPU lists quote the list themselves.
  const what = reason.includes(quote(text)) ? name : `${name} to ${quote(text)}`;
  return new OptionError(visible(`cannot set ${what}: ${reason}`));
}

/** `undefined` = not set. */
function readOption(name: string, option: SnapOption, value: unknown): SettingValue | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw refused(name, text, 'must be a single text or number');
  }
  if (option.isPath === true && !isAbsolute(text)) {
    throw refused(name, text, 'must be a path that begins with /');
  }
  const read = option.read === undefined ? text : option.read(text);
  const parsed = settings[option.setting].safeParse(read);
  if (parsed.success) return read;
  const reason = parsed.error.issues[0]?.message ?? 'it is not valid';
  throw refused(name, text, option.hint === undefined ? reason : `${reason}; ${option.hint}`);
}

function readMilliseconds(text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text.trim()) ?? [];
  const unitMs = UNITS_MS[unit];
  if (count !== undefined && unitMs !== undefined) return Number(count) * unitMs;
  throw refused('rescan-interval', text, 'must be a time with its unit, such as 500ms, 5s or 2m');
}
