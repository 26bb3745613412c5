/** How far the nodes are from each other: a table, or a sentence where a table would say no more. */

import type { TopologyNode } from '../protocol/reply.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';

/** A table of more nodes than this is only worth its room when it says something. */
const PLAIN_TABLE_NODES_MAX = 8;

interface PlacedNode {
  readonly id: number;
  readonly distances: TopologyNode['distances'];
}

/** The distances in the kernel's units (10 = local). Empty with fewer than two nodes. */
export function formatDistances(nodes: readonly TopologyNode[], terminal: Terminal): string {
  const placed = nodes.flatMap(({ node_id: id, distances }): PlacedNode[] =>
    id === null || Object.keys(distances).length === 0 ? [] : [{ id, distances }],
  );
  if (placed.length < 2) return '';
  return (
    (placed.length > PLAIN_TABLE_NODES_MAX ? sentenceOf(placed) : '') || tables(placed, terminal)
  );
}

/** `''` unless all nodes are alike. */
function sentenceOf(nodes: readonly PlacedNode[]): string {
  const local = new Set<number | undefined>();
  const remote = new Set<number | undefined>();
  for (const { id, distances } of nodes) {
    for (const other of nodes) (other.id === id ? local : remote).add(distances[`${other.id}`]);
  }
  if (local.size > 1 || remote.size > 1) return '';
  return `distance: ${[...local].join()} within a node, ${[...remote].join()} to any other`;
}

/** One table, or several below each other where there are more nodes than fit beside each other. */
function tables(nodes: readonly PlacedNode[], terminal: Terminal): string {
  const title = 'DISTANCE';
  const cellWidth = Math.max(...nodes.map(({ id }) => `${id}`.length), 3) + 2;
  const perTable = Math.max(1, Math.floor((terminal.columns - title.length) / cellWidth));
  const parts: string[] = [];
  for (let at = 0; at < nodes.length; at += perTable) {
    const others = nodes.slice(at, at + perTable);
    const columns = [title, ...others.map(({ id }) => `${id}`)];
    const rows = nodes.map(({ id, distances }) => [
      `${id}`,
      ...others.map((other) => `${distances[`${other.id}`] ?? '?'}`),
    ]);
    parts.push(
      formatTable(
        columns.map((column) => ({ title: column, align: 'right' })),
        rows,
        terminal,
      ),
    );
  }
  return parts.join('\n');
}
