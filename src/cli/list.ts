/** `list`: who holds which CPUs, as a picture of the nodes and a table for each pool. */

import { Command } from 'commander';
import { formatCpuList, parseCpuList } from '../core/cpu-list.js';
import { countCpus, isEmpty, subtractCpus } from '../core/cpu-set.js';
import type { PoolName } from '../protocol/wire-fields.js';
import { counted } from '../words/counted.js';
import { type CpuOptions, poolOption } from './arguments.js';
import { askAndShow, consult, wantsJson } from './ask-daemon.js';
import { formatClaims } from './claims-table.js';
import { type Owner, ownersOf, type Topology } from './owners.js';
import { drawPicture } from './picture.js';
import { staleness } from './staleness.js';
import { print, type Terminal, terminalOf } from './terminal.js';
import { wrapText } from './wrap-text.js';

const EXAMPLES = `
The threads of a core stand one below the other. An "explicit" claim is one made
in a node (allocate --node): nobody can take it. An "ordinary" one can be taken
by force, unless its service is non-preemptive. "mixed" is some of both.

With --json and no --pool the reply is about the isolated pool.

Examples:
  $ epa-orchestrator list
  $ epa-orchestrator list --pool general
  $ epa-orchestrator list --json`;

/** Makes the command. */
export function listCommand(): Command {
  return new Command('list')
    .summary('show who holds which CPUs')
    .description('Shows who holds which CPUs: a picture of the NUMA nodes, and a table.')
    .addOption(poolOption('only this pool (default: each that is in use)'))
    .addHelpText('after', EXAMPLES)
    .action(list);
}

async function list({ pool }: CpuOptions, command: Command): Promise<void> {
  if (wantsJson(command)) {
    return askAndShow(command, { action: 'list_allocations', pool }, () => '');
  }
  // Only the list of a pool says whether the pool can be listed at all.
  if (pool !== undefined) await consult(command, { action: 'list_allocations', pool });
  const { reply } = await consult(command, { action: 'get_topology' });
  const terminal = terminalOf(process.stdout);
  const stale = staleness(reply.sysfs_problem, terminal);
  if (stale !== '') print(`${stale}\n`);
  print(formatList(reply, terminal, pool));
}

/** The picture and the tables. `pool` leaves out the other one. */
export function formatList(topology: Topology, terminal: Terminal, pool?: PoolName): string {
  const owners = ownersOf(topology, pool);
  const isGeneralInUse =
    topology.pools.general.configured_cpus !== '' ||
    owners.some(({ allocation }) => allocation.pool === 'general');
  const pools: readonly PoolName[] =
    pool !== undefined ? [pool] : isGeneralInUse ? ['isolated', 'general'] : ['isolated'];
  return [
    drawPicture(topology, terminal, pool),
    ...pools.map((name) => formatPool(topology, name, owners, terminal)),
  ].join('\n\n');
}

function formatPool(
  topology: Topology,
  pool: PoolName,
  owners: readonly Owner[],
  terminal: Terminal,
): string {
  const members = owners.filter(({ allocation }) => allocation.pool === pool);
  const summary = wrapText(summaryOf(topology, pool, members.length), terminal.columns);
  if (members.length === 0) return summary;
  return `${summary}\n${formatClaims(members, terminal)}`;
}

function summaryOf({ pools, allocations }: Topology, pool: PoolName, holderCount: number): string {
  const eligible = parseCpuList(pools[pool].eligible_cpus);
  const configured = pools[pool].configured_cpus;
  if (isEmpty(eligible)) {
    if (configured !== '') return `${pool} pool: none of its CPUs can be had (${configured})`;
    return pool === 'isolated'
      ? 'isolated pool: no CPU, because this machine isolates none (isolcpus=)'
      : 'general pool: not configured';
  }
  const held = allocations.map((listed) => parseCpuList(listed.allocated_cores));
  const free = held.reduce((left, cpus) => subtractCpus(left, cpus), eligible);
  const freeList = isEmpty(free) ? '' : ` (${formatCpuList(free)})`;
  const holders = counted(holderCount, 'service');
  return (
    `${pool} pool: ${counted(countCpus(eligible), 'CPU')}, ${countCpus(free)} free${freeList}, ` +
    `${holderCount === 0 ? 'held by nobody' : `the others held by ${holders}`}`
  );
}
