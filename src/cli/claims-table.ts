/** The table of who holds which CPUs. */

import { formatCpuList } from '../core/cpu-list.js';
import { isEmpty } from '../core/cpu-set.js';
import { visible } from '../core/quoting.js';
import type { Owner } from './owners.js';
import { type Column, formatTable } from './table.js';
import type { Terminal } from './terminal.js';

/**
 * What a row says of a service; before its name stands its letter in the picture, or a word on
 * what became of its claim.
 */
export type ClaimRow = Omit<Owner, 'cpus'>;

interface ClaimColumn extends Column {
  cellOf(row: ClaimRow, terminal: Terminal): string;
}

const COLUMNS: readonly ClaimColumn[] = [
  { title: '', cellOf: ({ mark, tone }, { paint }) => paint(tone, mark) },
  { title: 'SERVICE', cellOf: ({ allocation }) => visible(allocation.service_name) },
  { title: 'POOL', cellOf: ({ allocation }) => allocation.pool },
  { title: 'CPUS', align: 'right', cellOf: ({ allocation }) => `${allocation.cores_count}` },
  { title: 'KIND', cellOf: kindOf },
  { title: 'POLICY', cellOf: ({ allocation }) => allocation.preemption_policy },
  { title: 'WHICH', isWrapped: true, cellOf: whichOf },
];

/**
 * The rows, in their order.
 *
 * @param isPoolShown whether there is a column for the pool; if not said, where they are of both
 */
export function formatClaims(
  rows: readonly ClaimRow[],
  terminal: Terminal,
  isPoolShown = new Set(rows.map(({ allocation }) => allocation.pool)).size > 1,
): string {
  const isMarked = rows.some(({ mark }) => mark !== '');
  const columns = COLUMNS.filter(
    ({ title }) => (title !== 'POOL' || isPoolShown) && (title !== '' || isMarked),
  );
  return formatTable(
    columns,
    rows.map((row) => columns.map(({ cellOf }) => cellOf(row, terminal))),
    terminal,
  );
}

function kindOf({ allocation }: ClaimRow): string {
  if (!allocation.is_explicit) return 'ordinary';
  return allocation.explicit_cores === undefined ? 'explicit' : 'mixed';
}

function whichOf({ allocation, unavailableCpus }: ClaimRow): string {
  const parts = [allocation.allocated_cores];
  if (allocation.explicit_cores !== undefined) {
    parts.push(`explicit: ${allocation.explicit_cores}`);
  }
  if (!isEmpty(unavailableCpus)) {
    parts.push(`not available now: ${formatCpuList(unavailableCpus)}`);
  }
  return parts.join('\n');
}
