/** The table of who has how many hugepages on record. */

import type { PageRecord } from '../core/holdings.js';
import { visible } from '../core/quoting.js';
import { formatPageSize } from '../words/sizes.js';
import { formatTable } from './table.js';
import type { Terminal, Tone } from './terminal.js';

/** What a row says. */
export interface PageRow {
  /** What became of the record; `''` in each row = no such column. */
  readonly mark: string;
  readonly tone: Tone;
  readonly record: PageRecord;
}

/** The rows, in their order. */
export function formatPages(rows: readonly PageRow[], terminal: Terminal): string {
  const isMarked = rows.some(({ mark }) => mark !== '');
  const columns = [
    { title: '' },
    { title: 'SERVICE' },
    { title: 'NODE', align: 'right' },
    { title: 'PAGE SIZE', align: 'right' },
    { title: 'PAGES', align: 'right' },
  ] as const;
  const cells = rows.map(({ mark, tone, record }) => [
    terminal.paint(tone, mark),
    visible(record.serviceName),
    `${record.nodeId}`,
    formatPageSize(record.sizeKb),
    `${record.pageCount}`,
  ]);
  const from = isMarked ? 0 : 1;
  return formatTable(
    columns.slice(from),
    cells.map((row) => row.slice(from)),
    terminal,
  );
}
