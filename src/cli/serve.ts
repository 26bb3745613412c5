/** `serve`: the daemon itself, in the foreground, on this machine or a simulated one. */

import { Command, Option } from 'commander';
import { type Config, ConfigError, readConfig } from '../config/config.js';
import { LOG_LEVELS } from '../config/settings.js';
import { simulatedMachineNamed, simulatedMachines } from '../simulate/shapes.js';
import type { GlobalOptions } from './ask-daemon.js';
import { loadDaemon } from './load-daemon.js';
import { laySimulation } from './simulation.js';
import { print, terminalOf } from './terminal.js';

const EXAMPLES = `
Options win over the environment (EPA_SOCKET, EPA_SOCKET_MODE, EPA_SOCKET_GROUP,
EPA_STATE_DIR, EPA_SYSFS_ROOT, EPA_CPU_POOL, EPA_POLICY_FILE, EPA_AUDIT_FILE,
EPA_RESCAN_INTERVAL_MS, EPA_LARGE_MACHINE_CPUS, EPA_LARGE_MACHINE_RESERVED_CPUS,
EPA_SMALL_MACHINE_PERCENT, EPA_METRICS_PORT, EPA_LOG_LEVEL), that over a
configuration file (--config or EPA_CONFIG: a JSON object with "socket",
"socket_mode", "socket_group", "state_dir", "sysfs_root", "cpu_pool",
"policy_file", "audit_file", "rescan_interval_ms", "large_machine_cpus",
"large_machine_reserved_cpus", "small_machine_percent", "metrics_port",
"log_level"), and that over the defaults.
With SNAP_DATA set, socket and state live in $SNAP_DATA/data.

The log goes to standard error: JSON lines, or readable ones on a terminal.

A simulated machine and its state live in a temporary directory that is removed
at the end; with --state-dir or EPA_STATE_DIR the state is kept there.

Examples:
  $ epa-orchestrator serve
  $ epa-orchestrator serve --cpu-pool 2-7 --log-level debug
  $ epa-orchestrator serve --simulate dual-socket --socket /tmp/epa.sock
  $ epa-orchestrator serve --simulate list      which machines there are`;

interface ServeOptions extends GlobalOptions {
  readonly config?: string;
  readonly socketMode?: string;
  readonly socketGroup?: string;
  readonly stateDir?: string;
  readonly sysfsRoot?: string;
  readonly cpuPool?: string;
  readonly policyFile?: string;
  readonly auditFile?: string;
  readonly rescanIntervalMs?: string;
  readonly largeMachineCpus?: string;
  readonly largeMachineReservedCpus?: string;
  readonly smallMachinePercent?: string;
  readonly metricsPort?: string;
  readonly logLevel?: string;
  readonly simulate?: string;
}

/** Makes the command. */
export function serveCommand(): Command {
  return new Command('serve')
    .summary('run the daemon')
    .description(
      'Runs the daemon in the foreground, until SIGINT (Ctrl-C) or SIGTERM. SIGHUP has it read its ' +
        'configuration file again.',
    )
    .option('--config <file>', 'configuration file (JSON)')
    .option('--socket-mode <mode>', 'who may connect, as an octal file mode')
    .option('--socket-group <group>', 'the group of the socket')
    .option('--state-dir <dir>', 'directory of the state')
    .option('--sysfs-root <dir>', 'directory that stands for /sys')
    .option('--cpu-pool <list>', 'CPUs of the general pool, such as 2-7,10')
    .option('--policy-file <file>', 'who may use which services, and how much (JSON)')
    .option('--audit-file <file>', 'where to write down every change')
    .option('--rescan-interval-ms <ms>', 'how often the machine is looked at')
    .option('--large-machine-cpus <n>', 'the default share: more CPUs than this are many')
    .option('--large-machine-reserved-cpus <n>', 'of many CPUs, these are left to others')
    .option('--small-machine-percent <n>', 'of fewer CPUs, this share is given')
    .option('--metrics-port <port>', 'serve metrics over HTTP on 127.0.0.1 (0: do not)')
    .option('--log-level <level>', LOG_LEVELS.join(', '))
    .addOption(
      new Option('--simulate <shape>', 'serve a simulated machine ("list": show them)').conflicts(
        'sysfsRoot',
      ),
    )
    .addHelpText('after', EXAMPLES)
    .action(serve);
}

async function serve(_options: object, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ServeOptions>();
  if (options.simulate === 'list') {
    print(await listMachines());
    return;
  }
  const machine =
    options.simulate === undefined ? undefined : simulatedMachineNamed(options.simulate);
  if (options.simulate !== undefined && machine === undefined) {
    const known = Object.keys(simulatedMachines).join(', ');
    command.error(
      `error: there is no machine "${options.simulate}" to simulate; there are ${known}`,
    );
  }
  const { createLog, serveInForeground } = await loadDaemon();
  const simulation = machine === undefined ? undefined : laySimulation(machine.shape);
  const read = () =>
    readConfig(
      {
        socketPath: options.socket,
        socketMode: options.socketMode,
        socketGroup: options.socketGroup,
        stateDirectory: options.stateDir,
        sysfsRoot: simulation?.sysfsRoot ?? options.sysfsRoot,
        cpuPool: options.cpuPool,
        policyFile: options.policyFile,
        auditFile: options.auditFile,
        rescanIntervalMs: options.rescanIntervalMs,
        largeMachineCpus: options.largeMachineCpus,
        largeMachineReservedCpus: options.largeMachineReservedCpus,
        smallMachinePercent: options.smallMachinePercent,
        metricsPort: options.metricsPort,
        logLevel: options.logLevel,
      },
      undefined,
      options.config,
      { stateDirectory: simulation?.stateDirectory },
    );
  let config: Config;
  try {
    config = read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const log = await createLog('info');
    log.fatal(error.message);
    process.exitCode = 2;
    return;
  }
  const log = await createLog(config.logLevel);
  if (machine !== undefined) {
    log.info({ sysfs: config.sysfsRoot }, `simulating ${options.simulate}: ${machine.description}`);
  }
  process.exitCode = await serveInForeground(config, log, { readAgain: read });
}

async function listMachines(): Promise<string> {
  const { formatTable } = await import('./table.js');
  return formatTable(
    [{ title: 'SHAPE' }, { title: 'WHAT IT IS', isWrapped: true }],
    Object.entries(simulatedMachines).map(([name, { description }]) => [name, description]),
    terminalOf(process.stdout),
  );
}
