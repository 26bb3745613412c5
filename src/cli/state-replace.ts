/** `state import` and `state restore`: another state takes the place of the directory's own. */

import type { Command } from 'commander';
import { NO_CPUS } from '../core/cpu-set.js';
import { listedClaim, listedRecord } from '../core/describe.js';
import { Holdings } from '../core/holdings.js';
import { visible } from '../core/quoting.js';
import { compareHoldings, type Difference, type Differences } from '../state/compare-states.js';
import { importState, type Replacement, restoreState } from '../state/replace-state.js';
import { holdingsCounts } from '../words/holdings-counts.js';
import { wantsJson } from './ask-daemon.js';
import { formatClaims } from './claims-table.js';
import { formatPages } from './pages-table.js';
import { readSource, stateDirectoryOf } from './state-place.js';
import { print, proseWidth, type Terminal, type Tone, terminalOf } from './terminal.js';
import { wrapText } from './wrap-text.js';

const REPLACE = { import: importState, restore: restoreState } as const;

/**
 * Replaces the state by what `file` has, and says what that changes and where the old one is.
 *
 * @throws StateError when nothing could be replaced
 */
export async function replaceAndTell(
  command: Command,
  file: string,
  verb: keyof typeof REPLACE,
): Promise<void> {
  const stateDirectory = stateDirectoryOf(command);
  const source = await readSource(file);
  const replacement = await REPLACE[verb](stateDirectory, source);
  print(
    wantsJson(command)
      ? JSON.stringify(replacementJson(stateDirectory, replacement))
      : formatReplacement(stateDirectory, source.name, replacement),
  );
}

function formatReplacement(
  stateDirectory: string,
  source: string,
  replacement: Replacement,
): string {
  const { before, after, kept } = replacement;
  const terminal = terminalOf(process.stdout);
  const headline =
    `the state in ${visible(stateDirectory)} is now that of ${visible(source)}: generation ` +
    `${after.generation}, ${holdingsCounts(after.holdings)}`;
  const remarks = after.remarks.map((remark) => `remark: ${visible(remark)}`);
  if (before === undefined) remarks.push('no copy of what was there is whole, so all is new');
  const said = (line: string) => wrapText(line, proseWidth(process.stdout));
  return [
    [terminal.paint('good', said(headline)), ...remarks.map(said)].join('\n'),
    ...formatDifferences(replacement, terminal),
    ...(kept.length === 0 ? [] : [['what was there is kept:', ...kept.map(visible)].join('\n  ')]),
  ].join('\n\n');
}

function formatDifferences(replacement: Replacement, terminal: Terminal): string[] {
  const { claims, pageRecords } = differencesOf(replacement);
  if (claims.length === 0 && pageRecords.length === 0) {
    return ['nobody holds other CPUs or hugepages than before'];
  }
  const claimRows = markedRows(claims, ({ serviceName, claim }) => ({
    allocation: listedClaim(serviceName, claim),
    unavailableCpus: NO_CPUS,
  }));
  const pageRows = markedRows(pageRecords, (record) => ({ record }));
  return [
    ...(claimRows.length === 0 ? [] : [formatClaims(claimRows, terminal, true)]),
    ...(pageRows.length === 0 ? [] : [formatPages(pageRows, terminal)]),
  ];
}

function differencesOf({ before, after }: Replacement): Differences {
  return compareHoldings(before?.holdings ?? Holdings.none, after.holdings);
}

type Marked<Row> = Row & { readonly mark: string; readonly tone: Tone };

/** One row for what came or went, two for what is another now. */
function markedRows<T, Row>(
  differences: readonly Difference<T>[],
  rowOf: (value: T) => Row,
): Marked<Row>[] {
  const marked = (mark: string, tone: Tone, value: T) => ({ ...rowOf(value), mark, tone });
  return differences.flatMap(({ before, after }) => {
    if (before === undefined) return after === undefined ? [] : [marked('gained', 'good', after)];
    if (after === undefined) return [marked('lost', 'bad', before)];
    return [marked('was', 'faint', before), marked('now', 'strong', after)];
  });
}

function replacementJson(stateDirectory: string, replacement: Replacement) {
  const { before, after, kept } = replacement;
  const { claims, pageRecords } = differencesOf(replacement);
  return {
    state_directory: stateDirectory,
    generation: after.generation,
    remarks: after.remarks,
    is_before_known: before !== undefined,
    allocations: claims.map((difference) =>
      bothOf(difference, ({ serviceName, claim }) => listedClaim(serviceName, claim)),
    ),
    hugepages: pageRecords.map((difference) => bothOf(difference, listedRecord)),
    kept,
  };
}

function bothOf<T, U>({ before, after }: Difference<T>, show: (value: T) => U) {
  return {
    before: before === undefined ? null : show(before),
    after: after === undefined ? null : show(after),
  };
}
