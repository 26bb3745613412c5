/** Tables without lines, as wide as they need to be and no wider than the terminal. */

import Table from 'cli-table3';
import type { Terminal } from './terminal.js';
import { trimLines, wrapText } from './wrap-text.js';

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Its text may be broken, at commas and blanks first; for at most one column of a table. */
  readonly isWrapped?: boolean;
}

const GAP = 2;
/** However narrow the terminal, the wrapped column has this many characters. */
const WRAPPED_MIN_WIDTH = 16;

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

/**
 * Lays out `rows` below the titles of `columns`, or without them where all are empty. Every row
 * has a cell for each column.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { columns: width, paint }: Terminal,
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => lengthOf(row[index] ?? ''))),
  );
  const wrapped = columns.findIndex(({ isWrapped }) => isWrapped);
  const others = widths.reduce((sum, wide, at) => (at === wrapped ? sum : sum + wide + GAP), 0);
  const wrapWidth = Math.max(width - others, WRAPPED_MIN_WIDTH);
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  if (columns.some(({ title }) => title !== '')) {
    table.push(columns.map(({ title }) => paint('faint', title)));
  }
  for (const row of rows) {
    table.push(row.map((cell, index) => (index === wrapped ? wrapText(cell, wrapWidth) : cell)));
  }
  return trimLines(table.toString());
}

function lengthOf(text: string): number {
  return text.split('\n').reduce((longest, line) => Math.max(longest, line.length), 0);
}
