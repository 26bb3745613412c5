/** `topology`: what the machine is, and whose each CPU is. */

import { Command } from 'commander';
import { parseCpuList } from '../core/cpu-list.js';
import { countCpus } from '../core/cpu-set.js';
import type { Replies, TopologyNode } from '../protocol/reply.js';
import type { PoolName } from '../protocol/wire-fields.js';
import { counted } from '../words/counted.js';
import { formatMemory } from '../words/sizes.js';
import { askAndShow } from './ask-daemon.js';
import { formatClaims } from './claims-table.js';
import { formatDistances } from './distances.js';
import { ownersOf, type Topology } from './owners.js';
import { drawPicture } from './picture.js';
import { staleness } from './staleness.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { wrapText } from './wrap-text.js';

const EXAMPLES = `
Examples:
  $ epa-orchestrator topology
  $ epa-orchestrator topology --json`;

const COLUMNS = [
  { title: 'NODE', align: 'right' },
  { title: 'MEMORY', align: 'right' },
  { title: 'CPUS', align: 'right' },
  { title: 'CORES', align: 'right' },
  { title: 'THREADS', align: 'right' },
  { title: 'WHICH', isWrapped: true },
] as const;

/** Makes the command. */
export function topologyCommand(): Command {
  return new Command('topology')
    .summary('show the machine')
    .description('Shows the machine: CPUs, cores, NUMA nodes, memory, distances, and who is where.')
    .addHelpText('after', EXAMPLES)
    .action((_options: object, command: Command) =>
      askAndShow(command, { action: 'get_topology' }, formatTopology),
    );
}

/** All that is known of a machine. */
export function formatTopology(topology: Replies['get_topology'], terminal: Terminal): string {
  const { nodes, pools } = topology;
  const owners = ownersOf(topology);
  const about = [
    summaryOf(topology),
    poolLine('isolated', pools.isolated, 'none: this machine isolates no CPUs (isolcpus=)'),
    poolLine('general', pools.general, 'not configured'),
  ].map((line) => wrapText(line, terminal.columns));
  const sections = [
    staleness(topology.sysfs_problem, terminal),
    about.join('\n'),
    formatTable(COLUMNS, nodes.map(rowOf), terminal),
    formatDistances(nodes, terminal),
    drawPicture(topology, terminal),
    owners.length === 0 ? '' : formatClaims(owners, terminal),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function summaryOf({ online_cpus: online, nodes }: Topology): string {
  const cores = nodes.flatMap((node) => node.cores);
  const caches = nodes.flatMap((node) => node.caches);
  const cpuCount = countCpus(parseCpuList(online));
  const nodeCount = nodes.filter((node) => node.node_id !== null && node.is_present).length;
  return (
    `${counted(cpuCount, 'CPU')} online (${online}), ${counted(cores.length, 'core')} ` +
    `of ${counted(widthsOf(cores), 'thread')}, ` +
    `${nodeCount === 0 ? 'no NUMA node' : counted(nodeCount, 'NUMA node')}` +
    (caches.length === 0
      ? ''
      : `, ${counted(caches.length, 'last-level cache')} of ${counted(widthsOf(caches), 'CPU')}`)
  );
}

function poolLine(
  name: PoolName,
  { configured_cpus: configured, eligible_cpus: eligible }: Topology['pools'][PoolName],
  whenNone: string,
): string {
  if (configured === '') return `${name} pool: ${whenNone}`;
  const count = countCpus(parseCpuList(eligible));
  if (configured === eligible) return `${name} pool: ${counted(count, 'CPU')} (${eligible})`;
  const which = eligible === '' ? '' : ` (${eligible})`;
  return `${name} pool: ${counted(count, 'CPU')}${which}; configured are ${configured}`;
}

function rowOf(node: TopologyNode): string[] {
  const offline = countCpus(parseCpuList(node.cpus)) - countCpus(parseCpuList(node.online_cpus));
  return [
    node.node_id === null ? 'none' : `${node.node_id}${node.is_present ? '' : ' (gone)'}`,
    node.memory_kb === null ? '?' : formatMemory(node.memory_kb),
    `${countCpus(parseCpuList(node.online_cpus))}${offline > 0 ? ` +${offline} offline` : ''}`,
    `${node.cores.length}`,
    node.cores.length === 0 ? '' : widthsOf(node.cores),
    node.cpus,
  ];
}

/** The threads of each core: `2`, or `1 or 2` on a machine with cores of different widths. */
function widthsOf(cores: readonly string[]): string {
  const widths = new Set(cores.map((core) => countCpus(parseCpuList(core))));
  return [...widths].sort((a, b) => a - b).join(' or ') || '0';
}
