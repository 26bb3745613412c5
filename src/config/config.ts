/**
 * The daemon's configuration: options win over the environment, the environment over a
 * configuration file, that over defaults. The only place that reads the environment.
 */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { AccessPolicy } from '../core/access-policy.js';
import { issuesOf } from '../core/issues.js';
import type { PoolLists } from '../core/pools.js';
import { messageOf } from '../core/quoting.js';
import {
  COMMON_DEFAULTS,
  faultOfSizes,
  type LOG_LEVELS,
  type Setting,
  settings,
} from './settings.js';

/** A setting cannot be used. `message` names the setting and where it came from. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const configSchema = z.object(settings).superRefine((config, context) => {
  const fault = faultOfSizes(config);
  if (fault === null) return;
  context.addIssue({ code: 'custom', path: ['largeMachineReservedCpus'], message: fault });
});

/** The configuration of a daemon, checked. */
export interface Config {
  readonly socketPath: string;
  /** Who may connect, as the bits of a file mode. */
  readonly socketMode: number;
  /** The group of the socket, by name or number; empty = that of the daemon. */
  readonly socketGroup: string;
  /** Descriptors of listening sockets that a supervisor hands over. */
  readonly handedOver: readonly number[];
  readonly stateDirectory: string;
  /** The directory that stands for `/sys`. */
  readonly sysfsRoot: string;
  /** What the operator says of pools. */
  readonly cpuPool: PoolLists;
  /** What the policy file says; `null` = there is none. */
  readonly policyFile: AccessPolicy | null;
  /** Where changes are written down; empty = nowhere. */
  readonly auditFile: string;
  readonly rescanIntervalMs: number;
  /** The numbers of the default share: see `src/core/size-heuristic.ts`. */
  readonly largeMachineCpus: number;
  readonly largeMachineReservedCpus: number;
  readonly smallMachinePercent: number;
  /** Where metrics are served over HTTP, on this host only; 0 = nowhere. */
  readonly metricsPort: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** The snap that the daemon runs in, by the name of its instance; `null` = in none. */
  readonly snapName: string | null;
}

/** Settings as given, unchecked: by option, in the environment, or in a file. */
export type RawSettings = { readonly [S in Setting]?: string | number | undefined };

const ENVIRONMENT: Readonly<Record<Setting, string>> = {
  socketPath: 'EPA_SOCKET',
  socketMode: 'EPA_SOCKET_MODE',
  socketGroup: 'EPA_SOCKET_GROUP',
  stateDirectory: 'EPA_STATE_DIR',
  sysfsRoot: 'EPA_SYSFS_ROOT',
  cpuPool: 'EPA_CPU_POOL',
  policyFile: 'EPA_POLICY_FILE',
  auditFile: 'EPA_AUDIT_FILE',
  rescanIntervalMs: 'EPA_RESCAN_INTERVAL_MS',
  largeMachineCpus: 'EPA_LARGE_MACHINE_CPUS',
  largeMachineReservedCpus: 'EPA_LARGE_MACHINE_RESERVED_CPUS',
  smallMachinePercent: 'EPA_SMALL_MACHINE_PERCENT',
  metricsPort: 'EPA_METRICS_PORT',
  logLevel: 'EPA_LOG_LEVEL',
};

/** The names of the settings in a configuration file (JSON); options have `-` in place of `_`. */
export const FILE_KEYS: Readonly<Record<Setting, string>> = {
  socketPath: 'socket',
  socketMode: 'socket_mode',
  socketGroup: 'socket_group',
  stateDirectory: 'state_dir',
  sysfsRoot: 'sysfs_root',
  cpuPool: 'cpu_pool',
  policyFile: 'policy_file',
  auditFile: 'audit_file',
  rescanIntervalMs: 'rescan_interval_ms',
  largeMachineCpus: 'large_machine_cpus',
  largeMachineReservedCpus: 'large_machine_reserved_cpus',
  smallMachinePercent: 'small_machine_percent',
  metricsPort: 'metrics_port',
  logLevel: 'log_level',
};

/** What a configuration file says, unchecked. */
export type FileSettings = Readonly<Record<string, string | number | undefined>>;

const fileSchema = z.strictObject(
  Object.fromEntries(
    Object.values(FILE_KEYS).map((key) => [key, z.union([z.string(), z.number()]).optional()]),
  ),
);

/**
 * Reads the configuration.
 *
 * @param options what was given on the command line
 * @param configPath a configuration file; must exist when it is given
 * @param simulated what a simulation sets unless an option or the environment does
 * @throws ConfigError naming the setting, where it came from, and what is wrong with it
 */
export function readConfig(
  options: RawSettings,
  environment: NodeJS.ProcessEnv = process.env,
  configPath: string | undefined = configPathIn(environment),
  simulated: RawSettings = {},
): Config {
  const file = readConfigFile(configPath);
  const sources = sourcesOf(options, environment, simulated, configPath, () => file);
  const chosen = new Map<PropertyKey | undefined, Choice>();
  for (const setting of Object.keys(settings) as Setting[]) {
    chosen.set(setting, choose(setting, sources));
  }
  const parsed = configSchema.safeParse(
    Object.fromEntries([...chosen].map(([setting, { value }]) => [setting, value])),
  );
  if (parsed.success) {
    const handedOver = readHandedOver(environment);
    const snapName = readSnapName(environment);
    return Object.freeze({ ...parsed.data, handedOver, snapName });
  }
  const issue = parsed.error.issues[0];
  throw unusable(chosen.get(issue?.path[0]) ?? NO_CHOICE, issue?.message);
}

/**
 * Where a client finds the daemon, by the same rules. The daemon's other settings do not matter,
 * nor does a configuration file when an option or the environment names the socket.
 *
 * @param option what was given on the command line
 * @throws ConfigError when that cannot be the path of a socket
 */
export function readSocketPath(
  option: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  return readPath('socketPath', option, configPathIn(environment), environment);
}

/**
 * Where the daemon keeps its state, by the same rules, and as little bound to its other settings.
 *
 * @param option what was given on the command line
 * @param configPath a configuration file; must exist when it is given and needed
 * @throws ConfigError when that cannot be the path of a directory
 */
export function readStateDirectory(
  option: string | undefined,
  configPath?: string,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  return readPath('stateDirectory', option, configPath ?? configPathIn(environment), environment);
}

function readPath(
  setting: 'socketPath' | 'stateDirectory',
  option: string | undefined,
  configPath: string | undefined,
  environment: NodeJS.ProcessEnv,
): string {
  const readFile = () => readConfigFile(configPath);
  const choice = choose(
    setting,
    sourcesOf({ [setting]: option }, environment, {}, configPath, readFile),
  );
  const parsed = settings[setting].safeParse(choice.value);
  if (parsed.success) return parsed.data;
  throw unusable(choice, parsed.error.issues[0]?.message);
}

function configPathIn(environment: NodeJS.ProcessEnv): string | undefined {
  return environment['EPA_CONFIG'] || undefined;
}

/** Where a snap keeps things, as snapd says. */
export interface SnapPlaces {
  /** The name of the instance of the snap. */
  readonly name: string;
  /** `SNAP_DATA`: of this revision; goes back with it. */
  readonly dataDirectory: string;
  /** `SNAP_COMMON`: of all revisions. */
  readonly commonDirectory: string;
}

/** The name of the instance of the snap that this process runs in; `null` = in none. */
export function readSnapName(environment: NodeJS.ProcessEnv = process.env): string | null {
  return environment['SNAP_INSTANCE_NAME'] || null;
}

/**
 * Where the snap keeps things that this process runs in.
 *
 * @throws ConfigError when it runs in none
 */
export function readSnapPlaces(environment: NodeJS.ProcessEnv = process.env): SnapPlaces {
  const read = (name: string) => {
    const value = environment[name];
    if (value) return value;
    throw new ConfigError(`${name} is not set: this is to be run by snapd, within the snap`);
  };
  return {
    name: read('SNAP_INSTANCE_NAME'),
    dataDirectory: read('SNAP_DATA'),
    commonDirectory: read('SNAP_COMMON'),
  };
}

/** What a configuration that was read again means to a daemon that runs. */
export interface ConfigDifference {
  /** Settings that change now, by their names in a configuration file. */
  readonly changed: readonly string[];
  /** Settings that are others than those in force, but cannot change while the daemon runs. */
  readonly needRestart: readonly string[];
  /** The configuration with what changes now, and nothing else. */
  readonly inForce: Config;
}

/** Tells what of a configuration that was read again a running daemon takes over. */
export function compareConfigs(before: Config, after: Config): ConfigDifference {
  const live = liveSettings(after);
  const differing = (Object.keys(settings) as Setting[]).filter(
    (setting) => !isDeepStrictEqual(before[setting], after[setting]),
  );
  const namesOf = (isLive: boolean) =>
    differing.filter((setting) => setting in live === isLive).map((setting) => FILE_KEYS[setting]);
  return {
    changed: namesOf(true),
    needRestart: namesOf(false),
    inForce: Object.freeze({ ...before, ...live }),
  };
}

/** The first descriptor that is handed over: `sd_listen_fds(3)`. */
const FIRST_HANDED_OVER = 3;

/**
 * Listening sockets that a supervisor hands over, by `LISTEN_FDS` and `LISTEN_PID`; none when they
 * are meant for another process.
 */
function readHandedOver(environment: NodeJS.ProcessEnv): number[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = environment;
  if (pid !== String(process.pid) || count === undefined) return [];
  if (!/^\d{1,3}$/.test(count)) throw unusable({ value: count, origin: 'LISTEN_FDS' });
  return Array.from({ length: Number(count) }, (_, index) => FIRST_HANDED_OVER + index);
}

/** The settings that may change while the daemon runs. */
function liveSettings(config: Config) {
  const { cpuPool, policyFile, rescanIntervalMs, logLevel, socketMode, socketGroup } = config;
  const { metricsPort, largeMachineCpus, largeMachineReservedCpus, smallMachinePercent } = config;
  return {
    cpuPool,
    policyFile,
    rescanIntervalMs,
    largeMachineCpus,
    largeMachineReservedCpus,
    smallMachinePercent,
    metricsPort,
    logLevel,
    socketMode,
    socketGroup,
  };
}

/** The environment for a child process that is to find its daemon at `socketPath`. */
export function environmentNaming(socketPath: string): NodeJS.ProcessEnv {
  return { ...process.env, [ENVIRONMENT.socketPath]: socketPath };
}

/** A value of a setting, and where it came from. */
interface Choice {
  readonly value: string | number | undefined;
  readonly origin: string;
}

const NO_CHOICE: Choice = { value: '', origin: 'nowhere' };

/** Where settings come from, the strongest first. */
type Sources = readonly ((setting: Setting) => Choice)[];

function sourcesOf(
  options: RawSettings,
  environment: NodeJS.ProcessEnv,
  simulated: RawSettings,
  configPath: string | undefined,
  readFile: () => FileSettings,
): Sources {
  const defaults: RawSettings = defaultSettings(environment);
  return [
    (setting) => {
      const option = FILE_KEYS[setting].replaceAll('_', '-');
      return { value: options[setting], origin: `--${option}` };
    },
    (setting) => {
      const name = ENVIRONMENT[setting];
      return { value: environment[name] || undefined, origin: name };
    },
    (setting) => ({ value: simulated[setting], origin: 'the simulation' }),
    (setting) => {
      const key = FILE_KEYS[setting];
      return { value: readFile()[key], origin: `"${key}" in ${configPath}` };
    },
    (setting) => ({ value: defaults[setting], origin: 'the default' }),
  ];
}

function choose(setting: Setting, sources: Sources): Choice {
  for (const source of sources) {
    const choice = source(setting);
    if (choice.value !== undefined) return choice;
  }
  return NO_CHOICE;
}

function unusable({ value, origin }: Choice, because = 'it is not valid'): ConfigError {
  return new ConfigError(`cannot use ${JSON.stringify(value)} from ${origin}: ${because}`);
}

function defaultSettings(environment: NodeJS.ProcessEnv) {
  const snapData = environment['SNAP_DATA'];
  if (snapData) {
    const data = join(snapData, 'data');
    return { ...COMMON_DEFAULTS, socketPath: join(data, 'epa.sock'), stateDirectory: data };
  }
  const uid = process.getuid?.();
  if (uid === 0) {
    return {
      ...COMMON_DEFAULTS,
      socketPath: '/run/epa-orchestrator/epa.sock',
      stateDirectory: '/var/lib/epa-orchestrator',
    };
  }
  const runtime = environment['XDG_RUNTIME_DIR'] || `/tmp/epa-orchestrator-${uid}`;
  const state = environment['XDG_STATE_HOME'] || join(homeDirectory(), '.local', 'state');
  return {
    ...COMMON_DEFAULTS,
    socketPath: join(runtime, 'epa-orchestrator', 'epa.sock'),
    stateDirectory: join(state, 'epa-orchestrator'),
  };
}

/** A user without an entry in the system's list has no home, and must say where things are. */
function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

/**
 * Reads a configuration file, and leaves its values unchecked; without a path there are none.
 *
 * @throws ConfigError when it cannot be read, is no object, or has a key that is not known
 */
export function readConfigFile(path: string | undefined): FileSettings {
  if (path === undefined) return {};
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`cannot read the configuration file ${path}: ${messageOf(error)}`);
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`cannot use the configuration file ${path}: ${issuesOf(parsed.error)}`);
}
