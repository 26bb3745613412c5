/** The command line: its words, its options, and what its exit status says. */

import { Command, CommanderError } from 'commander';
import { ClientError } from '../client/client-error.js';
import { RefusedError } from '../client/refused-error.js';
import { ConfigError, readSnapName } from '../config/config.js';
import { visible } from '../core/quoting.js';
import { DAEMON_VERSION } from '../daemon/version.js';
import { StateError } from '../state/stored-state.js';
import { ViewerError } from '../viewer/viewer-error.js';
import { startCommand } from '../words/snap-advice.js';
import type { GlobalOptions } from './ask-daemon.js';
import { loadCommands } from './commands.js';
import { PROGRAM } from './program-name.js';
import { print, printError, proseWidth, terminalOf } from './terminal.js';
import { wrapText } from './wrap-text.js';

const EXAMPLES = `
Exit status: 0 done, 1 refused or the daemon cannot be reached, 2 used wrongly.

Examples:
  $ epa-orchestrator demo                see it work, without touching anything
  $ epa-orchestrator serve               the daemon, in the foreground
  $ epa-orchestrator allocate dpdk 8 --node 1
  $ epa-orchestrator list
  $ epa-orchestrator allocate --help     what a command takes, with examples`;

/** Exit status of a request that was refused or reached nobody, and of any other failure. */
const STATUS_REFUSED = 1;
/** Exit status when the command line or the configuration cannot be used. */
const STATUS_MISUSED = 2;

/** Makes the command line with these commands. */
function createProgram(commands: readonly Command[]): Command {
  const program = new Command(PROGRAM)
    .description('Hands out CPUs and records hugepages, NUMA node by NUMA node.')
    .version(DAEMON_VERSION, '--version', 'show the version')
    .option('--socket <path>', "the daemon's socket")
    .option('--json', "show JSON: the daemon's reply as it comes")
    .helpOption('--help', 'show help')
    .helpCommand('help [command]', 'show help on a command')
    .configureHelp({ showGlobalOptions: true, subcommandTerm: usageOf })
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(see --help)')
    .exitOverride();
  for (const command of commands) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(command);
  }
  return program;
}

/** A command as the list of commands shows it. */
function usageOf(command: Command): string {
  const words = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  if (command.commands.length > 0) words.push('<command>');
  return [command.name(), ...words].join(' ');
}

/** Runs the command line `argv` (as `process.argv`) and sets the exit status. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = createProgram(await loadCommands(argv.slice(2)));
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = await report(error, program.opts<GlobalOptions>());
  }
}

/** Says what went wrong, unless commander has said it; gives the exit status. */
async function report(error: unknown, { json }: GlobalOptions): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : STATUS_MISUSED;
  if (error instanceof RefusedError) {
    if (json === true) print(error.text);
    else await explain(error);
    return STATUS_REFUSED;
  }
  if (error instanceof StateError || error instanceof ViewerError) {
    printError(wrapText(`error: ${visible(error.message)}`, proseWidth(process.stderr)));
    return STATUS_REFUSED;
  }
  if (error instanceof ConfigError || error instanceof ClientError) {
    printError(
      wrapText(`error: ${error.message}${startAdvice(error)}`, proseWidth(process.stderr)),
    );
    return error instanceof ConfigError ? STATUS_MISUSED : STATUS_REFUSED;
  }
  throw error;
}

async function explain({ answer }: RefusedError): Promise<void> {
  const { explainRefusal } = await import('./refusal-text.js');
  const columns = proseWidth(process.stderr);
  printError(explainRefusal(answer, { ...terminalOf(process.stderr), columns }));
}

/** How to start the daemon where it is a snap; it is not started by hand there. */
function startAdvice(error: ConfigError | ClientError): string {
  const snapName = readSnapName();
  const isAbsent =
    error instanceof ClientError && ['NO_SOCKET', 'NOT_SERVED'].includes(error.reason);
  return snapName === null || !isAbsent ? '' : `. In this snap: \`${startCommand(snapName)}\``;
}
