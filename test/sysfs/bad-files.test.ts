/** Files of sysfs that cannot be read or make no sense: the error names the path and the text. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import { readVitals } from '../../src/sysfs/read-vitals.js';
import { MAX_FILE_BYTES, sysfsFilesAt } from '../../src/sysfs/sysfs-files.js';
import { filesInMemory, laidIn, putFile, sysfsErrorOf, useTemporaryDirectories } from './trees.js';

const ONLINE = 'devices/system/cpu/online';
const TOPOLOGY = 'devices/system/cpu/cpu0/topology';
const NODE = 'devices/system/node/node0';
const PAGES = `${NODE}/hugepages/hugepages-2048kB`;

const shape: MachineShape = {
  nodes: [
    {
      nodeId: 0,
      cores: [{ count: 2, threads: 2 }],
      memoryKb: 1_048_576,
      pages: [{ sizeKb: 2048, total: 4, free: 4, surplus: 0 }],
    },
  ],
  numbering: 'contiguous',
};

describe('bad content', () => {
  const noLists = {
    [`${TOPOLOGY}/thread_siblings_list`]: null,
    [`${TOPOLOGY}/core_cpus_list`]: null,
  };
  for (const { path, text, says, without, inVitals } of [
    { path: ONLINE, text: '0-x', says: '"0-x" is no CPU list: "0-x"', inVitals: true },
    { path: ONLINE, text: '0-3,\n', says: '"0-3," is no CPU list: ""', inVitals: true },
    {
      path: ONLINE,
      text: '3-0\n',
      says: '"3-0" is no CPU list: the range 3-0 runs down',
      inVitals: true,
    },
    { path: ONLINE, text: '0-99999\n', says: '"0-99999" names CPU 99999', inVitals: true },
    { path: ONLINE, text: '\n', says: 'it names no CPU', inVitals: true },
    {
      path: 'devices/system/cpu/cpu2/online',
      text: 'yes\n',
      says: '"yes" is no count',
      without: { [ONLINE]: null },
      inVitals: true,
    },
    {
      path: 'devices/system/cpu/isolated',
      text: '(null)',
      says: '"(null)" is no CPU list',
      inVitals: true,
    },
    { path: `${TOPOLOGY}/thread_siblings_list`, text: '0;1\n', says: '"0;1" is no CPU list' },
    {
      path: `${TOPOLOGY}/core_cpus_list`,
      text: '0..1\n',
      says: '"0..1" is no CPU list',
      without: { [`${TOPOLOGY}/thread_siblings_list`]: null },
    },
    {
      path: `${TOPOLOGY}/thread_siblings`,
      text: '0x3\n',
      says: '"0x3" is no CPU mask',
      without: noLists,
    },
    {
      path: `${TOPOLOGY}/core_cpus`,
      text: '3;0\n',
      says: '"3;0" is no CPU mask',
      without: noLists,
    },
    { path: 'devices/system/node/online', text: 'none\n', says: '"none" is no CPU list' },
    { path: `${NODE}/cpulist`, text: '0-\n', says: '"0-" is no CPU list' },
    {
      path: `${NODE}/cpumap`,
      text: 'g\n',
      says: '"g" is no CPU mask',
      without: { [`${NODE}/cpulist`]: null },
    },
    { path: `${NODE}/distance`, text: '10,21\n', says: '"10,21" is no count' },
    { path: `${NODE}/meminfo`, text: 'Node 0 MemTotal:  lots kB\n', says: '"lots" is no count' },
    { path: `${PAGES}/nr_hugepages`, text: '\n', says: '"" is no count', inVitals: true },
    { path: `${PAGES}/free_hugepages`, text: '-1\n', says: '"-1" is no count', inVitals: true },
    {
      path: `${PAGES}/surplus_hugepages`,
      text: '1.5\n',
      says: '"1.5" is no count',
      inVitals: true,
    },
  ]) {
    it(`${JSON.stringify(text)} in ${path} is quoted with the path`, () => {
      const files = filesInMemory({ ...shape, files: { ...without, [path]: text } });
      const error = sysfsErrorOf(() => readMachine(files));
      expect(error.path).to.equal(`/sys/${path}`);
      expect(error.reason).to.include(says);
      expect(error.message).to.equal(`cannot understand /sys/${path}: ${error.reason}`);
      if (inVitals === true) {
        expect(
          sysfsErrorOf(() => readVitals(files, { pagesOf: 'all', devices: [] })),
        ).to.deep.include(error);
      } else {
        expect(readVitals(files, { pagesOf: 'all', devices: [] }).pages).to.have.length(1);
      }
    });
  }

  it('is quoted in part when it is long', () => {
    const files = filesInMemory({
      ...shape,
      files: { [`${PAGES}/nr_hugepages`]: 'z'.repeat(5000) },
    });
    expect(sysfsErrorOf(() => readMachine(files)).message).to.have.length.below(250);
  });
});

describe('a file that cannot be read', () => {
  const temporaryDirectory = useTemporaryDirectories();
  const errorWith = (path: string, spoil: (target: string) => void) => {
    const root = laidIn(temporaryDirectory(), shape);
    rmSync(join(root, path), { force: true, recursive: true });
    spoil(join(root, path));
    const error = sysfsErrorOf(() => readMachine(sysfsFilesAt(root)));
    expect(error.path).to.equal(join(root, path));
    expect(error.message).to.equal(`cannot read ${error.path}: ${error.reason}`);
    return error;
  };

  for (const path of [
    ONLINE,
    'devices/system/cpu/isolated',
    `${TOPOLOGY}/thread_siblings_list`,
    'devices/system/node/online',
    `${NODE}/cpulist`,
    `${NODE}/distance`,
    `${NODE}/meminfo`,
    `${PAGES}/nr_hugepages`,
    `${PAGES}/free_hugepages`,
    `${PAGES}/surplus_hugepages`,
  ]) {
    it(`is named when a directory stands in place of ${path}`, () => {
      expect(errorWith(path, mkdirSync).reason).to.equal('it is no regular file');
    });
  }

  it('does not hang the reader when it is a FIFO', () => {
    const { reason } = errorWith(ONLINE, (target) => execFileSync('mkfifo', [target]));
    expect(reason).to.equal('it is no regular file');
  });

  it('may be a link to itself', () => {
    const { reason } = errorWith(ONLINE, (target) => symlinkSync(target, target));
    expect(reason).to.match(/^ELOOP: .*symbolic link/);
  });

  it('may be a directory that cannot be listed', () => {
    const path = `${NODE}/hugepages`;
    expect(errorWith(path, (target) => symlinkSync(target, target)).reason).to.match(/^ELOOP: /);
  });

  it('may be too long', () => {
    const long = ' '.repeat(MAX_FILE_BYTES + 1);
    const { reason } = errorWith(ONLINE, (target) => writeFileSync(target, long));
    expect(reason).to.equal('it is longer than 65536 bytes');
  });

  it('is missing from a directory that is no sysfs', () => {
    const root = temporaryDirectory();
    for (const read of [
      readMachine,
      () => readVitals(sysfsFilesAt(root), { pagesOf: 'none', devices: [] }),
    ]) {
      const error = sysfsErrorOf(() => read(sysfsFilesAt(root)));
      expect(error.path).to.equal(join(root, ONLINE));
      expect(error.reason).to.equal('no such file, and no CPU beside it');
    }
  });
});

describe('sysfsFilesAt', () => {
  const temporaryDirectory = useTemporaryDirectories();

  for (const [text, given] of [
    ['0-7\n\0', '0-7'],
    ['', ''],
    ['\n', ''],
    ['  (null)\n', '(null)'],
    ['a b\nc\n', 'a b\nc'],
    [`${'x'.repeat(MAX_FILE_BYTES - 1)}\n`, 'x'.repeat(MAX_FILE_BYTES - 1)],
  ] as const) {
    const shown = text.length > 20 ? `${text.length} bytes` : JSON.stringify(text);
    it(`gives ${shown} without the blanks and NULs around it`, () => {
      const root = temporaryDirectory();
      putFile(root, 'a/b', text);
      expect(sysfsFilesAt(root).readText('a/b')).to.equal(given);
    });
  }

  it('gives undefined for what is not there', () => {
    const root = temporaryDirectory();
    putFile(root, 'a', '1');
    const files = sysfsFilesAt(root);
    expect(files.readText('b')).to.equal(undefined);
    expect(files.readText('a/b')).to.equal(undefined);
    expect(files.listNames('b')).to.equal(undefined);
    expect(files.listNames('a')).to.equal(undefined);
  });

  it('gives undefined for what was there and went while it was read', function () {
    const root = mkdtempSync(join(tmpdir(), 'sysfs-'));
    try {
      // A device number that no driver has fails as a file does that went with its CPU: ENODEV.
      const target = join(root, 'a');
      const { status } = spawnSync('mknod', [target, 'c', '10', '253']);
      if (status !== 0 || errorCodeOf(() => openSync(target, 'r')) !== 'ENODEV') this.skip();
      expect(sysfsFilesAt(root).readText('a')).to.equal(undefined);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('reads a file anew each time', () => {
    const root = temporaryDirectory();
    const files = sysfsFilesAt(root);
    for (const text of ['1', '22', '3']) {
      putFile(root, 'a', text);
      expect(files.readText('a')).to.equal(text);
    }
  });
});

function errorCodeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
