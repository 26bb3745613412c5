/**
 * The emulator and the kernel: Debian packages, downloaded with apt and unpacked into a cache
 * directory. Nothing is installed.
 */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Pulls in the newest kernel of its kind, which needs no modules for what a guest has here. */
const KERNEL = 'linux-image-cloud-amd64';
const EMULATOR = 'qemu-system-x86';
const TOOLS = ['busybox-static', 'cpio'];

/** The directory for what is downloaded, some 200 MB; remove it to have newer packages. */
const CACHE =
  process.env['EPA_VM_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'epa-orchestrator-vm');

/** What a guest is made of and run by; paths of files. */
export interface Packages {
  readonly emulator: string;
  /** Where the emulator has its firmware. */
  readonly firmwareDirectories: readonly string[];
  readonly kernel: string;
  readonly busybox: string;
  readonly cpio: string;
  /** For the programs above: the libraries that were unpacked with them. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Something that this machine does not have; a sentence for whoever reads the tests' output. */
export class Missing extends Error {}

/**
 * Finds the packages in the cache, or puts them there.
 *
 * @throws Missing when they cannot be had
 */
export async function obtainPackages(): Promise<Packages> {
  if (process.arch !== 'x64') throw new Missing(`the guest is x86-64, and this is ${process.arch}`);
  const root = join(CACHE, 'root');
  if (!existsSync(root)) await fill(root);
  return packagesIn(root);
}

async function fill(root: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'filling-'));
  try {
    const names = [await kernelPackage(), ...TOOLS, ...(await emulatorPackages())];
    await apt('apt-get', ['--quiet', 'download', ...names], scratch);
    const unpacked = join(scratch, 'root');
    for (const archive of readdirSync(scratch).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg-deb', ['--extract', join(scratch, archive), unpacked]);
    }
    // The modules are most of it, and the guest loads none.
    rmSync(join(unpacked, 'lib', 'modules'), { recursive: true, force: true });
    // Whoever comes second has the same, and leaves what is there.
    if (!existsSync(root)) renameSync(unpacked, root);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function kernelPackage(): Promise<string> {
  const find = async () => {
    const depends = await apt('apt-cache', ['depends', KERNEL]).catch(() => '');
    return /Depends: (linux-image-\d\S*)/.exec(depends)?.[1];
  };
  const known = await find();
  if (known !== undefined) return known;
  if (process.getuid?.() === 0) await apt('apt-get', ['--quiet', 'update']);
  const name = await find();
  if (name === undefined) throw new Missing(`apt knows no ${KERNEL} (apt-get update?)`);
  return name;
}

/** The emulator and those of its libraries that this machine lacks. */
async function emulatorPackages(): Promise<string[]> {
  const words = ['--simulate', '--no-install-recommends', 'install', EMULATOR];
  const plan = await apt('apt-get', words);
  return [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '');
}

async function apt(program: string, words: readonly string[], cwd = CACHE): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C' };
  try {
    return (await run(program, words, { cwd, env, maxBuffer: 2 ** 24 })).stdout;
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { readonly stderr?: string };
    if (code === 'ENOENT') throw new Missing(`${program}, to download Debian packages`);
    const lastLine = stderr?.trim().split('\n').at(-1);
    throw new Missing(`${program} fails: ${lastLine}`);
  }
}

function packagesIn(root: string): Packages {
  const kernels = readdirSync(join(root, 'boot')).filter((name) => name.startsWith('vmlinuz-'));
  const libraries = ['usr/lib', 'lib'].map((path) => join(root, path, 'x86_64-linux-gnu'));
  return {
    emulator: findProgram(root, 'qemu-system-x86_64'),
    firmwareDirectories: ['qemu', 'seabios'].map((name) => join(root, 'usr/share', name)),
    kernel: join(root, 'boot', kernels[0] ?? ''),
    busybox: findProgram(root, 'busybox'),
    cpio: findProgram(root, 'cpio'),
    environment: { PATH: process.env['PATH'], LD_LIBRARY_PATH: libraries.join(delimiter) },
  };
}

/** An emulator that is installed is not downloaded again. */
function findProgram(root: string, name: string): string {
  const directories = [join(root, 'bin'), join(root, 'usr/bin'), '/usr/bin'];
  const path = directories.map((directory) => join(directory, name)).find(existsSync);
  if (path === undefined) throw new Missing(`${name}, which is not in ${root} either`);
  return path;
}
