/** `transact`: asks for several changes that happen together or not at all, as a file lists them. */

import { readFileSync } from 'node:fs';
import { Argument, Command } from 'commander';
import * as z from 'zod';
import { ConfigError } from '../config/config.js';
import { messageOf } from '../core/quoting.js';
import type { Replies } from '../protocol/reply.js';
import type { WireFields } from '../protocol/request.js';
import { askAndShow } from './ask-daemon.js';
import { type ChangeOptions, changeFields, withChangeOptions } from './change-options.js';
import { changeWords, lossWords } from './change-words.js';
import type { Terminal } from './terminal.js';

const EXAMPLES = `
FILE has the steps as JSON, a list of requests as they go over the socket; "-"
reads standard input. They are decided in their order, each on what those before
it leave. If one of them is refused, none happens.

Example: a data path on two nodes, with its hugepages
  $ epa-orchestrator transact - --dry-run <<'END'
  [{"action": "allocate_numa_cores", "service_name": "dpdk",
    "numa_node": 0, "num_of_cores": 4},
   {"action": "allocate_numa_cores", "service_name": "dpdk",
    "numa_node": 1, "num_of_cores": 4},
   {"action": "allocate_hugepages", "service_name": "dpdk",
    "node_id": 0, "size_kb": 2048, "hugepages_requested": 512}]
  END`;

const STANDARD_INPUT = 0;

/** Makes the command. */
export function transactCommand(): Command {
  const command = new Command('transact')
    .summary('change several things at once, or none')
    .description('Asks for several changes that happen together or not at all.')
    .addArgument(new Argument('<file>', 'where the steps are, as JSON; "-": standard input'))
    .addHelpText('after', EXAMPLES)
    .action(transact);
  return withChangeOptions(command);
}

async function transact(file: string, options: ChangeOptions, command: Command): Promise<void> {
  const request = { action: 'transact', steps: readSteps(file), ...changeFields(options) } as const;
  await askAndShow(command, request, showSteps);
}

function showSteps({ results }: Replies['transact'], { paint }: Terminal): string {
  return results
    .flatMap((reply) => [
      paint('good', changeWords(reply)),
      ...lossWords(reply.preempted).map((line) => paint('bad', line)),
    ])
    .join('\n');
}

/** A list, or a request that has one. What its steps must be, the daemon says. */
const fileSchema = z.union([
  z.array(z.unknown()),
  z.object({ steps: z.array(z.unknown()) }).transform(({ steps }) => steps),
]);

function readSteps(file: string): WireFields<'transact'>['steps'] {
  const where = file === '-' ? 'standard input' : file;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`cannot read the steps: ${where}: ${messageOf(error)}`);
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    throw new ConfigError(`cannot read the steps: ${where} has no list of requests, nor "steps"`);
  }
  return parsed.data as WireFields<'transact'>['steps'];
}
