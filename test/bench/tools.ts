/** What is made when the benchmark starts: the load from its C source, and programs for a bare Node. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** What a run of the load measured, of replies or of writes. Times in nanoseconds. */
export interface LoadResult {
  readonly count: number;
  readonly elapsedNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
  /** Replies that are errors. */
  readonly refused: number;
  /** Connections that ended without a reply. */
  readonly unanswered: number;
  readonly bytesRead: number;
  readonly streamBytes: number;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** `TMPFS_MAGIC` of `statfs(2)`. */
const TMPFS = 0x01021994;

/**
 * A directory on a disk. There a durable write costs what it costs the daemon.
 *
 * @throws Error when neither of the usual places is on one
 */
export function diskDirectory(): string {
  const found = [tmpdir(), '/var/tmp'].find((path) => statfsSync(path).type !== TMPFS);
  if (found !== undefined) return found;
  throw new Error('the temporary directories are in memory; name one on a disk with --directory');
}

/** The tools of one run. */
export interface Tools {
  readonly directory: string;
  readonly node: string;
  /** To be given to `--import` of the process that is measured. */
  readonly probe: string;
  readonly bareServer: string;
}

/**
 * Makes the tools.
 *
 * @param node the program that runs the daemon
 * @throws Error when there is no C compiler
 */
export function makeTools(directory: string, node: string): Tools {
  const compiler = process.env['CC'] ?? 'cc';
  try {
    execFileSync(compiler, ['-O2', '-o', join(directory, 'load'), join(HERE, 'load.c')]);
  } catch (error) {
    throw new Error(
      `cannot compile test/bench/load.c with ${compiler}; the load needs a C compiler ` +
        `(Debian: apt-get install gcc libc6-dev): ${error}`,
    );
  }
  const entryPoints = ['probe.ts', 'bare-server.ts'].map((name) => join(HERE, name));
  const outExtension = { '.js': '.mjs' };
  buildSync({ entryPoints, outdir: directory, outExtension, format: 'esm', platform: 'node' });
  return {
    directory,
    node,
    probe: join(directory, 'probe.mjs'),
    bareServer: join(directory, 'bare-server.mjs'),
  };
}

/** Runs the load to its end. @throws Error with what it said when it could not */
export async function runLoad({ directory }: Tools, ...words: string[]): Promise<LoadResult> {
  const child = spawn(join(directory, 'load'), words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let trouble = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    trouble += part;
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`the load ended with ${status}: ${trouble}`);
  return JSON.parse(text);
}

/** The program of a path, or of a version, which npm fetches and keeps. */
export function nodeAt(wanted: string): string {
  if (!/^[\d.]+$/.test(wanted)) return resolve(wanted);
  const words = [
    'exec',
    '--yes',
    `--package=node@${wanted}`,
    '--',
    'node',
    '-p',
    'process.execPath',
  ];
  return execFileSync('npm', words, { encoding: 'utf8' }).trim();
}
