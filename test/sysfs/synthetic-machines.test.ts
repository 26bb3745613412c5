/** Reads the sysfs of machines that do not exist, as far as no recorded machine has the same. */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { formatCpuList } from '../../src/core/cpu-list.js';
import { cachesOf, coresOf, type MachineShape } from '../../src/simulate/machine-shape.js';
import { simulatedMachineNamed, simulatedMachines } from '../../src/simulate/shapes.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import { readVitals } from '../../src/sysfs/read-vitals.js';
import { sysfsFilesAt } from '../../src/sysfs/sysfs-files.js';
import { filesInMemory, laidIn, readable, useTemporaryDirectories } from './trees.js';

const CPU = 'devices/system/cpu';
const NODE = 'devices/system/node';

/** What the reader makes of a shape, with CPU sets as lists. */
function read(shape: MachineShape) {
  return readable(readMachine(filesInMemory(shape)));
}

describe('readMachine on simulated machines', () => {
  const temporaryDirectory = useTemporaryDirectories();
  const readFromDisk = (shape: MachineShape) =>
    readable(readMachine(sysfsFilesAt(laidIn(temporaryDirectory(), shape))));

  it('reads a server with two sockets', () => {
    const { online, isolated, cores, caches, nodes } = readFromDisk(
      simulatedMachines['dual-socket'].shape,
    );
    expect(online).to.equal('0-31');
    expect(isolated).to.equal('1-7,9-15,17-23,25-31');
    expect(cores).to.deep.equal(Array.from({ length: 16 }, (_, n) => [n, n + 16]));
    expect(caches).to.deep.equal(
      [0, 4, 8, 12].map((n) => [n, n + 1, n + 2, n + 3, n + 16, n + 17, n + 18, n + 19]),
    );
    const pages = [
      { sizeKb: 2048, total: 1024, free: 1024, surplus: 0 },
      { sizeKb: 1_048_576, total: 8, free: 8, surplus: 0 },
    ];
    const distances = (...columns: number[]) =>
      columns.map((distance, nodeId) => ({ nodeId, distance }));
    expect(nodes).to.deep.equal([
      {
        nodeId: 0,
        cpus: '0-7,16-23',
        pages,
        distances: distances(10, 21),
        memoryTotalKb: 67_108_864,
      },
      {
        nodeId: 1,
        cpus: '8-15,24-31',
        pages,
        distances: distances(21, 10),
        memoryTotalKb: 67_108_864,
      },
    ]);
  });

  it('reads SMT8 cores as eight siblings', () => {
    const { cores, nodes, isolated } = readFromDisk(simulatedMachines.smt8.shape);
    expect(cores).to.have.length(8);
    expect(cores[1]).to.deep.equal([8, 9, 10, 11, 12, 13, 14, 15]);
    expect(nodes.map(({ nodeId, cpus }) => [nodeId, cpus])).to.deep.equal([
      [0, '0-31'],
      [8, '32-63'],
    ]);
    expect(nodes[0]?.distances).to.deep.equal([
      { nodeId: 0, distance: 10 },
      { nodeId: 8, distance: 21 },
    ]);
    expect(isolated).to.equal('8-31,40-63');
  });

  it('reads 2,048 CPUs in 32 nodes', () => {
    const { online, isolated, cores, nodes } = readFromDisk(simulatedMachines.large.shape);
    expect(online).to.equal('0-2047');
    expect(isolated).to.match(/^1-31,33-63,.*,2017-2047$/);
    expect(cores).to.have.length(1024);
    expect(cores[1023]).to.deep.equal([1023, 2047]);
    expect(nodes).to.have.length(32);
    expect(nodes[31]?.cpus).to.equal('992-1023,2016-2047');
    expect(nodes[31]?.distances).to.have.length(32);
  });

  it('reads no node on a machine without NUMA', () => {
    const { online, isolated, nodes } = readFromDisk(simulatedMachines['no-numa'].shape);
    expect({ online, isolated, nodes }).to.deep.equal({
      online: '0-7',
      isolated: '2-7',
      nodes: [],
    });
  });

  it('reads a node that has memory only', () => {
    const { nodes } = readFromDisk(simulatedMachines['memory-only'].shape);
    expect(nodes).to.have.length(3);
    expect(nodes[2]).to.deep.include({
      cpus: '',
      memoryTotalKb: 268_435_456,
      pages: [{ sizeKb: 2048, total: 4096, free: 4096, surplus: 0 }],
    });
  });

  it('reads the same from another machine laid over one as from that machine alone', () => {
    const root = temporaryDirectory();
    const shapes = ['dual-socket', 'no-numa', 'smt8', 'memory-only', 'single-node'];
    for (const shape of shapes.map((name) => simulatedMachineNamed(name)?.shape)) {
      if (shape === undefined) throw new Error('no such machine');
      laidIn(root, shape);
      expect(readable(readMachine(sysfsFilesAt(root)))).to.deep.equal(read(shape));
    }
  });

  it('writes only the files that differ when one machine is laid over another', () => {
    const { shape } = simulatedMachines['dual-socket'];
    const root = laidIn(temporaryDirectory(), shape);
    const inodeOf = (path: string) => statSync(join(root, path)).ino;
    const paths = [`${CPU}/online`, `${CPU}/offline`, `${CPU}/isolated`, `${NODE}/node0/cpulist`];
    const before = paths.map(inodeOf);
    laidIn(root, { ...shape, offline: '31' });
    // A file that was replaced as a whole is another inode.
    expect(paths.map(inodeOf).map((inode, index) => inode !== before[index])).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
    expect(readable(readMachine(sysfsFilesAt(root)))).to.deep.equal(
      read({ ...shape, offline: '31' }),
    );
  });

  it('reads any machine back as it was laid', () => {
    fc.assert(
      fc.property(shapes(), (shape) => {
        const { cores, caches, nodes } = read(shape);
        const laidCaches = cachesOf(shape).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
        expect(caches).to.deep.equal(laidCaches);
        const laid = coresOf(shape);
        const byLowest = laid.map(({ cpus }) => cpus).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
        expect(cores).to.deep.equal(byLowest);
        const nodeIds = shape.nodes.map(({ nodeId }) => nodeId).sort((a, b) => a - b);
        expect(nodes.map(({ nodeId }) => nodeId)).to.deep.equal(nodeIds);
        for (const { nodeId, pages, memoryTotalKb, distances } of nodes) {
          const shaped = shape.nodes.find((other) => other.nodeId === nodeId);
          expect(pages).to.deep.equal(shaped?.pages);
          expect(memoryTotalKb).to.equal(shaped?.memoryKb);
          expect(distances.map((column) => column.nodeId)).to.deep.equal(nodeIds);
        }
      }),
    );
  });
});

describe('readVitals', () => {
  for (const [name, { shape }] of Object.entries(simulatedMachines)) {
    it(`says of ${name} what readMachine says`, () => {
      const facts = readMachine(filesInMemory(shape));
      const vitals = readVitals(filesInMemory(shape), { pagesOf: 'all', devices: [] });
      expect(formatCpuList(vitals.onlineCpus)).to.equal(formatCpuList(facts.onlineCpus));
      expect(formatCpuList(vitals.isolatedCpus)).to.equal(formatCpuList(facts.isolatedCpus));
      expect(vitals.nodeIds).to.deep.equal(facts.nodes.map(({ nodeId }) => nodeId));
      expect(vitals.pages).to.deep.equal(
        facts.nodes.map(({ nodeId, pages }) => ({ nodeId, pages })),
      );
    });
  }

  it('reads the pages of no node but those asked for', () => {
    const reads: string[] = [];
    const files = filesInMemory(simulatedMachines.smt8.shape, reads);
    expect(readVitals(files, { pagesOf: 'none', devices: [] }).pages).to.deep.equal([]);
    expect(reads).to.have.length(2);
    expect(
      readVitals(files, { pagesOf: [8, 3, 8], devices: [] }).pages.map(({ nodeId }) => nodeId),
    ).to.deep.equal([8]);
    expect(reads.filter((path) => path.includes('/node0/'))).to.deep.equal([]);
  });
});

/** Machines of up to four nodes with ids and widths of any kind, at least one CPU. */
function shapes(): fc.Arbitrary<MachineShape> {
  const count = fc.nat({ max: 5000 });
  const pages = fc
    .uniqueArray(fc.constantFrom(64, 2048, 1_048_576, 16_777_216), { maxLength: 3 })
    .chain((sizes) =>
      fc.tuple(
        ...sizes
          .sort((a, b) => a - b)
          .map((sizeKb) =>
            fc.record({ sizeKb: fc.constant(sizeKb), total: count, free: count, surplus: count }),
          ),
      ),
    );
  const cores = fc.array(
    fc.record({ count: fc.integer({ min: 1, max: 4 }), threads: fc.constantFrom(1, 2, 4, 8) }),
    { maxLength: 2 },
  );
  const nodes = fc.uniqueArray(
    fc.record(
      {
        nodeId: fc.nat({ max: 1023 }),
        cores,
        memoryKb: fc.nat(),
        pages,
        coresPerCache: fc.integer({ min: 1, max: 4 }),
      },
      { requiredKeys: ['nodeId', 'cores', 'memoryKb', 'pages'] },
    ),
    { minLength: 1, maxLength: 4, selector: ({ nodeId }) => nodeId },
  );
  return fc
    .record({ nodes, numbering: fc.constantFrom('interleaved' as const, 'contiguous' as const) })
    .filter((shape) => coresOf(shape).length > 0);
}
