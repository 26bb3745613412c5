/** `hugepages`: puts on record how many hugepages of a node a service uses, or forgets it. */

import { Argument, Command, Option } from 'commander';
import { count, nodeId, pageSizeKb, serviceName } from './arguments.js';
import { askAndShow } from './ask-daemon.js';
import { type ChangeOptions, changeFields, withChangeOptions } from './change-options.js';
import { recordWords } from './change-words.js';

const EXAMPLES = `
A record replaces the service's earlier one for the same node and size. Nothing
is reserved in the kernel: a record keeps others from counting on the pages.

Examples:
  $ epa-orchestrator hugepages dpdk 4 --node 1 --size 1G
  $ epa-orchestrator hugepages ceph 256 --node 0 --size 2M
  $ epa-orchestrator hugepages ceph --forget --node 0 --size 2M`;

interface HugepageOptions extends ChangeOptions {
  readonly node: number;
  readonly size: number;
  readonly forget?: boolean;
}

/** Makes the command. */
export function hugepagesCommand(): Command {
  const command = new Command('hugepages')
    .summary('record hugepages')
    .description('Puts on record how many hugepages of a NUMA node a service uses.')
    .addArgument(new Argument('<service>', 'who uses the pages').argParser(serviceName))
    .addArgument(new Argument('[count]', 'how many pages').argParser(count))
    .addOption(
      new Option('--node <n>', 'the NUMA node of the pages')
        .argParser(nodeId)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--size <size>', 'the size of a page: 2M, 1G, or a number of KiB')
        .argParser(pageSizeKb)
        .makeOptionMandatory(),
    )
    .option('--forget', 'remove the record')
    .addHelpText('after', EXAMPLES)
    .action(record);
  return withChangeOptions(command);
}

async function record(
  service: string,
  pageCount: number | undefined,
  options: HugepageOptions,
  command: Command,
): Promise<void> {
  const { node, size, forget } = options;
  if (forget === true && pageCount !== undefined) {
    command.error('error: say either COUNT or --forget, not both');
  }
  if (forget !== true && pageCount === undefined) {
    command.error('error: say how many pages (COUNT), or --forget');
  }
  await askAndShow(
    command,
    {
      action: 'allocate_hugepages',
      service_name: service,
      hugepages_requested: pageCount ?? -1,
      node_id: node,
      size_kb: size,
      ...changeFields(options),
    },
    recordWords,
  );
}
