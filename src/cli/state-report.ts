/** `state show` and `state verify`: what is stored, and whether it is whole. */

import { basename } from 'node:path';
import type { Command } from 'commander';
import { nameOfOwner } from '../core/caller.js';
import { NO_CPUS } from '../core/cpu-set.js';
import { listedClaim, listedRecord } from '../core/describe.js';
import type { PageRecord } from '../core/holdings.js';
import { compareNames } from '../core/names.js';
import { pageRecordsOf } from '../core/pages.js';
import { visible } from '../core/quoting.js';
import { type Inspection, inspectDirectory, inspectFile } from '../state/inspect-state.js';
import type { Copy } from '../state/state-copies.js';
import type { StoredState } from '../state/stored-state.js';
import { holdingsCounts } from '../words/holdings-counts.js';
import { wantsJson } from './ask-daemon.js';
import { formatClaims } from './claims-table.js';
import { formatPages } from './pages-table.js';
import { readSource, stateDirectoryOf } from './state-place.js';
import { formatTable } from './table.js';
import { print, proseWidth, type Terminal, terminalOf } from './terminal.js';
import { wrapText } from './wrap-text.js';

/** What was looked at, and what was found there. */
interface Report extends Inspection {
  /** A state directory, or what a file is called. */
  readonly place: string;
  readonly isDirectory: boolean;
}

/** `state show`: exit status 0 when there is a state to show, otherwise 1. */
export async function showState(command: Command, file: string | undefined): Promise<void> {
  const report = await look(command, file);
  const { state } = report;
  if (wantsJson(command)) {
    print(JSON.stringify({ ...reportJson(report), ...contentJson(state) }));
  } else {
    const terminal = terminalOf(process.stdout);
    const content = state === null ? [] : formatContent(state, terminal);
    print([formatReport(report, terminal, proseWidth(process.stdout)), ...content].join('\n\n'));
  }
  if (state === null) process.exitCode = 1;
}

/** `state verify`: exit status 0 when all is well, otherwise 1. */
export async function verifyState(command: Command, file: string | undefined): Promise<void> {
  const report = await look(command, file);
  print(
    wantsJson(command)
      ? JSON.stringify(reportJson(report))
      : formatReport(report, terminalOf(process.stdout), proseWidth(process.stdout)),
  );
  if (!isWell(report)) process.exitCode = 1;
}

async function look(command: Command, file: string | undefined): Promise<Report> {
  if (file !== undefined) {
    const source = await readSource(file);
    return { ...inspectFile(source), place: source.name, isDirectory: false };
  }
  const directory = stateDirectoryOf(command);
  return { ...(await inspectDirectory(directory)), place: directory, isDirectory: true };
}

function isWell({ state, faults }: Inspection): boolean {
  return state !== null && faults.length === 0;
}

/** Whether the state is whole, in a sentence of lines of `width`, and a row for each copy of it. */
function formatReport(report: Report, terminal: Terminal, width: number): string {
  const { copies, state, problem, isDirectory } = report;
  const headline = wrapText(headlineOf(report), width);
  const rows = copies.map((copy) => [visible(basename(copy.path)), aboutCopy(copy, report)]);
  for (const remark of state?.remarks ?? []) rows.push(['remark', visible(remark)]);
  if (isDirectory && problem !== null) rows.push(['problem', visible(problem)]);
  const table = formatTable([{ title: '' }, { title: '', isWrapped: true }], rows, terminal);
  return `${terminal.paint(isWell(report) ? 'good' : 'bad', headline)}\n${table}`;
}

function headlineOf({ place, state, faults, problem, isDirectory }: Report): string {
  const where = `the state in ${visible(place)}`;
  if (problem !== null) {
    return isDirectory ? `no daemon can start on ${where}` : `${where} cannot be used`;
  }
  if (state === null) return `nothing is stored in ${visible(place)} yet`;
  if (faults.length > 0) {
    return `${where} is whole, but not in both copies: the next start of the daemon heals that`;
  }
  if (state.format === 'own') return `${where} is whole`;
  const then = isDirectory ? ': the next start of the daemon takes it over' : '';
  return `${where} is whole, and of the format of the older release${then}`;
}

function aboutCopy(copy: Copy, { faults }: Report): string {
  const fault = faults.find(({ path }) => path === copy.path);
  if (fault !== undefined) return `to be healed: ${visible(fault.reason)}`;
  if (copy.condition === 'missing') return 'missing';
  if (copy.condition === 'damaged') return `not whole: ${visible(copy.reason)}`;
  const { format, generation, updatedAt } = copy.state;
  const version = format === 'own' ? `generation ${generation}` : 'older format';
  const written = updatedAt === null ? '' : ` of ${visible(updatedAt)}`;
  return `${version}${written}: ${holdingsCounts(copy.state.holdings)}`;
}

function formatContent(state: StoredState, terminal: Terminal): string[] {
  const claims = claimsOf(state).map(([serviceName, claim]) => ({
    mark: '',
    tone: 'faint' as const,
    allocation: listedClaim(serviceName, claim),
    unavailableCpus: NO_CPUS,
  }));
  const pages = recordsOf(state).map((record) => ({ mark: '', tone: 'faint' as const, record }));
  return [
    claims.length === 0 ? 'no service holds CPUs' : formatClaims(claims, terminal, true),
    pages.length === 0 ? 'no hugepages are on record' : formatPages(pages, terminal),
    ...formatOwners(state, terminal),
  ];
}

/** Whose the services are that do not belong to root. */
function formatOwners({ holdings }: StoredState, terminal: Terminal): string[] {
  const rows = [...holdings.owners]
    .sort(([a], [b]) => compareNames(a, b))
    .map(([serviceName, owner]) => [visible(serviceName), visible(nameOfOwner(owner))]);
  if (rows.length === 0) return [];
  return [formatTable([{ title: 'SERVICE' }, { title: 'BELONGS TO' }], rows, terminal)];
}

function claimsOf({ holdings }: StoredState) {
  return [...holdings.claims].sort(([a], [b]) => compareNames(a, b));
}

function recordsOf({ holdings }: StoredState): PageRecord[] {
  return pageRecordsOf(holdings).sort((a, b) => compareNames(a.serviceName, b.serviceName));
}

function reportJson(report: Report) {
  const { place, isDirectory, copies, state, faults, problem } = report;
  return {
    state_directory: isDirectory ? place : null,
    is_well: isWell(report),
    problem,
    format: state?.format ?? null,
    generation: state?.generation ?? null,
    updated_at: state?.updatedAt ?? null,
    remarks: state?.remarks ?? [],
    copies: copies.map((copy) => ({
      file: copy.path,
      condition: copy.condition,
      problem:
        faults.find(({ path }) => path === copy.path)?.reason ??
        (copy.condition === 'damaged' ? copy.reason : null),
      ...(copy.condition === 'whole' ? countsJson(copy.state) : {}),
    })),
  };
}

function countsJson({ holdings, generation, updatedAt }: StoredState) {
  return {
    generation,
    updated_at: updatedAt,
    services: holdings.claims.size,
    hugepage_records: pageRecordsOf(holdings).length,
  };
}

/** Claims as replies of the daemon list them, hugepages as the state file does. */
function contentJson(state: StoredState | null) {
  if (state === null) return { allocations: [], hugepages: [], owners: [] };
  return {
    allocations: claimsOf(state).map(([serviceName, claim]) => listedClaim(serviceName, claim)),
    hugepages: recordsOf(state).map(listedRecord),
    owners: [...state.holdings.owners].map(([service_name, owner]) => ({ service_name, ...owner })),
  };
}
