/** Where a command of `state` looks: in the state directory, in a file, or at standard input. */

import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { readStateDirectory } from '../config/config.js';
import { messageOf } from '../core/quoting.js';
import type { SourceFile } from '../state/inspect-state.js';
import { StateError } from '../state/stored-state.js';

interface StateOptions {
  readonly stateDir?: string;
  readonly config?: string;
}

/**
 * The state directory that the options of `command` name, or the environment.
 *
 * @throws ConfigError when they do not name one
 */
export function stateDirectoryOf(command: Command): string {
  const { stateDir, config } = command.optsWithGlobals<StateOptions>();
  return readStateDirectory(stateDir, config);
}

/**
 * Reads all of a file, or of standard input for `-`.
 *
 * @throws StateError when it cannot be read
 */
export async function readSource(file: string): Promise<SourceFile> {
  const name = file === '-' ? 'standard input' : file;
  try {
    return { name, bytes: await (file === '-' ? buffer(process.stdin) : readFile(file)) };
  } catch (error) {
    throw new StateError(`cannot read ${name}: ${messageOf(error)}`);
  }
}
