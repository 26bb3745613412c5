/** The table of who holds which CPUs; its letters are those of the picture. */

import { formatCpuList } from '../core/cpu-list.js';
import { isEmpty } from '../core/cpu-set.js';
import type { Owner } from './owners.js';
import { type Column, formatTable } from './table.js';
import { shownName, type Terminal } from './terminal.js';

interface ClaimColumn extends Column {
  cellOf(owner: Owner, terminal: Terminal): string;
}

const COLUMNS: readonly ClaimColumn[] = [
  { title: '', cellOf: ({ mark, tone }, { paint }) => paint(tone, mark) },
  { title: 'SERVICE', cellOf: ({ allocation }) => shownName(allocation.service_name) },
  { title: 'POOL', cellOf: ({ allocation }) => allocation.pool },
  { title: 'CPUS', align: 'right', cellOf: ({ allocation }) => `${allocation.cores_count}` },
  { title: 'KIND', cellOf: kindOf },
  { title: 'POLICY', cellOf: ({ allocation }) => allocation.preemption_policy },
  { title: 'WHICH', isWrapped: true, cellOf: whichOf },
];

/** One row for each owner; with a column for the pool only where they are of both. */
export function formatClaims(owners: readonly Owner[], terminal: Terminal): string {
  const pools = new Set(owners.map(({ allocation }) => allocation.pool));
  const columns = COLUMNS.filter(({ title }) => title !== 'POOL' || pools.size > 1);
  return formatTable(
    columns,
    owners.map((owner) => columns.map(({ cellOf }) => cellOf(owner, terminal))),
    terminal,
  );
}

function kindOf({ allocation }: Owner): string {
  if (!allocation.is_explicit) return 'ordinary';
  return allocation.explicit_cores === undefined ? 'explicit' : 'mixed';
}

function whichOf({ allocation, unavailableCpus }: Owner): string {
  const parts = [allocation.allocated_cores];
  if (allocation.explicit_cores !== undefined) {
    parts.push(`explicit: ${allocation.explicit_cores}`);
  }
  if (!isEmpty(unavailableCpus)) {
    parts.push(`not available now: ${formatCpuList(unavailableCpus)}`);
  }
  return parts.join('\n');
}
