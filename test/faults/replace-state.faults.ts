/**
 * `state import` when its disk fails, and when it is killed, at each step in turn. The steps are
 * the system calls of an import that works, so that a new one is met too.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Holdings } from '../../src/core/holdings.js';
import { inspectDirectory } from '../../src/state/inspect-state.js';
import { formatState } from '../../src/state/state-format.js';
import { everythingIn } from '../state/directories.js';
import { readable, smallState } from '../state/states.js';
import { requireTools } from './require-tools.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** The calls that change something or make it durable, and how each may fail. */
const ERRORS: Readonly<Record<string, string>> = {
  openat: 'EROFS',
  link: 'EMLINK',
  write: 'ENOSPC',
  fsync: 'EIO',
  rename: 'EIO',
  chown: 'EPERM',
};

const stored = formatState(smallState, new Date(0));
const imported = { ...smallState, holdings: Holdings.none, generation: 3 };

describe('an import of a state', () => {
  requireTools();
  let root: string;
  let directory: string;
  let file: string;

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'epa-faults-'));
    directory = join(root, 'state');
    file = join(root, 'file.json');
    writeFileSync(file, formatState(imported, new Date(0)));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** Lays the directory anew, with these copies. */
  const lay = (first: string, twin: string) => {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
    writeFileSync(join(directory, 'state.json'), first);
    writeFileSync(join(directory, 'state.twin.json'), twin);
  };
  /** Imports under strace, which sees what is done to the directory and both copies. */
  const importWith = (...options: string[]) => {
    const names = ['state.json', 'state.twin.json'].flatMap((name) => [name, `${name}.tmp`]);
    const paths = [directory, ...names.map((name) => join(directory, name))];
    const { status, signal, stderr } = spawnSync(
      'strace',
      [
        ...['-f', '-qq', '-o', join(root, 'trace')],
        ...paths.flatMap((path) => ['-P', path]),
        ...options,
        ...[process.execPath, MAIN, 'state', 'import', file, '--state-dir', directory],
      ],
      // In one thread the calls have an order, and strace counts them by thread.
      { encoding: 'utf8', env: { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '1' } },
    );
    return { status, signal, stderr, trace: readFileSync(join(root, 'trace'), 'utf8') };
  };
  /** Each call of an import that works. */
  const stepsOf = (first: string, twin: string) => {
    lay(first, twin);
    const { status, trace } = importWith('-e', `trace=${Object.keys(ERRORS).join()}`);
    expect(status, trace).to.equal(0);
    const counts = new Map<string, number>();
    for (const [, thread, call] of trace.matchAll(/^(\d+) +(\w+)\(/gm)) {
      counts.set(`${thread} ${call}`, (counts.get(`${thread} ${call}`) ?? 0) + 1);
    }
    return Object.entries(ERRORS).flatMap(([call, error]) => {
      const ofThreads = [...counts].filter(([key]) => key.endsWith(` ${call}`));
      const most = Math.max(...ofThreads.map(([, count]) => count));
      return Array.from({ length: most }, (_, index) => ({ call, error, number: index + 1 }));
    });
  };

  for (const [what, first, twin] of [
    ['two whole copies', stored, stored],
    ['two damaged copies', '', stored.slice(9)],
  ] as const) {
    it(`leaves ${what} and everything else as they were when a step fails`, () => {
      const steps = stepsOf(first, twin);
      const failed: string[] = [];
      for (const { call, error, number } of steps) {
        lay(first, twin);
        const all = everythingIn(directory);
        const { status, stderr, trace } = importWith(
          '-e',
          `inject=${call}:error=${error}:when=${number}`,
        );
        const step = `${call} ${number}\n${trace}${stderr}`;
        expect(trace, step).to.include('(INJECTED)');
        // A copy that cannot be read is kept and replaced like any other damaged one.
        if (/\.json", O_RDONLY.*\(INJECTED\)/.test(trace)) continue;
        expect(status, step).to.equal(1);
        expect(stderr, step).to.match(/^error: .*\n$/);
        expect(everythingIn(directory), step).to.deep.equal(all);
        failed.push(`${call} ${number}`);
      }
      expect(failed).to.include.members([
        ...['link 1', 'link 2', 'write 1', 'write 2', 'rename 1', 'rename 2', 'chown 2'],
        ...['fsync 1', 'fsync 2', 'fsync 3', 'fsync 4'],
      ]);
    });
  }

  it('is done or not done when it is killed at a step, and nothing in between', async () => {
    const outcomes = new Set<string>();
    for (const { call, number } of stepsOf(stored, stored)) {
      lay(stored, stored);
      const { trace } = importWith('-e', `inject=${call}:signal=KILL:when=${number}`);
      expect(trace, `${call} ${number}`).to.include('killed by SIGKILL');
      const { state } = await inspectDirectory(directory);
      const holdings = recordedIn(state);
      expect(holdings).to.be.oneOf([recordedIn(smallState), recordedIn(imported)]);
      outcomes.add(holdings);
    }
    expect(outcomes.size).to.equal(2);
  });
});

/** Who holds what, as one text. */
function recordedIn(state: Parameters<typeof readable>[0] | null): string {
  if (state === null) return 'nothing';
  const { claims, pages } = readable(state);
  return JSON.stringify({ claims, pages });
}
