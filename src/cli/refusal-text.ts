/** A refusal of the daemon in words: why, who is in the way, and what would fit. */

import * as z from 'zod';
import type { ErrorAnswer } from '../client/replies.js';
import { readSnapName } from '../config/config.js';
import { formatCpuList } from '../core/cpu-list.js';
import { cpuSetOf } from '../core/cpu-set.js';
import { visible } from '../core/quoting.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import { counted } from '../words/counted.js';
import { formatPageSize } from '../words/sizes.js';
import { poolCommand } from '../words/snap-advice.js';
import { formatHolders, formatRoom, holdersSchema, nodesSchema } from './room-table.js';
import { type Terminal, unpainted } from './terminal.js';
import { wrapText } from './wrap-text.js';

/** The request that would be granted, as far as words are made of it. */
const nearestSchema = z.object({
  num_of_cores: z.number().optional(),
  percent: z.number().optional(),
  hugepages_requested: z.number().optional(),
  numa_node: z.number().optional(),
  node_id: z.number().optional(),
  size_kb: z.number().optional(),
});

/** All details that any code comes with, as far as words are made of them. */
const detailsSchema = z.object({
  available: z.number().optional(),
  placement: z.object({ largest_count: z.number() }).optional(),
  recorded: z.number().optional(),
  numa_node: z.number().optional(),
  node_id: z.number().optional(),
  size_kb: z.number().optional(),
  numa_nodes: z.array(z.int().min(0).max(65_535)).optional(),
  sizes_kb: z.array(z.number()).optional(),
  held_by: holdersSchema.held_by.optional(),
  more_holders: holdersSchema.more_holders,
  nodes: nodesSchema.optional(),
  more_nodes: z.number().optional(),
  nearest: nearestSchema.nullish(),
  service_pool: z.string().optional(),
  cpus: z.string().optional(),
  configured_cpus: z.string().optional(),
  pool: z.string().optional(),
  services: z.array(z.string()).optional(),
});

const INDENT = '  ';

type Details = z.infer<typeof detailsSchema>;

/**
 * The lines for a person: the daemon's sentence first, then what can be said beyond it.
 *
 * @param terminal where they are shown; as wide as one likes where nobody says
 */
export function explainRefusal(
  { error, code, details }: ErrorAnswer,
  terminal: Terminal = { columns: Number.POSITIVE_INFINITY, paint: unpainted },
): string {
  const parsed = detailsSchema.safeParse(details ?? {});
  const known = parsed.success ? parsed.data : {};
  const columns = terminal.columns - INDENT.length;
  const prose = (lines: readonly string[]) => lines.map((line) => wrapText(line, columns));
  const beyond = [
    ...(known.nodes === undefined ? prose(holders(known)) : room(known, { ...terminal, columns })),
    ...prose(remedies(code, known)),
  ];
  return [
    wrapText(`refused: ${visible(error)}`, terminal.columns),
    ...beyond.map((line) => line.replace(/^(?=.)/gm, INDENT)),
  ].join('\n');
}

function holders({ held_by: holding = [], more_holders: more }: Details): string[] {
  return holding.length === 0 ? [] : [`held by: ${formatHolders(holding, more)}`];
}

function room({ nodes = [], more_nodes: more = 0 }: Details, terminal: Terminal): string[] {
  if (nodes.length === 0) return [];
  const hidden = more === 0 ? [] : [`and ${counted(more, 'more node')}`];
  return ['', formatRoom(nodes, terminal), ...hidden, ''];
}

/** What would work: the nearest request, or else by code; nothing where the sentence says it all. */
function remedies(code: string | undefined, details: Details): string[] {
  const { nearest, placement, available } = details;
  if (nearest != null) {
    const elsewhere =
      placement === undefined || available === undefined
        ? ''
        : ` so, or up to ${counted(available, 'CPU')} without that placement`;
    return [`would fit: ${nearestWords(nearest)}${elsewhere}`];
  }
  const known = Object.entries(REMEDIES).find(([name]) => name === code);
  return known === undefined ? [] : known[1](details);
}

function nearestWords(nearest: z.infer<typeof nearestSchema>): string {
  const { num_of_cores: cpuCount, percent, hugepages_requested: pageCount } = nearest;
  const nodeId = nearest.numa_node ?? nearest.node_id;
  const where = nodeId === undefined ? '' : ` in NUMA node ${nodeId}`;
  if (percent !== undefined) return `${percent} percent of the pool`;
  if (pageCount === undefined) return `${counted(cpuCount ?? 0, 'CPU')}${where}`;
  return `${counted(pageCount, 'page')} of ${formatPageSize(nearest.size_kb ?? 0)}${where} in all`;
}

const REMEDIES: Partial<Record<ErrorCode, (details: Details) => string[]>> = {
  INSUFFICIENT_CPUS: ({ available, placement, numa_node: node }) => {
    const where = node === undefined ? '' : ` in NUMA node ${node}`;
    if (available === undefined) return [];
    if (placement !== undefined) {
      const { largest_count: most } = placement;
      const so = most === 0 ? 'nothing' : `up to ${counted(most, 'CPU')}`;
      return [`would fit: ${so} so, or up to ${counted(available, 'CPU')} without that placement`];
    }
    if (available === 0) return [`would fit: nothing${where}, until somebody releases CPUs`];
    return [`would fit: ${counted(available, 'CPU')}${where}`];
  },
  INSUFFICIENT_HUGEPAGES: ({ available = 0, recorded = 0, size_kb: sizeKb = 0, node_id: node }) => [
    `would fit: ${available + recorded} pages of ${formatPageSize(sizeKb)} in NUMA node ${node}` +
      (recorded > 0 ? `, the ${recorded} on record included` : ''),
  ],
  NUMA_NODE_NOT_FOUND: ({ numa_nodes: nodes = [] }) => [
    nodes.length === 0
      ? 'this machine shows no NUMA nodes: leave --node out'
      : `would fit: one of the nodes ${formatCpuList(cpuSetOf(nodes))}`,
  ],
  HUGEPAGE_SIZE_NOT_FOUND: ({ sizes_kb: sizes = [], node_id: node }) => [
    sizes.length === 0
      ? `NUMA node ${node} has no hugepages of any size`
      : `would fit: a size of ${sizes.map(formatPageSize).join(' or ')}`,
  ],
  NO_CPUS_AVAILABLE: ({ pool, numa_node: node }) => {
    if (node !== undefined) return ['see `epa-orchestrator topology` for the nodes that have some'];
    if (pool === 'general') return ['see `epa-orchestrator status` for what is wrong with it'];
    return [
      'to have some: boot with isolcpus= (for example isolcpus=2-7), or give the daemon a general ' +
        `pool (\`${poolCommand(readSnapName())}\`) and say --pool general`,
    ];
  },
  POOL_NOT_CONFIGURED: () => [
    `to have one: give the daemon its CPUs, for example \`${poolCommand(readSnapName())}\``,
  ],
  POOL_CONFLICT: ({ service_pool: pool }) =>
    pool === undefined ? [] : [`would fit: the same with --pool ${pool}`],
  POLICY_CONFLICT: () => ['would fit: the same without --policy, or after a full release'],
  CPUS_UNAVAILABLE: ({ cpus }) =>
    cpus === undefined ? [] : [`to go on: bring CPUs ${cpus} back, or release the service's CPUs`],
  POOL_INCONSISTENT: ({ services = [] }) => [
    `to go on: release what ${services.map(visible).join(', ')} hold, ` +
      'or put the CPUs back into the pool',
  ],
};
