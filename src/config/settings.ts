/**
 * What each setting of the daemon may be: one schema for all who take settings from somebody, the
 * daemon's own configuration and the options of its snap.
 */

import * as z from 'zod';
import { MAX_CPU_ID } from '../core/cpu-set.js';
import { parsePoolLists } from '../core/pools.js';
import { DEFAULT_SIZE_HEURISTIC, type SizeHeuristic } from '../core/size-heuristic.js';
import { cpuListText, textReadBy } from '../core/text-schema.js';
import { PolicyFileError, readPolicyFile } from './policy-file.js';

/** `sun_path` of a Unix socket address has 108 bytes, the last of them zero (`unix(7)`). */
export const SOCKET_PATH_MAX_BYTES = 107;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Milliseconds in a day: a longer schedule would not be one, and timers end at 2^31. */
const DAY_MS = 86_400_000;

/** As many CPUs as there can be ids. */
const CPUS_MAX = MAX_CPU_ID + 1;

function wholeNumber(what: string, least: number, most: number) {
  return z.coerce
    .number(`must be a number of ${what}`)
    .int('must be whole')
    .min(least, `must be ${least} ${what} or more`)
    .max(most, `must be ${most} ${what} or less`);
}

/** The schemas of all settings; each reads a text, as an environment or a file has it. */
export const settings = {
  socketPath: z
    .string()
    .min(1)
    .refine(
      (path) => Buffer.byteLength(path) <= SOCKET_PATH_MAX_BYTES,
      `a socket path may have at most ${SOCKET_PATH_MAX_BYTES} bytes`,
    ),
  socketMode: z.coerce
    .string()
    .regex(/^0?[0-7]{3}$/, 'must be three octal digits, such as 660')
    .transform((digits) => Number.parseInt(digits, 8))
    .refine(
      (mode) => (mode & 0o600) === 0o600 && (mode & 0o111) === 0,
      'must let the owner read and write, and nobody execute: 600, 660 and 666 are usual',
    ),
  socketGroup: z.coerce.string(),
  stateDirectory: z.string().min(1),
  sysfsRoot: z.string().min(1),
  cpuPool: cpuListText(parsePoolLists),
  policyFile: textReadBy((path) => (path === '' ? null : readPolicyFile(path)), PolicyFileError),
  auditFile: z.string(),
  rescanIntervalMs: wholeNumber('milliseconds', 100, DAY_MS),
  largeMachineCpus: wholeNumber('CPUs', 0, CPUS_MAX),
  largeMachineReservedCpus: wholeNumber('CPUs', 0, CPUS_MAX),
  smallMachinePercent: wholeNumber('percent', 1, 100),
  metricsPort: z.coerce
    .number('must be the number of a port')
    .int('must be whole')
    .min(0, 'must be 0 (none) or more')
    .max(65_535, 'must be 65535 or less'),
  logLevel: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
};

/** The name of a setting within the program. */
export type Setting = keyof typeof settings;

/** What settings are when nobody says anything else, as far as that is the same everywhere. */
export const COMMON_DEFAULTS = {
  socketMode: '660',
  socketGroup: '',
  sysfsRoot: '/sys',
  cpuPool: '',
  policyFile: '',
  auditFile: '',
  rescanIntervalMs: 5_000,
  ...DEFAULT_SIZE_HEURISTIC,
  metricsPort: 0,
  logLevel: 'info',
} as const satisfies { readonly [S in Setting]?: string | number };

/**
 * What is wrong with numbers of the default share that are right one by one, in words that follow
 * the name of `largeMachineReservedCpus`; `null` = nothing.
 */
export function faultOfSizes(sizes: SizeHeuristic): string | null {
  return sizes.largeMachineReservedCpus > sizes.largeMachineCpus
    ? `must not be more than what makes a machine a large one: ${sizes.largeMachineCpus} CPUs`
    : null;
}
