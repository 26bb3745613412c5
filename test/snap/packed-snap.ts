/**
 * The snap, made once for all tests as snapcraft makes it, from a clean copy of the repository, and
 * unsquashed elsewhere.
 */

import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { type Snapcraft, snapcraftSchema } from './snapcraft-schema.js';

const execute = promisify(execFile);

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** What Node.js is distributed with: snapcraft's plugin takes both from nodejs.org, in one archive. */
const NPM_VERSION = '11.6.2';

/** A registry that does not answer keeps npm waiting for longer than anybody does. */
const BUILD_TIMEOUT_MS = 400_000;

/** What came of it. */
export interface PackedSnap {
  /** All of it, as snapcraft leaves it for packing. */
  readonly primeDirectory: string;
  /** What is in the file, unsquashed: `SNAP`. */
  readonly snapDirectory: string;
  readonly sizeBytes: number;
  /** What `snap pack --check-skeleton` and `snap pack` said. */
  readonly said: { readonly check: string; readonly pack: string };
}

/** The file as snapcraft reads it: YAML 1.1, in which `no` is false and `1:30` is ninety. */
export function readSnapcraft(): unknown {
  return parse(readFileSync(join(REPOSITORY, 'snap/snapcraft.yaml'), 'utf8'), { version: '1.1' });
}

let packed: Promise<PackedSnap> | undefined;

/** Makes the snap, or gives the one that was made. */
export function packedSnap(): Promise<PackedSnap> {
  packed ??= makeSnap();
  return packed;
}

/** Where the snap is unsquashed: by the tests, or by whoever works on them and is in a hurry. */
export async function unsquashedSnap(): Promise<string> {
  return process.env['EPA_SNAP_DIRECTORY'] || (await packedSnap()).snapDirectory;
}

async function makeSnap(): Promise<PackedSnap> {
  const work = mkdtempSync(join(tmpdir(), 'epa-snap-'));
  process.on('exit', () => rmSync(work, { recursive: true, force: true }));
  const project = snapcraftSchema.parse(readSnapcraft());
  const primeDirectory = await primeTree(work, project);
  const check = await outputOf('snap', ['pack', '--check-skeleton', primeDirectory]);
  const pack = await outputOf('snap', ['pack', '--filename=packed.snap', primeDirectory, work]);
  const file = join(work, 'packed.snap');
  const snapDirectory = join(work, 'unsquashed');
  await execute('unsquashfs', ['-no-progress', '-quiet', '-d', snapDirectory, file]);
  return { primeDirectory, snapDirectory, sizeBytes: statSync(file).size, said: { check, pack } };
}

async function outputOf(program: string, words: readonly string[]): Promise<string> {
  const { stdout, stderr } = await execute(program, [...words]);
  return stdout + stderr;
}

/** Pull, build, stage and prime. */
async function primeTree(work: string, project: Snapcraft): Promise<string> {
  const source = join(work, 'source');
  copyRepository(source);
  const primeDirectory = join(work, 'prime');
  const part = project.parts['epa-orchestrator'];
  await buildNpmPart(work, part, join(source, part.source), primeDirectory);
  for (const excluded of part.prime.map((path) => path.replace(/^-/, ''))) {
    // What is not there need not be excluded: the list would rot.
    if (!existsSync(join(primeDirectory, excluded))) throw new Error(`there is no ${excluded}`);
    rmSync(join(primeDirectory, excluded), { recursive: true });
  }
  cpSync(join(source, project.parts.commands.source), primeDirectory, { recursive: true });
  writeMeta(primeDirectory, project, join(source, 'snap/hooks'));
  return primeDirectory;
}

/** What git knows, or would, and nothing that was built or installed. */
function copyRepository(target: string): void {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const paths = execFileSync('git', words, { cwd: REPOSITORY, encoding: 'utf8' }).split('\0');
  for (const path of paths) {
    if (path === '' || !existsSync(join(REPOSITORY, path))) continue;
    cpSync(join(REPOSITORY, path), join(target, path));
  }
}

/**
 * What craft-parts runs: the script of the part, with `craftctl default` being the plugin's own
 * steps. Node.js and npm come from the npm registry here, because nodejs.org is not everywhere.
 */
async function buildNpmPart(
  work: string,
  part: Snapcraft['parts']['epa-orchestrator'],
  buildDirectory: string,
  installDirectory: string,
): Promise<void> {
  const nodeDirectory = await nodeDistribution(part['npm-node-version']);
  const tools = join(work, 'tools');
  mkdirSync(tools);
  writeFileSync(
    join(tools, 'craftctl'),
    [
      '#!/bin/sh',
      'set -e',
      '[ "$*" = default ]',
      `cp -a "${nodeDirectory}/." "$CRAFT_PART_INSTALL/"`,
      'npm install -g --prefix "$CRAFT_PART_INSTALL" --install-links "$PWD"',
      '',
    ].join('\n'),
    { mode: 0o755 },
  );
  mkdirSync(installDirectory);
  await execute('bash', ['-e', '-c', part['override-build']], {
    cwd: buildDirectory,
    env: {
      ...withoutNpm(process.env),
      CRAFT_PART_INSTALL: installDirectory,
      PATH: `${tools}:${installDirectory}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
    maxBuffer: 64 * 1024 * 1024,
    timeout: BUILD_TIMEOUT_MS,
  });
}

/** The environment as it was before `npm run`, which sets its own settings for every npm below it. */
function withoutNpm(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(npm_|node_options$)/i.test(name)),
  );
}

/** The archive of nodejs.org, put together; kept, as it is downloaded. */
async function nodeDistribution(version: string): Promise<string> {
  const cache = join(homedir(), '.cache/epa-orchestrator-snap', `node-${version}-${process.arch}`);
  const directory = join(cache, 'distribution');
  if (existsSync(directory)) return directory;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private": true}');
  const names = [`node-linux-${process.arch}`, 'npm'];
  const wanted = [`${names[0]}@${version}`, `npm@${NPM_VERSION}`];
  await execute('npm', ['install', '--no-save', '--ignore-scripts', ...wanted], { cwd: cache });
  const [node = '', npm = ''] = names.map((name) => join(cache, 'node_modules', name));
  const growing = `${directory}.growing`;
  rmSync(growing, { recursive: true, force: true });
  cpSync(node, growing, { recursive: true });
  rmSync(join(growing, 'package.json'));
  cpSync(npm, join(growing, 'lib/node_modules/npm'), { recursive: true });
  mkdirSync(join(growing, 'lib/node_modules/corepack'));
  writeFileSync(join(growing, 'lib/node_modules/corepack/corepack.js'), '');
  for (const name of ['npm', 'npx', 'corepack']) {
    const target = name === 'corepack' ? 'corepack/corepack.js' : `npm/bin/${name}-cli.js`;
    symlinkSync(`../lib/node_modules/${target}`, join(growing, 'bin', name));
  }
  execFileSync('mv', [growing, directory]);
  return directory;
}

/** What snapcraft makes of the project: `meta/snap.yaml`, and the hooks twice, executable. */
function writeMeta(primeDirectory: string, project: Snapcraft, hooks: string): void {
  const { parts, platforms, ...kept } = project;
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  if (!(architecture in platforms)) throw new Error(`no snap is made for ${architecture}`);
  for (const directory of ['snap/hooks', 'meta/hooks']) {
    const target = join(primeDirectory, directory);
    cpSync(hooks, target, { recursive: true });
    for (const name of readdirSync(target)) chmodSync(join(target, name), 0o755);
  }
  const path = join(primeDirectory, 'meta/snap.yaml');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, stringify({ ...kept, architectures: [architecture] }, { version: '1.1' }));
}
