/**
 * What the guest has instead of a disk: Node.js, the built daemon with the packages that it needs,
 * and the driver of the scenarios, made JavaScript.
 */

import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Packages } from './packages.js';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));

/** What the driver needs besides what the daemon needs. */
const DRIVER_PACKAGES = ['node_modules/fast-check', 'node_modules/pure-rand'];

/**
 * Makes the file.
 *
 * @param scratch a directory for this guest alone
 * @returns its path
 */
export async function makeInitramfs(packages: Packages, scratch: string): Promise<string> {
  const root = join(scratch, 'root');
  const epa = join(root, 'epa');
  for (const name of ['bin', 'dev', 'epa', 'etc', 'proc', 'sys', 'tmp']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const compiler = join(project, 'node_modules', '.bin', 'tsc');
  const driver = run(compiler, ['--project', 'test/vm/guest', '--outDir', epa], { cwd: project });
  copyFileSync(packages.busybox, join(root, 'bin', 'busybox'));
  copyFileSync(join(project, 'test/vm/guest/init.sh'), join(root, 'init'));
  chmodSync(join(root, 'init'), 0o755);
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0::/tmp:/bin/sh\n');
  await copyNode(root);
  for (const path of ['package.json', 'dist', ...runtimePackages(), ...DRIVER_PACKAGES]) {
    cpSync(join(project, path), join(epa, path), { recursive: true });
  }
  await driver.catch(({ stdout }) => Promise.reject(new Error(`the driver: ${stdout}`)));
  const initramfs = join(scratch, 'initramfs');
  await run(
    'sh',
    [
      '-ec',
      'find . | "$0" --create --format=newc --quiet --owner=0:0 >"$1"',
      packages.cpio,
      initramfs,
    ],
    { cwd: root },
  );
  return initramfs;
}

/** The Node.js that runs this, with the shared libraries that it is linked to. */
async function copyNode(root: string): Promise<void> {
  copyFileSync(process.execPath, join(root, 'bin', 'node'));
  const { stdout } = await run('ldd', [process.execPath]);
  for (const [library] of stdout.matchAll(/\/\S+/g)) {
    mkdirSync(dirname(join(root, library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
}

/** The packages that are installed with the daemon, by the lock file; those for tests are not. */
function runtimePackages(): string[] {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  const packages = Object.entries<{ readonly dev?: boolean }>(lock['packages']);
  return packages
    .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(project, path)))
    .map(([path]) => path);
}
