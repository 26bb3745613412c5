/** `release`: gives a service's CPUs back, all of them or those of one NUMA node. */

import { Argument, Command, Option } from 'commander';
import { formatCpuList, parseCpuList } from '../core/cpu-list.js';
import { type CpuSet, countCpus, intersectCpus, isEmpty, NO_CPUS } from '../core/cpu-set.js';
import { visible } from '../core/quoting.js';
import { counted } from '../words/counted.js';
import { type CpuOptions, nodeId, poolOption, serviceName } from './arguments.js';
import { askAndShow, consult } from './ask-daemon.js';
import { type ChangeOptions, changeFields, withChangeOptions } from './change-options.js';
import type { Topology } from './owners.js';
import { whatIsFree } from './what-is-free.js';

const EXAMPLES = `
What is offline or has left its pool can be released too. Hugepages stay on
record: see "hugepages --forget".

Examples:
  $ epa-orchestrator release dpdk              everything it holds
  $ epa-orchestrator release dpdk --node 1     what it holds in NUMA node 1`;

/** Makes the command. */
export function releaseCommand(): Command {
  const command = new Command('release')
    .summary('give CPUs back')
    .description("Gives a service's CPUs back: all of them, or those of one NUMA node.")
    .addArgument(new Argument('<service>', 'whose CPUs').argParser(serviceName))
    .addOption(new Option('--node <n>', 'only those of this NUMA node').argParser(nodeId))
    .addOption(poolOption('the pool they are of (default: the one that the service is in)'))
    .addHelpText('after', EXAMPLES)
    .action(release);
  return withChangeOptions(command);
}

async function release(
  service: string,
  options: CpuOptions & ChangeOptions,
  command: Command,
): Promise<void> {
  const { node } = options;
  // A release must name the right pool; and it tells nobody what was given back.
  const { reply: topology } = await consult(command, { action: 'get_topology' });
  const held = topology.allocations.find((allocation) => allocation.service_name === service);
  const pool = options.pool ?? held?.pool;
  const heldCpus = held === undefined ? NO_CPUS : parseCpuList(held.allocated_cores);
  const given = intersectCpus(heldCpus, node === undefined ? heldCpus : cpusOfNode(topology, node));
  const show = (reply: Parameters<typeof whatIsFree>[0]) =>
    `${describe(service, node, given)}\n${whatIsFree(reply)}`;
  const common = { service_name: service, num_of_cores: -1, pool, ...changeFields(options) };
  if (node === undefined) {
    await askAndShow(command, { action: 'allocate_cores', ...common }, show);
  } else {
    await askAndShow(command, { action: 'allocate_numa_cores', numa_node: node, ...common }, show);
  }
}

function cpusOfNode({ nodes }: Topology, node: number): CpuSet {
  const found = nodes.find(({ node_id: id }) => id === node);
  return found === undefined ? NO_CPUS : parseCpuList(found.cpus);
}

function describe(service: string, node: number | undefined, given: CpuSet): string {
  const where = node === undefined ? '' : ` in NUMA node ${node}`;
  if (isEmpty(given)) return `${visible(service)} holds no CPUs${where}: nothing to give back`;
  const cpus = counted(countCpus(given), 'CPU');
  return `${visible(service)} gave ${cpus}${where} back: ${formatCpuList(given)}`;
}
