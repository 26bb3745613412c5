/** `allocate`: asks for CPUs, anywhere or in one NUMA node, by count, share or default. */

import { Argument, Command, Option } from 'commander';
import type { Replies } from '../protocol/reply.js';
import {
  type CpuOptions,
  count,
  nodeId,
  percent,
  policyOption,
  poolOption,
  serviceName,
} from './arguments.js';
import { askAndShow } from './ask-daemon.js';
import { type ChangeOptions, changeFields, withChangeOptions } from './change-options.js';
import { lossWords, nodeWords, shareWords } from './change-words.js';
import {
  type PlacementOptions,
  placedLines,
  placementOf,
  withPlacementOptions,
} from './placement-options.js';
import type { Terminal } from './terminal.js';
import { whatIsFree } from './what-is-free.js';

const EXAMPLES = `
Without COUNT and --percent a service gets the default share: 80 % of the CPUs
it could have, or all but 16 where there are more than 100.

With --node the CPUs are claimed explicitly: nobody can take them. Where too few
are free, the others are taken by force from services that hold them neither
explicitly nor non-preemptively; a non-preemptive service takes from nobody.

Examples:
  $ epa-orchestrator allocate hypervisor             the default share
  $ epa-orchestrator allocate web 4                  four CPUs, in any node
  $ epa-orchestrator allocate dpdk 8 --node 1        in NUMA node 1, or by force
  $ epa-orchestrator allocate ceph 2 --node 1 --policy non-preemptive
  $ epa-orchestrator allocate batch --percent 25     a quarter of the pool
  $ epa-orchestrator allocate web 2 --pool general   of the operator's own list
  $ epa-orchestrator allocate dpdk 8 --node 1 --dry-run   what would happen
  $ epa-orchestrator allocate vm 8 --whole-cores --numa single
  $ epa-orchestrator allocate dpdk 4 --near 3b:00.0 --cache require`;

/** Makes the command. */
export function allocateCommand(): Command {
  const command = new Command('allocate')
    .summary('ask for CPUs')
    .description('Asks for CPUs for a service, in place of those it has (with --node: has there).')
    .addArgument(new Argument('<service>', 'who the CPUs are for').argParser(serviceName))
    .addArgument(new Argument('[count]', 'how many CPUs').argParser(count))
    .addOption(new Option('--node <n>', 'in this NUMA node; needs COUNT').argParser(nodeId))
    .addOption(new Option('--percent <p>', 'this share of the whole pool').argParser(percent))
    .addOption(poolOption('the pool of CPUs (default: isolated)'))
    .addOption(policyOption("non-preemptive: nobody may take the service's CPUs"));
  return withChangeOptions(withPlacementOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(allocate);
}

async function allocate(
  service: string,
  cpuCount: number | undefined,
  options: CpuOptions & PlacementOptions & ChangeOptions,
  command: Command,
): Promise<void> {
  const { node, percent: share, pool, policy } = options;
  const common = {
    service_name: service,
    pool,
    preemption_policy: policy,
    placement: placementOf(options),
    ...changeFields(options),
  };
  if (share !== undefined) {
    if (cpuCount !== undefined) return misused(command, 'say either COUNT or --percent, not both');
    if (node !== undefined) return misused(command, '--node needs a COUNT, not --percent');
    const request = { action: 'allocate_cores_percent', percent: share, ...common } as const;
    return askAndShow(command, request, showShare);
  }
  if (node === undefined) {
    const request = { action: 'allocate_cores', num_of_cores: cpuCount ?? 0, ...common } as const;
    return askAndShow(command, request, showShare);
  }
  if (cpuCount === undefined) return misused(command, '--node needs a COUNT: how many CPUs there');
  return askAndShow(
    command,
    { action: 'allocate_numa_cores', numa_node: node, num_of_cores: cpuCount, ...common },
    showNode,
  );
}

function misused(command: Command, sentence: string): never {
  command.error(`error: ${sentence}`);
}

function showShare(
  reply: Replies['allocate_cores' | 'allocate_cores_percent'],
  { paint }: Terminal,
): string {
  return [
    paint('good', shareWords(reply)),
    ...placedLines(reply.placement),
    reply.preemption_policy === 'non-preemptive'
      ? 'nobody can take them: the service is non-preemptive'
      : 'others may take them by force, with an explicit request (policy legacy)',
    whatIsFree(reply),
  ].join('\n');
}

function showNode(reply: Replies['allocate_numa_cores'], { paint }: Terminal): string {
  return [
    paint('good', nodeWords(reply)),
    ...placedLines(reply.placement),
    ...lossWords(reply.preempted).map((line) => paint('bad', line)),
    reply.preemption_policy === 'non-preemptive'
      ? 'nobody can take them: they are claimed explicitly, and the service is non-preemptive'
      : 'nobody can take them: they are claimed explicitly',
    whatIsFree(reply),
  ].join('\n');
}
