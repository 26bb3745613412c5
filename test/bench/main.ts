/**
 * `npm run bench`: measures the built daemon against what the machine can do, everything in one run
 * and interleaved. Prints tables, writes JSON.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LARGEST, SMALL } from './machines.js';
import { formatReport } from './report.js';
import { runRounds } from './rounds.js';
import { diskDirectory, makeTools, nodeAt } from './tools.js';

const HELP = `npm run bench -- [options]
  --short           only see whether it works; a minute
  --node PATH|24    the Node.js that runs the daemon (default: the one that runs this); a version
                    comes from the npm package "node"
  --rounds N        rounds that count; medians are over them (5)
  --seconds N       length of one measurement (0.3)
  --only REGEXP     only cells whose name matches, such as 'list, 64 clients'
  --no-extras       no starts, idle connections, inspections, scans and memory
  --requests N      requests over which memory is watched (1,000,000)
  --directory DIR   where state is written; must be on a disk (the temporary directory)
  --json FILE       where the results go (bench.json in the working directory)
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    node: { type: 'string', default: process.execPath },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    'no-extras': { type: 'boolean', default: false },
    requests: { type: 'string' },
    directory: { type: 'string' },
    json: { type: 'string', default: 'bench.json' },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const directory = mkdtempSync(join(values.directory ?? diskDirectory(), 'epa-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const tools = makeTools(directory, nodeAt(values.node));
  const { short } = values;
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const measurements = await runRounds(tools, {
    rounds: Number(values.rounds ?? (short ? 1 : 5)),
    seconds: Number(values.seconds ?? (short ? 0.05 : 0.3)),
    only: new RegExp(values.only ?? (short ? '16 clients, .*, (?:8|128) CPUs' : '')),
    scanned: short ? SMALL : LARGEST,
    hasExtras: !values['no-extras'],
    requestCount: Number(values.requests ?? (short ? 2_000 : 1_000_000)),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: execFileSync(tools.node, ['--version'], { encoding: 'utf8' }).trim(),
    processor: cpus()[0]?.model ?? 'unknown',
    processorCount: cpus().length,
    kernel: release(),
    fileSystem: fileSystemOf(directory),
    rounds: Number(values.rounds ?? (short ? 1 : 5)),
    loadBefore,
  };
  const report = formatReport(about, measurements);
  process.stdout.write(report.text);
  writeFileSync(values.json, `${JSON.stringify(report.json, null, 1)}\n`);
  process.stderr.write(`written to ${values.json}\n`);
}

function fileSystemOf(directory: string): string {
  return execFileSync('stat', ['--file-system', '--format=%T', directory], {
    encoding: 'utf8',
  }).trim();
}
