/** The tables of a refusal: what each node has, whose it is, and what could be taken. */

import * as z from 'zod';
import { visible } from '../core/quoting.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';

const holderSchema = z.object({
  service_name: z.string(),
  cores_count: z.number().optional(),
  pages: z.number().optional(),
  preemption_policy: z.string().optional(),
});

/** A service that is in the way, and with how much. */
type Holder = z.infer<typeof holderSchema>;

export const holdersSchema = {
  held_by: z.array(holderSchema),
  more_holders: z.number().optional(),
};

/** The nodes of a refusal for lack of CPUs, and of one for lack of hugepages. */
export const nodesSchema = z.union([
  z.array(
    z.object({
      numa_node: z.number().nullable(),
      configured: z.number(),
      online: z.number(),
      free: z.number(),
      own: z.number(),
      takeable_cpus: z.string(),
      ...holdersSchema,
    }),
  ),
  z.array(
    z.object({
      node_id: z.number(),
      total: z.number(),
      free: z.number(),
      own: z.number(),
      ...holdersSchema,
    }),
  ),
]);

type Nodes = z.infer<typeof nodesSchema>;

/** Who holds something, and how many who are not named do: `dpdk 8, ceph 2 (non-preemptive)`. */
export function formatHolders(holders: readonly Holder[], more = 0): string {
  const named = holders.map((holder) => {
    const held = holder.cores_count ?? holder.pages ?? 0;
    const isProtected = holder.preemption_policy === 'non-preemptive';
    return `${visible(holder.service_name)} ${held}${isProtected ? ' (non-preemptive)' : ''}`;
  });
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** A row for each node. */
export function formatRoom(nodes: Nodes, terminal: Terminal): string {
  const isOfCpus = nodes.some((node) => 'numa_node' in node);
  return isOfCpus ? cpuTable(nodes, terminal) : pageTable(nodes, terminal);
}

function cpuTable(nodes: Nodes, terminal: Terminal): string {
  const rows = nodes.flatMap((node) => {
    if (!('numa_node' in node)) return [];
    const { numa_node: nodeId, configured, online, free, own, takeable_cpus: takeable } = node;
    return [
      [
        nodeId === null ? 'none' : `${nodeId}`,
        ...[configured, online, free, own].map(String),
        takeable === '' ? '-' : takeable,
        formatHolders(node.held_by, node.more_holders) || '-',
      ],
    ];
  });
  return formatTable(
    [
      { title: 'NODE', align: 'right' },
      { title: 'CPUS', align: 'right' },
      { title: 'ONLINE', align: 'right' },
      { title: 'FREE', align: 'right' },
      { title: 'OWN', align: 'right' },
      { title: 'COULD TAKE' },
      { title: 'HELD BY OTHERS', isWrapped: true },
    ],
    rows,
    terminal,
  );
}

function pageTable(nodes: Nodes, terminal: Terminal): string {
  const rows = nodes.flatMap((node) =>
    'node_id' in node
      ? [
          [
            ...[node.node_id, node.total, node.free, node.own].map(String),
            formatHolders(node.held_by, node.more_holders) || '-',
          ],
        ]
      : [],
  );
  return formatTable(
    [
      { title: 'NODE', align: 'right' },
      { title: 'PAGES', align: 'right' },
      { title: 'FREE', align: 'right' },
      { title: 'OWN', align: 'right' },
      { title: 'ON RECORD FOR OTHERS', isWrapped: true },
    ],
    rows,
    terminal,
  );
}
