/** How a command gets its answer: asks the daemon, and shows the reply in the form wanted. */

import type { Command } from 'commander';
import { RefusedError } from '../client/refused-error.js';
import { type Answer, type Asked, ask, type WireRequest } from '../client/request.js';
import { readSocketPath } from '../config/config.js';
import type { Replies } from '../protocol/reply.js';
import { print, type Terminal, terminalOf } from './terminal.js';

/** The options that every command has. */
export interface GlobalOptions {
  readonly socket?: string;
  readonly json?: boolean;
}

/** A durable write on a slow disk takes a second or two; nobody waits for half a minute. */
const TIMEOUT_MS = 30_000;

type Granted<A extends Asked> = Extract<Answer<A>, { isGranted: true }>;

/**
 * Asks the daemon that the options of `command` name.
 *
 * @throws RefusedError when the daemon says no
 * @throws ClientError when there is no reply
 */
export async function consult<A extends Asked>(
  command: Command,
  request: WireRequest<A>,
): Promise<Granted<A>> {
  const { socket } = command.optsWithGlobals<GlobalOptions>();
  const answer = await ask<A>(readSocketPath(socket), request, { timeoutMs: TIMEOUT_MS });
  if (answer.isGranted) return answer;
  throw new RefusedError(answer.error, answer.text);
}

/** Whether the daemon's own words are wanted. */
export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<GlobalOptions>().json === true;
}

/**
 * Asks, and prints the reply: as it came with `--json`, otherwise as `show` words it. What was only
 * tried is shown as what would be.
 */
export async function askAndShow<A extends Asked>(
  command: Command,
  request: WireRequest<A>,
  show: (reply: Replies[A], terminal: Terminal) => string,
): Promise<void> {
  const { reply, text } = await consult(command, request);
  if (wantsJson(command)) return print(text);
  if ('dry_run' in reply) print('nothing is changed; this is what would be:');
  print(show(reply, terminalOf(process.stdout)));
}
