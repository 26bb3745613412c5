/** The results as people read them, and as JSON. */

import Table from 'cli-table3';
import type { Sample } from './cells.js';
import { MIDDLE } from './machines.js';
import {
  type Aim,
  aimsOf,
  type LimitedSample,
  type Measurements,
  median,
  medians,
} from './results.js';

/** Where and when. */
export interface About {
  readonly date: string;
  readonly node: string;
  readonly processor: string;
  readonly processorCount: number;
  readonly kernel: string;
  readonly fileSystem: string;
  readonly rounds: number;
  /** Load average when it began: above 1, others used the machine too. */
  readonly loadBefore: number;
}

/** What is written to the JSON file; medians over the rounds. */
export interface ReportJson {
  readonly about: About;
  readonly aims: readonly Aim[];
  readonly limits: {
    readonly bareServer: Readonly<Record<string, Sample>>;
    readonly bareWriteUs: number | null;
  };
  readonly cells: Readonly<Record<string, LimitedSample>>;
  readonly extras: Omit<Measurements, 'cells' | 'bareServer' | 'bareWrites'>;
}

/** Puts the results together. */
export function formatReport(about: About, measured: Measurements) {
  const { cells, bareServer, bareWrites, ...extras } = measured;
  const mediansOf = <S extends object>(map: ReadonlyMap<string, readonly S[]>) =>
    Object.fromEntries([...map].map(([name, samples]) => [name, medians(samples)]));
  const json: ReportJson = {
    about,
    aims: aimsOf(measured),
    limits: {
      bareServer: mediansOf(bareServer),
      bareWriteUs: bareWrites.oneUs.length === 0 ? null : median(bareWrites.oneUs),
    },
    cells: mediansOf(cells),
    extras,
  };
  return { text: `${tables(json).map(drawn).join('\n')}\n`, json };
}

/** A table, as rows of cells. */
export interface PlainTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** All tables: the aims, the limits, and the cells of each mode and number of clients. */
export function tables({ about, aims, limits, cells, extras }: ReportJson): PlainTable[] {
  const verdicts = { true: 'hit', false: 'MISS', null: '' };
  const { node, processor, processorCount, kernel, fileSystem, date, rounds, loadBefore } = about;
  const where = `${processorCount} × ${processor}, Linux ${kernel}, ${fileSystem}`;
  const numbers = ['requests/s', 'p50 µs', 'p99 µs', 'CPU µs/request'];
  return [
    {
      title: `Node ${node}, ${where}, ${date}, medians of ${rounds}; load average ${loadBefore.toFixed(1)} before`,
      head: ['what', 'aim', 'measured', ''],
      rows: aims.map(({ what, aim, measured, isMet }) => [
        ...[what, aim, measured ?? 'not measured'],
        verdicts[`${isMet}`],
      ]),
    },
    {
      title: `limit 1: the bare server (limit 2: ${whole(limits.bareWriteUs ?? Number.NaN)} µs a durable write)`,
      head: ['clients', ...numbers],
      rows: Object.entries(limits.bareServer).map(([name, sample]) => [name, ...timesOf(sample)]),
    },
    {
      title: `One decision, without a daemon, on ${extras.scans?.machine ?? 'no machine'}`,
      head: ['what', 'ms'],
      rows: extras.placements.map(({ what, ms }) => [what, ms.toFixed(2)]),
    },
    {
      title: `One change in the actors, without sockets and disk, on ${MIDDLE.name}`,
      head: ['what', 'µs'],
      rows: extras.changes.map(({ pauseMs, us }) => [
        pauseMs === 0 ? 'right behind another' : `after a pause of ${pauseMs} ms`,
        whole(us),
      ]),
    },
    {
      title: 'cells',
      head: [
        ...['what', ...numbers, 'of limit 1', 'of limit 2', 'commits/s', 'changes/commit'],
        ...['refused %', 'RSS MB', 'loop p99 ms'],
      ],
      rows: Object.entries(cells).map(([name, sample]) => [
        ...[name, ...timesOf(sample)],
        ...[sample.ofBareServer.toFixed(2), orNone(sample.ofBareWrite, 2)],
        ...[orNone(sample.commitsPerS, 0), orNone(sample.requestsPerCommit, 1)],
        ...[orNone(sample.refusedShare * 100, 0), whole(sample.residentMb)],
        sample.loopDelayP99Ms.toFixed(1),
      ]),
    },
  ];
}

function timesOf({ requestsPerS, p50Us, p99Us, cpuUsPerRequest }: Sample): string[] {
  return [whole(requestsPerS), whole(p50Us), whole(p99Us), cpuUsPerRequest.toFixed(1)];
}

function whole(value: number): string {
  return Number.isNaN(value) ? '–' : Math.round(value).toLocaleString('en');
}

function orNone(value: number, digits: number): string {
  return value === 0 ? '' : value.toFixed(digits);
}

function drawn({ title, head, rows }: PlainTable): string {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  table.push(...rows.map((row) => [...row]));
  return `${title}\n${table}\n`;
}
