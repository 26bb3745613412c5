/** `watch`: what happens, as it happens, line by line. */

import { Command } from 'commander';
import { RefusedError } from '../client/refused-error.js';
import { watch as watchDaemon } from '../client/watch.js';
import { readSocketPath } from '../config/config.js';
import { serviceName } from './arguments.js';
import { type GlobalOptions, wantsJson } from './ask-daemon.js';
import { untilInterrupted } from './interrupted.js';
import { formatList } from './list.js';
import { print, terminalOf } from './terminal.js';
import { wordsOf } from './watch-words.js';

const EXAMPLES = `
Begins with who holds what, then says every change when it is on disk. Ends with
Ctrl-C, or with status 1 when the daemon ends.

Examples:
  $ epa-orchestrator watch
  $ epa-orchestrator watch 'nova-*' dpdk     of services, only these
  $ epa-orchestrator watch --json            the lines as they come`;

/** Makes the command. */
export function watchCommand(): Command {
  return new Command('watch')
    .summary('say what happens, as it happens')
    .description(
      'Says who claims, releases and loses CPUs, and what becomes of the machine, as it happens.',
    )
    .argument(
      '[services...]',
      'names of services to watch; * stands for any characters',
      (text: string, others: string[] = []) => [...others, serviceName(text)],
    )
    .addHelpText('after', EXAMPLES)
    .action(watch);
}

async function watch(
  services: readonly string[],
  _options: object,
  command: Command,
): Promise<void> {
  const { socket } = command.optsWithGlobals<GlobalOptions>();
  const isJson = wantsJson(command);
  const terminal = terminalOf(process.stdout);
  const wish = services.length === 0 ? {} : { services };
  for await (const watched of watchDaemon(readSocketPath(socket), wish, untilInterrupted())) {
    if ('error' in watched) throw new RefusedError(watched.error, watched.text);
    const { line, text } = watched;
    if (isJson) print(text);
    // Of the services that are left out, the picture would show the CPUs as free.
    else if (line.type === 'snapshot' && services.length === 0)
      print(`${formatList(line, terminal)}\n`);
    else print(`${timeOf('time' in line ? line.time : undefined)}  ${wordsOf(line, terminal)}`);
  }
}

/** The time of day where the reader is. */
function timeOf(time: string | undefined): string {
  return (time === undefined ? new Date() : new Date(time)).toTimeString().slice(0, 8);
}
