/**
 * Reads sysfs as real machines showed it. The archives are not part of the repository; where they
 * are absent, these tests are skipped.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import { cpusOf, hasCpu } from '../../src/core/cpu-set.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import { readVitals } from '../../src/sysfs/read-vitals.js';
import { sysfsFilesAt } from '../../src/sysfs/sysfs-files.js';
import { areRecorded, namesOf, RECORDED_MACHINES, useArchive } from './recorded.js';
import { readable } from './trees.js';

/** Where the reader rightly differs from what the manifest counted in the raw files. */
const knownDifferences: Record<string, { cores?: number; distances?: 'none' }> = {
  // The dump kept the topology of CPU 4, which is offline; a real kernel removes it.
  'hw-opteron-8n-16c-cpu4off': { cores: 15 },
  // Nobody tells of siblings, so that each of the 32 online CPUs is a core.
  'hw-power6-4n-64c-smtoff': { cores: 32 },
  // Two columns, and one node online or otherwise: no telling which column is whose.
  'hw-haswell-24c-cpu0-node0-offline': { distances: 'none' },
};

if (areRecorded) {
  describe('readMachine on recorded machines', () => {
    for (const name of namesOf('hw-')) describeRecorded(name);
    for (const name of namesOf('qemu-')) describeGuest(name);
  });
} else {
  describe('readMachine on recorded machines', () => {
    it(`is skipped, since there is no ${RECORDED_MACHINES}`, function () {
      this.skip();
    });
  });
}

function describeRecorded(name: string): void {
  describe(name, () => {
    const root = useArchive(name, 'sys');
    const told = manifestOf(name);
    const differs = knownDifferences[name] ?? {};

    it('finds the CPUs online and isolated that the manifest names', () => {
      const { online, isolated } = readable(readMachine(sysfsFilesAt(root())));
      expect(online).to.equal(wordOf(told.get('cpus.online')));
      const written = wordOf(told.get('cpu.isolated'));
      expect(isolated).to.equal(['MISSING', 'BLANK(\\n)'].includes(written) ? '' : written);
    });

    it('finds as many cores as the manifest, and the same first ones', () => {
      const { cores } = readMachine(sysfsFilesAt(root()));
      const groups = told.get('smt.groups') ?? '';
      expect(cores).to.have.length(differs.cores ?? Number(wordOf(groups)));
      const first = [...groups.matchAll(/\[([\d,-]+)\]/g)].map(([, list]) => idsOf(list));
      expect(cores.slice(0, first.length)).to.deep.equal(first);
      const widths = [...groups.matchAll(/(\d+) of width (\d+)/g)];
      for (const [, count, width] of differs.cores === undefined ? widths : []) {
        expect(cores.filter((core) => core.length === Number(width))).to.have.length(Number(count));
      }
    });

    it('finds the last-level caches of the manifest, where they are of the third level', () => {
      const { onlineCpus, caches } = readMachine(sysfsFilesAt(root()));
      const placed = caches.flat();
      expect(placed.every((cpu) => hasCpu(onlineCpus, cpu))).to.equal(true);
      expect(new Set(placed).size).to.equal(placed.length);
      const groups = told.get('l3') ?? '';
      if (groups.startsWith('none (no cache dirs)')) expect(caches).to.deep.equal([]);
      if (groups.startsWith('none')) return;
      expect(caches).to.have.length(Number(wordOf(groups)));
      const first = [...groups.matchAll(/\[([\d,-]+)\]/g)].map(([, list]) =>
        idsOf(list).filter((cpu) => hasCpu(onlineCpus, cpu)),
      );
      expect(caches.slice(0, first.length)).to.deep.equal(first);
    });

    const itaniumNodes = told.get('nodes 0-63');
    if (itaniumNodes === undefined) {
      it('finds the nodes that the manifest describes', () => {
        expectNodesOf(root(), told, differs.distances);
      });
    } else {
      it('finds the 64 nodes that the manifest describes in one line', () => {
        expectItaniumNodes(root(), told, itaniumNodes);
      });
    }

    itHoldsTogether(root);
  });
}

function expectNodesOf(root: string, told: Facts, distances: 'none' | undefined): void {
  const { nodes } = readable(readMachine(sysfsFilesAt(root)));
  const dirs = wordOf(told.get('node.dirs'));
  const ids = dirs === 'NONE' ? [] : idsOf(dirs);
  expect(nodes.map(({ nodeId }) => nodeId)).to.deep.equal(ids);
  for (const node of nodes) {
    const line = told.get(`node${node.nodeId}`) ?? '';
    const fact = /^cpus (\S+) \(.*MemTotal (\d+) kB, distance ([\d ]+), huge (.*)$/.exec(line);
    expect(fact, line).not.to.equal(null);
    expect(node.cpus).to.equal(fact?.[1] === 'NONE' ? '' : fact?.[1]);
    expect(node.memoryTotalKb).to.equal(Number(fact?.[2]));
    expect(node.distances).to.deep.equal(distances === 'none' ? [] : distancesOf(fact?.[3], ids));
    const pages = node.pages.map((p) => `${p.sizeKb}kB=${p.total}/${p.free}/${p.surplus}`);
    expect(pages.join(' ') || 'none').to.equal(fact?.[4]);
  }
}

function expectItaniumNodes(root: string, told: Facts, line: string): void {
  expect(line).to.equal('cpus 4N..4N+3 (from cpumap)');
  const { nodes } = readable(readMachine(sysfsFilesAt(root)));
  const ids = Array.from({ length: 64 }, (_, n) => n);
  expect(nodes.map(({ nodeId }) => nodeId)).to.deep.equal(ids);
  expect(nodes.map(({ cpus }) => cpus)).to.deep.equal(ids.map((n) => `${4 * n}-${4 * n + 3}`));
  const [distances, memory, pages] = (told.get('node0 distance') ?? '').split('; ');
  expect(nodes[0]?.distances).to.deep.equal(distancesOf(distances, ids));
  const [, least, most] = /^node MemTotal kB (\d+)\.\.(\d+)$/.exec(memory ?? '') ?? [];
  for (const { memoryTotalKb } of nodes) {
    expect(memoryTotalKb).to.be.within(Number(least), Number(most));
  }
  expect(pages).to.equal('huge none');
  expect(nodes.flatMap((node) => node.pages)).to.deep.equal([]);
}

function describeGuest(name: string): void {
  describe(name, () => {
    const root = useArchive(name, 'tree/sys');
    const raw = (path: string) => readFileSync(join(root(), 'devices/system', path), 'utf8').trim();

    it('finds what the raw files of the guest say', () => {
      const { online, isolated, cores, nodes } = readable(readMachine(sysfsFilesAt(root())));
      expect(online).to.equal(raw('cpu/online'));
      expect(isolated).to.equal(raw('cpu/isolated'));
      const siblings = idsOf(raw('cpu/online')).map((cpu) =>
        raw(`cpu/cpu${cpu}/topology/core_cpus_list`),
      );
      expect(cores).to.deep.equal([...new Set(siblings)].map(idsOf));
      const ids = idsOf(raw('node/online'));
      expect(nodes.map(({ nodeId }) => nodeId)).to.deep.equal(ids);
      for (const { nodeId, cpus, distances, memoryTotalKb, pages } of nodes) {
        expect(cpus).to.equal(raw(`node/node${nodeId}/cpulist`));
        expect(distances).to.deep.equal(distancesOf(raw(`node/node${nodeId}/distance`), ids));
        expect(raw(`node/node${nodeId}/meminfo`)).to.match(
          new RegExp(`^Node ${nodeId} MemTotal: +${memoryTotalKb} kB\n`),
        );
        expect(pages.map(({ sizeKb }) => sizeKb)).to.deep.equal([2048, 1_048_576]);
        for (const { sizeKb, total, free, surplus } of pages) {
          const directory = `node/node${nodeId}/hugepages/hugepages-${sizeKb}kB`;
          expect(raw(`${directory}/nr_hugepages`)).to.equal(`${total}`);
          expect(raw(`${directory}/free_hugepages`)).to.equal(`${free}`);
          expect(raw(`${directory}/surplus_hugepages`)).to.equal(`${surplus}`);
        }
      }
    });

    itHoldsTogether(root);
  });
}

/** What is true of every machine. */
function itHoldsTogether(root: () => string): void {
  it('puts each online CPU in exactly one core', () => {
    const { onlineCpus, cores } = readMachine(sysfsFilesAt(root()));
    const placed = cores.flat().sort((a, b) => a - b);
    expect(placed).to.deep.equal(cpusOf(onlineCpus));
    const lowest = cores.map(([cpu]) => cpu ?? -1);
    expect(lowest).to.deep.equal([...lowest].sort((a, b) => a - b));
  });

  it('reads vital signs that agree with the facts', () => {
    const files = sysfsFilesAt(root());
    const machine = readMachine(files);
    const vitals = readVitals(files, { pagesOf: 'all', devices: [] });
    expect(formatCpuList(vitals.onlineCpus)).to.equal(formatCpuList(machine.onlineCpus));
    expect(formatCpuList(vitals.isolatedCpus)).to.equal(formatCpuList(machine.isolatedCpus));
    expect(vitals.nodeIds).to.deep.equal(machine.nodes.map(({ nodeId }) => nodeId));
    expect(vitals.pages).to.deep.equal(
      machine.nodes.map(({ nodeId, pages }) => ({ nodeId, pages })),
    );
  });
}

type Facts = ReadonlyMap<string, string>;

/** The facts of the manifest about an archive, by what stands before the first ` = ` or `: `. */
function manifestOf(name: string): Facts {
  const manifest = readFileSync(join(RECORDED_MACHINES, 'MANIFEST.md'), 'utf8');
  const section = manifest.split(`## ${name}.tar.gz\n`)[1] ?? '';
  const facts = new Map<string, string>();
  for (const line of (section.split('```')[1] ?? '').split('\n')) {
    const [, key, value] = /^(.*?)(?: = |: )(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) facts.set(key, value);
  }
  if (facts.size === 0) throw new Error(`the manifest tells nothing of ${name}`);
  return facts;
}

function wordOf(value: string | undefined): string {
  return value?.split(' ')[0] ?? '';
}

function idsOf(list: string | undefined): number[] {
  return cpusOf(parseCpuList(list ?? ''));
}

function distancesOf(text: string | undefined, ids: readonly number[]) {
  const columns = (text ?? '').trim().split(' ').map(Number);
  return ids.map((nodeId, column) => ({ nodeId, distance: columns[column] }));
}
