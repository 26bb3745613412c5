/** A refusal of the daemon in words: why, who is in the way, and what would fit. */

import { z } from 'zod';
import type { ErrorAnswer } from '../client/replies.js';
import { formatCpuList } from '../core/cpu-list.js';
import { cpuSetOf } from '../core/cpu-set.js';
import { visible } from '../core/quoting.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import { counted } from '../words/counted.js';
import { formatPageSize } from '../words/sizes.js';
import { wrapText } from './table.js';

/** All details that any code comes with, as far as words are made of them. */
const detailsSchema = z.object({
  available: z.number().optional(),
  recorded: z.number().optional(),
  numa_node: z.number().optional(),
  node_id: z.number().optional(),
  size_kb: z.number().optional(),
  numa_nodes: z.array(z.int().min(0).max(65_535)).optional(),
  sizes_kb: z.array(z.number()).optional(),
  held_by: z
    .array(
      z.object({
        service_name: z.string(),
        cores_count: z.number().optional(),
        pages: z.number().optional(),
        preemption_policy: z.string().optional(),
      }),
    )
    .optional(),
  more_holders: z.number().optional(),
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
 * @param width characters in a line
 */
export function explainRefusal(
  { error, code, details }: ErrorAnswer,
  width = Number.POSITIVE_INFINITY,
): string {
  const parsed = detailsSchema.safeParse(details ?? {});
  const known = parsed.success ? parsed.data : {};
  const beyond = [...holders(known), ...remedies(code, known)];
  return [
    wrapText(`refused: ${visible(error)}`, width),
    ...beyond.map((line) => wrapText(line, width - INDENT.length).replace(/^/gm, INDENT)),
  ].join('\n');
}

function holders({ held_by: holding = [], more_holders: more = 0 }: Details): string[] {
  if (holding.length === 0) return [];
  const named = holding.map((holder) => {
    const held = holder.cores_count ?? holder.pages ?? 0;
    const isProtected = holder.preemption_policy === 'non-preemptive';
    return `${visible(holder.service_name)} ${held}${isProtected ? ' (non-preemptive)' : ''}`;
  });
  if (more > 0) named.push(`${more} more`);
  return [`held by: ${named.join(', ')}`];
}

/** What would work, by code; nothing for codes whose sentence says it all. */
function remedies(code: string | undefined, details: Details): string[] {
  const known = Object.entries(REMEDIES).find(([name]) => name === code);
  return known === undefined ? [] : known[1](details);
}

const REMEDIES: Partial<Record<ErrorCode, (details: Details) => string[]>> = {
  INSUFFICIENT_CPUS: ({ available, numa_node: node }) => {
    const where = node === undefined ? '' : ` in NUMA node ${node}`;
    if (available === undefined) return [];
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
      'to have some: boot with isolcpus= (for example isolcpus=2-7), or start the daemon with ' +
        'a general pool (--cpu-pool 2-7) and say --pool general',
    ];
  },
  POOL_NOT_CONFIGURED: () => [
    'to have one: start the daemon with --cpu-pool, for example ' +
      '`epa-orchestrator serve --cpu-pool 2-7`',
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
