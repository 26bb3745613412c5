/**
 * `npm run bench:docs`: runs the benchmark under this Node.js and under 24, which the snap has, and
 * writes `docs/performance.md`. With JSON files as arguments, writes it from those instead.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLIENT_COUNTS, MODES, type Mode } from './cells.js';
import type { PlainTable, ReportJson } from './report.js';
import { tables } from './report.js';
import { nodeAt } from './tools.js';

const PAGE = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

const given = process.argv.slice(2);
const paths = given.length > 0 ? given : measureBoth();
const reports = paths.map((path): ReportJson => JSON.parse(readFileSync(path, 'utf8')));
writeFileSync(PAGE, pageOf(reports));

function measureBoth(): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'epa-bench-json-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return [process.execPath, '24'].map((node, index) => {
    const path = join(directory, `${index}.json`);
    const words = ['--import', 'tsx', MAIN, '--json', path];
    // All of it under that Node.js: what is measured without a daemon too.
    const { status } = spawnSync(nodeAt(node), words, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`the benchmark under Node ${node} ended with ${status}`);
    return path;
  });
}

function pageOf(all: readonly ReportJson[]): string {
  return `# Performance

Written by \`npm run bench:docs\`, from what \`npm run bench\` measured. The built daemon serves simulated
machines, with its state on a disk; the load is a C program. **Limit 1** is a bare \`node:net\` server on
the same Node.js, which answers 200 fixed bytes to as many clients. **Limit 2** is one bare durable
write: temporary file, fsync, rename, fsync of the directory. Limit 1 is the mean of two measurements
right before and right behind the cells that are held against it, limit 2 the one before. All processes
but those of a start are warm: each was asked for some seconds before. What an aim is for is measured four
times as long as the rest. Numbers are medians over the rounds.
Services and clients hold one CPU each; \`cores\`, \`numa\` and \`hugepages\` are an allocation and its
release in turn, each durable in both copies of the state before its reply leaves.

Aims that are missed say so. Times are only worth something where the load average was low; ratios
suffer less. Where a machine has fewer CPUs than clients, the others are refused.
${all.map(sectionOf).join('')}`;
}

function sectionOf(report: ReportJson): string {
  const [aims, limits, decisions, changes] = tables(report);
  if (aims === undefined || limits === undefined) return '';
  if (decisions === undefined || changes === undefined) return '';
  const cells = MODES.map((mode) => {
    const title = mode === 'single' ? 'A connection for each request' : 'Sessions';
    return `\n### ${title}\n\nRequests a second; CPU a request; p99.\n\n${drawn(cellTable(report, mode))}`;
  });
  return `
## Node ${report.about.node}

${aims.title}.

${drawn(aims)}
${limits.title}.

${drawn(limits)}${cells.join('')}
### Where CPUs are to be

${decisions.title}.

${drawn(decisions)}
### What a lone change takes

${changes.title}. The work is the same each
time; after a pause the processor's caches have lost the program. A client that is alone waits for
this, for its connection, and for the disk.

${drawn(changes)}`;
}

/** A row for what is asked of which machine, a column for each number of clients. */
function cellTable({ cells }: ReportJson, mode: Mode): PlainTable {
  const rows = new Map<string, string[]>();
  for (const [name, { requestsPerS, cpuUsPerRequest, p99Us }] of Object.entries(cells)) {
    const [, action, clients, cellMode, machine] =
      /^(\w+), (\d+) clients, (\w+), (.*)$/.exec(name) ?? [];
    if (cellMode !== mode) continue;
    const row = rows.get(`${action}: ${machine}`) ?? CLIENT_COUNTS.map(() => '');
    const text = `${Math.round(requestsPerS).toLocaleString('en')}; ${timeOf(cpuUsPerRequest)}; ${timeOf(p99Us)}`;
    row[CLIENT_COUNTS.findIndex((count) => `${count}` === clients)] = text;
    rows.set(`${action}: ${machine}`, row);
  }
  const head = ['', ...CLIENT_COUNTS.map((count) => `${count} client${count === 1 ? '' : 's'}`)];
  return { title: '', head, rows: [...rows].map(([name, row]) => [name, ...row]) };
}

function timeOf(us: number): string {
  return us < 1_000 ? `${Math.round(us)} µs` : `${(us / 1_000).toFixed(1)} ms`;
}

function drawn({ head, rows }: PlainTable): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
