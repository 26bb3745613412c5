/** `memory`: the hugepages of each node and size, and for whom they are on record. */

import { Command } from 'commander';
import { visible } from '../core/quoting.js';
import type { NodeMemory, Replies } from '../protocol/reply.js';
import { formatPageSize } from '../words/sizes.js';
import { askAndShow } from './ask-daemon.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';

const EXAMPLES = `
IN USE is the kernel's count. Where more pages are on record than in use, the
daemon does not tell how many are in use already: "up to 4" is the most it can
be. FREE is what is neither in use nor on record. "2 too few": that many more
are on record than there are.

Examples:
  $ epa-orchestrator memory
  $ epa-orchestrator memory --json`;

const COLUMNS = [
  { title: 'NODE', align: 'right' },
  { title: 'PAGE SIZE', align: 'right' },
  { title: 'TOTAL', align: 'right' },
  { title: 'IN USE', align: 'right' },
  { title: 'RECORDED', align: 'right' },
  { title: 'FREE', align: 'right' },
  { title: 'ON RECORD FOR', isWrapped: true },
] as const;

/** Makes the command. */
export function memoryCommand(): Command {
  return new Command('memory')
    .summary('show hugepages')
    .description('Shows the hugepages of each NUMA node: how many, in use, on record, free.')
    .addHelpText('after', EXAMPLES)
    .action((_options: object, command: Command) =>
      askAndShow(command, { action: 'get_memory_info' }, formatHugepages),
    );
}

/** The table of a machine's hugepages. */
export function formatHugepages(
  { numa_hugepages: nodes }: Replies['get_memory_info'],
  terminal: Terminal,
): string {
  const rows = Object.entries(nodes).flatMap(([name, node]) =>
    rowsOf(name.replace(/^node/, ''), node),
  );
  if (rows.length === 0) return 'this machine shows no NUMA nodes, and so no hugepages of theirs';
  return formatTable(COLUMNS, rows, terminal);
}

function rowsOf(nodeId: string, { capacity, allocations }: NodeMemory): string[][] {
  const rows = capacity.map(({ total, free, size }) => {
    const records = recordsOf(allocations, size);
    const recorded = sum(records);
    return [
      nodeId,
      formatPageSize(size),
      `${total}`,
      inUse(total, free, recorded),
      `${recorded}`,
      `${free}`,
      recorded > total ? `${shown(records)}; ${recorded - total} too few` : shown(records),
    ];
  });
  // What is on record for pages that the kernel does not show any more.
  const known = new Set(capacity.map(({ size }) => size));
  const sizes = new Set(Object.values(allocations).flatMap((sizes) => Object.keys(sizes)));
  for (const size of [...sizes].map(Number).sort((a, b) => a - b)) {
    if (known.has(size)) continue;
    const records = recordsOf(allocations, size);
    rows.push([nodeId, formatPageSize(size), 'gone', '', `${sum(records)}`, '', shown(records)]);
  }
  return rows.length > 0 ? rows : [[nodeId, 'none', '', '', '', '', '']];
}

type ServiceRecord = readonly [service: string, pages: number];

function recordsOf(allocations: NodeMemory['allocations'], sizeKb: number): ServiceRecord[] {
  return Object.entries(allocations).flatMap(([service, sizes]): ServiceRecord[] => {
    const pages = sizes[`${sizeKb}`];
    return pages === undefined ? [] : [[service, pages]];
  });
}

/**
 * The kernel's count, from a reply that has only `free`: with more pages in use than recorded,
 * free = total − in use; otherwise free = total − recorded, and fewer may be in use.
 */
function inUse(total: number, free: number, recorded: number): string {
  const kept = total - free;
  if (kept > recorded || kept === 0) return `${kept}`;
  return `up to ${kept}`;
}

function sum(records: readonly ServiceRecord[]): number {
  return records.reduce((total, [, pages]) => total + pages, 0);
}

function shown(records: readonly ServiceRecord[]): string {
  return records.map(([service, pages]) => `${visible(service)} ${pages}`).join(', ');
}
