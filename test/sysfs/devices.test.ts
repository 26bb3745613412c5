/** Where the kernel says that a PCI device is. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { readDevice } from '../../src/sysfs/read-devices.js';
import { readVitals } from '../../src/sysfs/read-vitals.js';
import { sysfsFilesAt } from '../../src/sysfs/sysfs-files.js';
import { laidIn, putFile, useTemporaryDirectories } from './trees.js';

const CARD = '0000:3b:00.0';
const NUMA_NODE = `bus/pci/devices/${CARD}/numa_node`;

describe('readDevice', () => {
  const temporaryDirectory = useTemporaryDirectories();
  const placeIn = (root: string) => readDevice(sysfsFilesAt(root), CARD);

  it('reads the node of a device', () => {
    const root = laidIn(temporaryDirectory(), simulatedMachines['dual-socket'].shape);
    expect(placeIn(root)).to.deep.equal({ nodeId: 0 });
    const files = sysfsFilesAt(root);
    expect(readDevice(files, '0000:af:00.0')).to.deep.equal({ nodeId: 1 });
    putFile(root, NUMA_NODE, '1\n');
    expect(placeIn(root)).to.deep.equal({ nodeId: 1 });
  });

  for (const [text, reason] of [
    ['-1\n', 'the firmware does not say where it is (-1)'],
    ['\n', 'its numa_node says ""'],
    ['two\n', 'its numa_node says "two"'],
  ] as const) {
    it(`says why a device whose numa_node is ${JSON.stringify(text)} is nowhere`, () => {
      const root = temporaryDirectory();
      putFile(root, NUMA_NODE, text);
      expect(placeIn(root)).to.deep.equal({ nodeId: null, reason });
    });
  }

  it('tells a device that is not there from one of which the kernel names no node', () => {
    const root = temporaryDirectory();
    expect(placeIn(root)).to.deep.equal({ nodeId: null, reason: 'there is no such device' });
    mkdirSync(join(root, 'bus/pci/devices', CARD), { recursive: true });
    expect(placeIn(root)).to.deep.equal({
      nodeId: null,
      reason: 'the kernel names no node for it',
    });
  });

  it('says why a file cannot be read, and spoils no other look', () => {
    const root = laidIn(temporaryDirectory(), simulatedMachines['single-node'].shape);
    mkdirSync(join(root, NUMA_NODE), { recursive: true });
    expect(placeIn(root)).to.deep.equal({
      nodeId: null,
      reason: `cannot read ${root}/${NUMA_NODE}: it is no regular file`,
    });
    const { devices, nodeIds } = readVitals(sysfsFilesAt(root), {
      pagesOf: 'none',
      devices: [CARD],
    });
    expect([...devices.keys()]).to.deep.equal([CARD]);
    expect(nodeIds).to.deep.equal([0]);
  });
});
