/** `demo`: a story of real commands on a real daemon and a simulated machine. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command } from 'commander';
import { environmentNaming, readConfig } from '../config/config.js';
import { simulatedMachines } from '../simulate/shapes.js';
import type { GlobalOptions } from './ask-daemon.js';
import { STORY, type Step, TO_TRY } from './demo-story.js';
import { loadDaemon } from './load-daemon.js';
import { PROGRAM, programCall, quoted } from './program-name.js';
import { laySimulation } from './simulation.js';
import { print, terminalOf } from './terminal.js';
import { wrapText } from './wrap-text.js';

const EXAMPLES = `
Nothing of this machine is touched: the CPUs are simulated, and socket and state
are in a temporary directory that is removed at the end.

Examples:
  $ epa-orchestrator demo`;

/** Makes the command. */
export function demoCommand(): Command {
  return new Command('demo')
    .summary('see it work, on a simulated machine')
    .description('Runs a daemon on a simulated two-node machine and tells a short story on it.')
    .addHelpText('after', EXAMPLES)
    .action(demo);
}

async function demo(_options: object, command: Command): Promise<void> {
  const { createLog, serveInForeground } = await loadDaemon();
  const machine = simulatedMachines['dual-socket'];
  const simulation = laySimulation(machine.shape);
  const socketPath = command.optsWithGlobals<GlobalOptions>().socket ?? simulation.socketPath;
  // The story is the same whatever is set for the real daemon of this machine.
  const config = readConfig({ ...simulation, socketPath, logLevel: 'warn' }, {});
  const log = await createLog(config.logLevel);
  const whileServing = async (stopping: AbortSignal) => {
    say(`A daemon runs on a simulated machine: ${machine.description}.`);
    if (programCall() !== PROGRAM) say(`Here ${PROGRAM} is short for: ${programCall()}`);
    print(prompt(['export', `EPA_SOCKET=${quoted(socketPath)}`]));
    for (const step of STORY) {
      if (stopping.aborted) return;
      await tell(step, socketPath, stopping);
    }
    if (!stopping.aborted) printWhatToTry(socketPath);
  };
  process.exitCode = await serveInForeground(config, log, { whileServing });
}

async function tell(step: Step, socketPath: string, stopping: AbortSignal): Promise<void> {
  print('');
  if (step.caption !== '') say(step.caption);
  print(prompt([PROGRAM, ...step.words]));
  const status = await run(step.words, socketPath);
  // `null`: a signal ended the command, as Ctrl-C does with all that runs in a terminal.
  if (status === step.status || status === null || stopping.aborted) return;
  throw new Error(
    `the demo went wrong: "${step.words.join(' ')}" ended with status ${status}, not ${step.status}`,
  );
}

/** Runs this program with other words, as a person would, and waits for its exit status. */
async function run(words: readonly string[], socketPath: string): Promise<number | null> {
  const script = process.argv[1] ?? PROGRAM;
  const child = spawn(process.execPath, [...process.execArgv, script, ...words], {
    // A refusal belongs below the command that met it, so it goes the same way as the rest.
    stdio: ['ignore', 'inherit', 1],
    env: environmentNaming(socketPath),
  });
  await once(child, 'exit');
  return child.exitCode;
}

function printWhatToTry(socketPath: string): void {
  print('');
  say(
    'The daemon runs on. Ctrl-C ends it and removes all of this. In another terminal, in this ' +
      'directory, try:',
  );
  print('');
  for (const words of TO_TRY) {
    print(`  ${[programCall(), ...words, '--socket', quoted(socketPath)].join(' ')}`);
  }
  print('');
}

function say(text: string): void {
  const { columns, paint } = terminalOf(process.stdout);
  print(paint('faint', wrapText(`# ${text}`, columns).replaceAll('\n', '\n# ')));
}

function prompt(words: readonly string[]): string {
  return terminalOf(process.stdout).paint('strong', `$ ${words.map(quoted).join(' ')}`);
}
