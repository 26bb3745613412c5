/** `status`: how the daemon is. */

import { Command } from 'commander';
import type { Replies } from '../protocol/reply.js';
import { counted } from '../words/counted.js';
import { formatMemory } from '../words/sizes.js';
import { askAndShow } from './ask-daemon.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';

const EXAMPLES = `
Examples:
  $ epa-orchestrator status
  $ epa-orchestrator status --json`;

type Status = Replies['get_status'];

/** Makes the command. */
export function statusCommand(): Command {
  return new Command('status')
    .summary('show how the daemon is')
    .description('Shows how the daemon is: since when it runs, on what, and what is wrong.')
    .addHelpText('after', EXAMPLES)
    .action((_options: object, command: Command) =>
      askAndShow(command, { action: 'get_status' }, formatStatus),
    );
}

/** The daemon's status, a line each. */
export function formatStatus(status: Status, terminal: Terminal): string {
  const { paint } = terminal;
  const problems = problemsOf(status);
  const rows = [
    ['daemon', `epa-orchestrator ${status.daemon_version}, Node.js ${status.node_version}`],
    ['process', `${status.pid}, up ${duration(status.uptime_s)} (since ${status.started_at})`],
    ['state', status.state],
    ['machine', status.sysfs_root],
    ['state files', `${status.store.files.join(', ')}`],
    ['generation', `${status.store.generation}`],
    ...status.store.healed.map(({ file, reason }) => [
      'healed',
      `${file}, from its twin at the start: ${reason}`,
    ]),
    ['isolated pool', poolText(status.pools.isolated)],
    ['general pool', poolText(status.pools.general)],
    ['services', `${status.services} holding CPUs`],
    ['watched by', watchedBy(status)],
    ['looked at', scansText(status)],
    ['stored', storedText(status.counts)],
    ['preempted', `${counted(status.counts.preemptions, 'service')} since the start`],
    ['connections', connectionsText(status)],
    ['waiting', waitingText(status.limits)],
    ...titled('requests', requestTexts(status.counts.requests)),
    ['actors', actorsText(status.actors)],
  ];
  const wrong = titled('problems', problems.length === 0 ? ['none'] : problems);
  const table = formatTable(
    [{ title: '' }, { title: '', isWrapped: true }],
    [...rows, ...wrong],
    terminal,
  );
  return `${paint(problems.length === 0 ? 'good' : 'bad', headline(problems.length))}\n${table}`;
}

function headline(problemCount: number): string {
  if (problemCount === 0) return 'the daemon serves';
  return `the daemon serves, with ${problemCount === 1 ? 'a problem' : `${problemCount} problems`}`;
}

function problemsOf({ sysfs_problem, store, pools }: Status): string[] {
  const problems: string[] = [];
  if (sysfs_problem !== null) {
    problems.push(
      `the machine cannot be read, so nothing is granted: ${sysfs_problem.path}: ${sysfs_problem.reason}`,
    );
  }
  if (store.problem !== null) {
    const { since, reason } = store.problem;
    problems.push(`the state cannot be stored, so nothing is changed, since ${since}: ${reason}`);
  }
  for (const [name, { closed_because: because }] of Object.entries(pools)) {
    if (because !== null) problems.push(`the ${name} pool is closed: ${because}`);
  }
  return problems;
}

function watchedBy({ watchers, inspectors }: Replies['get_status']): string {
  return inspectors === 0 ? `${watchers}` : `${watchers}, of which inspect: ${inspectors}`;
}

/** Rows under one title. */
function titled(title: string, texts: readonly string[]): string[][] {
  return texts.map((text, index) => [index === 0 ? title : '', text]);
}

function scansText({ scans, counts }: Status): string {
  const when = scans.age_ms === null ? 'not yet' : `${inSeconds(scans.age_ms)} ago`;
  const inRow =
    scans.failures_in_a_row === 0 ? '' : `, the last ${scans.failures_in_a_row} in a row`;
  return (
    `${when}, every ${inSeconds(scans.interval_ms)}; ${counts.scans} scans and ` +
    `${counted(counts.looks, 'quick look')} since the start, ` +
    `${counts.scan_failures + counts.look_failures} failed${inRow}`
  );
}

function storedText({ changes, commits, commit_failures: failures }: Status['counts']): string {
  return `${counted(changes, 'change')} since the start, ${counted(commits, 'write')}, ${failures} failed`;
}

function connectionsText({ limits, counts }: Status): string {
  const { used, max } = limits.connections;
  const turnedAway = counts.connections_turned_away;
  return `${used} of ${max} open; ${counts.connections} since the start, ${turnedAway} turned away`;
}

function waitingText({ requests_waiting: waiting, held_bytes: held }: Status['limits']): string {
  return (
    `${waiting.used} of ${waiting.max} requests; for peers ${formatMemory(held.used / 1_024)} of ` +
    `${formatMemory(held.max / 1_024)} held`
  );
}

/** `allocate_cores: 4 OK, 1 INSUFFICIENT_CPUS`, an action each. */
function requestTexts(requests: Status['counts']['requests']): string[] {
  const texts = Object.entries(requests).map(([action, outcomes]) => {
    const counts = Object.entries(outcomes).map(([code, count]) => `${count} ${code}`);
    return `${action === 'none' ? 'not understood' : action}: ${counts.join(', ')}`;
  });
  return texts.length === 0 ? ['none since the start'] : texts;
}

/** `1.5 s`, or `90 s`. */
function inSeconds(ms: number): string {
  const seconds = ms / 1_000;
  return `${seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`;
}

function poolText(pool: Status['pools']['isolated']): string {
  if (!pool.is_configured) return 'not configured';
  if (pool.closed_because !== null) return 'closed';
  return `${pool.free_cpus} of ${pool.eligible_cpus} CPUs free`;
}

/** `scanner idle; store idle; 64 nodes ready`: nodes by state, for there may be many. */
function actorsText(actors: Status['actors']): string {
  const others: string[] = [];
  const nodes = new Map<string, number>();
  for (const [id, state] of Object.entries(actors)) {
    if (id.startsWith('node-')) nodes.set(state, (nodes.get(state) ?? 0) + 1);
    else others.push(`${id} ${state}`);
  }
  const counts = [...nodes].map(([state, many]) => `${counted(many, 'node')} ${state}`);
  return [...others, ...counts].join('; ');
}

/** `3 d 4 h`, `4 h 5 min`, `5 min 6 s` or `6 s`. */
function duration(seconds: number): string {
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return units
    .slice(first, first + 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
