/** The options of every command that changes something: to try it, and to be able to repeat it. */

import { type Command, Option } from 'commander';
import { requestIdSchema } from '../protocol/wire-fields.js';
import { readBy } from './arguments.js';

/** As they are once read. */
export interface ChangeOptions {
  readonly dryRun?: boolean;
  readonly requestId?: string;
}

/** Adds the options to a command. */
export function withChangeOptions(command: Command): Command {
  return command
    .option('--dry-run', 'only say what would happen')
    .addOption(
      new Option(
        '--request-id <id>',
        'a name for this request: repeated under it, it gets the first reply',
      ).argParser(readBy(requestIdSchema)),
    );
}

/** The fields of a request that follow from them. */
export function changeFields({ dryRun, requestId }: ChangeOptions) {
  return { dry_run: dryRun, request_id: requestId };
}
