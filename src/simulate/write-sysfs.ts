/**
 * Lays the sysfs of a simulated machine into a directory, which the daemon then reads in place of
 * `/sys`. Removes nothing there but from `devices/system/cpu`, `devices/system/node` and
 * `bus/pci/devices`.
 */

import {
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { MachineShape } from './machine-shape.js';
import { sysfsTree } from './sysfs-tree.js';

const LAID_DIRECTORIES = ['devices/system/cpu', 'devices/system/node', 'bus/pci/devices'];

/**
 * Makes `directory` the sysfs of a machine of that shape; it need not exist. Where another machine
 * was laid before, only the differences are written, each file at once, so that a reader sees
 * either the old or the new text: this is how CPUs and nodes of a running simulation come and go.
 *
 * @throws the error of the file system, or CpuListError when a list of the shape is none
 */
export function writeSysfs(directory: string, shape: MachineShape): void {
  const tree = sysfsTree(shape);
  const directories = directoriesOf(tree.keys());
  const present = removeOthers(directory, tree, directories);
  for (const path of directories) mkdirSync(join(directory, path), { recursive: true });
  for (const [path, text] of tree) {
    const target = join(directory, path);
    if (present.has(path)) replaceFile(target, text);
    else writeFileSync(target, text);
  }
}

/** The directories that files of these paths are in, parents first. */
function directoriesOf(paths: Iterable<string>): Set<string> {
  const directories = new Set<string>();
  const add = (path: string) => {
    if (path === '.' || directories.has(path)) return;
    add(dirname(path));
    directories.add(path);
  };
  for (const path of paths) add(dirname(path));
  return directories;
}

/** Removes what the new machine does not have; gives the paths of the files that stay. */
function removeOthers(
  directory: string,
  tree: ReadonlyMap<string, string>,
  directories: ReadonlySet<string>,
): Set<string> {
  const stay = new Set<string>();
  for (const laid of LAID_DIRECTORIES) {
    if (!existsSync(join(directory, laid))) continue;
    for (const entry of readdirSync(join(directory, laid), {
      recursive: true,
      withFileTypes: true,
    })) {
      const path = relative(directory, join(entry.parentPath, entry.name));
      if (isWanted(entry, path, tree, directories)) {
        if (entry.isFile()) stay.add(path);
      } else {
        rmSync(join(directory, path), { recursive: true, force: true });
      }
    }
  }
  return stay;
}

function isWanted(
  entry: Dirent,
  path: string,
  tree: ReadonlyMap<string, string>,
  directories: ReadonlySet<string>,
): boolean {
  return entry.isFile() ? tree.has(path) : entry.isDirectory() && directories.has(path);
}

function replaceFile(path: string, text: string): void {
  if (readFileSync(path, 'utf8') === text) return;
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
