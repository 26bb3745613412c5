/** `inspect`: the daemon's state machines on a page, live or from a recording. */

import { Command } from 'commander';
import { inspect as inspectDaemon } from '../client/inspect.js';
import { RefusedError } from '../client/refused-error.js';
import { readSocketPath } from '../config/config.js';
import { Feed } from '../viewer/feed.js';
import { type PageFile, readPageFiles } from '../viewer/page-files.js';
import { servePage } from '../viewer/page-server.js';
import { readRecording } from '../viewer/recording-file.js';
import { portNumber } from './arguments.js';
import { type GlobalOptions, wantsJson } from './ask-daemon.js';
import { untilInterrupted } from './interrupted.js';
import { recordDaemon } from './record-daemon.js';
import { print } from './terminal.js';

const EXAMPLES = `
Shows the actors, their state machines, the machine and every message, as it happens, on a page that
only this host serves. Each address opens it once; another one is printed then. Ends with Ctrl-C.

Examples:
  $ epa-orchestrator inspect
  $ epa-orchestrator inspect saved.ndjson        what somebody recorded, and saved from the page
  $ epa-orchestrator inspect --json > it.ndjson  only record, without a page
  $ epa-orchestrator inspect --port 8080         on a host without a browser, and then from another:
                                                 ssh -L 8080:127.0.0.1:8080 HOST`;

/** Makes the command. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .summary('look at the state machines at work')
    .description('Shows the state machines of the daemon at work on a page, and records them.')
    .argument('[file]', 'a recording to show instead of the daemon')
    .option('--port <port>', 'the port of the page; any that is free, if not given', portNumber)
    .addHelpText('after', EXAMPLES)
    .action(inspect);
}

async function inspect(
  file: string | undefined,
  { port = 0 }: { readonly port?: number },
  command: Command,
): Promise<void> {
  const socketPath = readSocketPath(command.optsWithGlobals<GlobalOptions>().socket);
  const interrupted = untilInterrupted();
  if (wantsJson(command)) {
    if (file !== undefined) command.error('error: a file is JSON already: leave out --json');
    return printLines(socketPath, interrupted);
  }
  const files = readPageFiles();
  if (file !== undefined) {
    return show(await readRecording(file), files, port, untilAborted(interrupted));
  }
  const feed = new Feed({ kind: 'live', name: socketPath });
  const { begun, ended } = recordDaemon(socketPath, feed, interrupted);
  await begun;
  return show(feed, files, port, ended);
}

/** Only records: every line as it comes. */
async function printLines(socketPath: string, interrupted: AbortSignal): Promise<void> {
  for await (const inspected of inspectDaemon(socketPath, interrupted)) {
    if ('error' in inspected) throw new RefusedError(inspected.error, inspected.text);
    print(inspected.text);
  }
}

/** Serves the page of a feed as long as `until` says. */
async function show(
  feed: Feed,
  files: ReadonlyMap<string, PageFile>,
  port: number,
  until: Promise<void>,
): Promise<void> {
  let isOpened = false;
  const page = await servePage({
    feed,
    files,
    port,
    onAddress: (url) => {
      print(isOpened ? `It is open. For another browser: ${url}` : `Open ${url}`);
      isOpened = true;
    },
  });
  try {
    await until;
  } finally {
    await page.close();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve());
  });
}
