/** Runs the real command line in child processes, for tests. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The directory of the project, in which the command line runs. */
export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** The built program, which `npm test` builds first: from its sources each start takes a second longer. */
export const MAIN = 'dist/src/cli/main.js';

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that may still run. */
export interface Running {
  readonly process: ChildProcess;
  /** Resolves when the process is gone and all that it wrote is here. */
  readonly ended: Promise<Ended>;
  /**
   * Resolves with all that was written so far, on both streams, once it matches; rejects when
   * the process ends before.
   */
  untilWritten(pattern: RegExp): Promise<string>;
}

/** Variables of the daemon's environment, and nothing of the one that the tests run in. */
export type Environment = Readonly<Record<string, string>>;

/** Starts `epa-orchestrator` with these words. */
export function startCli(words: readonly string[], environment: Environment = {}): Running {
  return start(process.execPath, [MAIN, ...words], environment);
}

/**
 * Starts any program in the project's directory.
 *
 * @param handedOver descriptors that it has from 3 on
 */
export function start(
  program: string,
  words: readonly string[],
  environment: Environment = {},
  handedOver: readonly number[] = [],
): Running {
  const child = spawn(program, words, {
    cwd: PROJECT,
    env: { ...bareEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe', ...handedOver],
  });
  const texts = { stdout: '', stderr: '', both: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      texts.both += text;
      for (const look of watchers) look();
    });
  }
  const ended = once(child, 'close').then(([status, signal]): Ended => {
    const { stdout, stderr } = texts;
    return { status, signal, stdout, stderr };
  });
  const untilWritten = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (pattern.test(texts.both)) resolve(texts.both);
      };
      watchers.add(look);
      look();
      ended.then(
        () => reject(new Error(`ended before it wrote ${pattern}; it wrote:\n${texts.both}`)),
        reject,
      );
    });
  return { process: child, ended, untilWritten };
}

/** Resolves once a file is there and its text matches; the test's own time limit ends it. */
export async function untilFile(path: string, pattern: RegExp): Promise<void> {
  while (!(existsSync(path) && pattern.test(readFileSync(path, 'utf8')))) await setTimeout(20);
}

/** Runs a command to its end. */
export function runCli(words: readonly string[], environment: Environment = {}): Promise<Ended> {
  return startCli(words, environment).ended;
}

/**
 * Runs the command line in this process, where it asks no daemon and reads no input: dozens of new
 * ones would take half a minute. Not at the same time as another one, nor as a test writes.
 */
export async function runHere(words: readonly string[]): Promise<Omit<Ended, 'signal'>> {
  const written = { stdout: '', stderr: '' };
  const { exitCode, stdout, stderr } = process;
  const before = [stdout, stderr].map(({ write, isTTY }) => ({ write, isTTY }));
  process.exitCode = 0;
  // Whatever terminal the tests run in: it is not the one written to.
  stdout.isTTY = false;
  stderr.isTTY = false;
  stdout.write = (text: unknown) => {
    written.stdout += text;
    return true;
  };
  stderr.write = (text: unknown) => {
    written.stderr += text;
    return true;
  };
  try {
    // As the program itself does it: what is imported at last is to meet the same modules.
    const { runProgram } = await import('../../src/cli/program.js');
    await runProgram(['node', 'epa-orchestrator', ...words]);
    return { ...written, status: Number(process.exitCode) };
  } finally {
    Object.assign(stdout, before[0]);
    Object.assign(stderr, before[1]);
    process.exitCode = exitCode;
  }
}

/** A daemon on a simulated machine, and the command line speaking to it. */
export interface Served {
  readonly daemon: Running;
  readonly socketPath: string;
  /** Runs a command that asks this daemon. */
  cli(...words: string[]): Promise<Ended>;
  /** Ends the daemon. */
  stop(): Promise<Ended>;
}

/** Serves a simulated machine on a socket in `directory`, and waits until it answers. */
export async function serveSimulated(
  directory: string,
  shape: string,
  ...options: string[]
): Promise<Served> {
  const socketPath = join(directory, 'epa.sock');
  const environment = { EPA_SOCKET: socketPath };
  const daemon = startCli(['serve', '--simulate', shape, ...options], environment);
  await daemon.untilWritten(/"listening"/);
  return {
    daemon,
    socketPath,
    cli: (...words) => runCli(words, environment),
    stop: () => {
      daemon.process.kill('SIGTERM');
      return daemon.ended;
    },
  };
}

/** Gives new, short directories to the tests of a `describe`, and removes them afterwards. */
export function useDirectories(): () => string {
  const made: string[] = [];
  after(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
  });
  return () => {
    const directory = mkdtempSync(join(tmpdir(), 'epa-cli-'));
    made.push(directory);
    return directory;
  };
}

function bareEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, NODE_V8_COVERAGE } = process.env;
  return { PATH, HOME, ...(NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE }) };
}
