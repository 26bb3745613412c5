/** The picture of the nodes, on machines of every kind. */

import { expect } from 'chai';
import { drawPicture } from '../../src/cli/picture.js';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { type Held, lines, machineOf, terminal, topologyOf } from './topologies.js';

const dualSocket = machineOf(2, 4, 2, {
  isolated: '1-3,5-7,9-11,13-15',
  offline: '14,15',
});
const claims: Record<string, Held> = {
  ceph: { allocated_cores: '6,14', preemption_policy: 'non-preemptive', explicit_cores: '6' },
  vm: { allocated_cores: '1-2,9-10' },
};

describe('the picture', () => {
  const drawn = (shape: MachineShape, held: Record<string, Held> = {}, columns = 80) =>
    drawPicture(topologyOf(shape, held), terminal(columns));

  it('shows the threads of a core one below the other, and tells all kinds of CPUs apart', () => {
    expect(drawn(dualSocket, claims)).to.equal(
      lines(`
node 0  64 GiB
┌───────┬───────┬───────┬───────┐
│  0 -  │  1 B  │  2 B  │  3 .  │
│  8 -  │  9 B  │ 10 B  │ 11 .  │
└───────┴───────┴───────┴───────┘
node 1  64 GiB
┌───────┬───────┬───────┬───────┬───────┬───────┐
│  4 -  │  5 .  │  6 A  │  7 .  │ 14 A! │ 15 !  │
│ 12 -  │ 13 .  │       │       │       │       │
└───────┴───────┴───────┴───────┴───────┴───────┘
. free   - in no pool   ! offline
! behind a letter: held, but offline or out of its pool
`),
    );
  });

  it('breaks the row of cores where the terminal is narrow', () => {
    expect(drawn(machineOf(1, 12, 1, { isolated: '2-11' }), { vm: claim('2-4') }, 40)).to.equal(
      lines(`
node 0  64 GiB
┌──────┬──────┬──────┬──────┐
│  0 - │  1 - │  2 A │  3 A │
├──────┼──────┼──────┼──────┤
│  4 A │  5 . │  6 . │  7 . │
├──────┼──────┼──────┼──────┤
│  8 . │  9 . │ 10 . │ 11 . │
└──────┴──────┴──────┴──────┘
. free   - in no pool
`),
    );
  });

  it('shows at least one core in a row, however narrow the terminal', () => {
    const [, border, core] = drawn(dualSocket, claims, 1).split('\n');
    expect([border, core]).to.deep.equal(['┌───────┐', '│  0 -  │']);
  });

  it('shows four threads of a core', () => {
    const shape = machineOf(1, 6, 4, { numbering: 'contiguous', isolated: '4-23' });
    expect(drawn(shape, { vm: claim('4-9') })).to.equal(
      lines(`
node 0  64 GiB
┌──────┬──────┬──────┬──────┬──────┬──────┐
│  0 - │  4 A │  8 A │ 12 . │ 16 . │ 20 . │
│  1 - │  5 A │  9 A │ 13 . │ 17 . │ 21 . │
│  2 - │  6 A │ 10 . │ 14 . │ 18 . │ 22 . │
│  3 - │  7 A │ 11 . │ 15 . │ 19 . │ 23 . │
└──────┴──────┴──────┴──────┴──────┴──────┘
. free   - in no pool
`),
    );
  });

  it('shows eight threads of a core, and small nodes side by side', () => {
    const shape = machineOf(2, 2, 8, { numbering: 'contiguous', isolated: '8-15,24-31' });
    expect(drawn(shape, { vm: claim('8-12') })).to.equal(
      lines(`
node 0  64 GiB   node 1  64 GiB
┌──────┬──────┐  ┌──────┬──────┐
│  0 - │  8 A │  │ 16 - │ 24 . │
│  1 - │  9 A │  │ 17 - │ 25 . │
│  2 - │ 10 A │  │ 18 - │ 26 . │
│  3 - │ 11 A │  │ 19 - │ 27 . │
│  4 - │ 12 A │  │ 20 - │ 28 . │
│  5 - │ 13 . │  │ 21 - │ 29 . │
│  6 - │ 14 . │  │ 22 - │ 30 . │
│  7 - │ 15 . │  │ 23 - │ 31 . │
└──────┴──────┘  └──────┴──────┘
. free   - in no pool
`),
    );
  });

  it('shows cores of different widths in one node', () => {
    const hybrid: MachineShape = {
      nodes: [
        {
          nodeId: 0,
          cores: [
            { count: 2, threads: 2 },
            { count: 4, threads: 1 },
          ],
          memoryKb: 16_000_000,
          pages: [],
        },
      ],
      numbering: 'contiguous',
      isolated: '2-7',
    };
    expect(drawn(hybrid, { vm: claim('2,4') })).to.equal(
      lines(`
node 0  15.3 GiB
┌─────┬─────┬─────┬─────┬─────┬─────┐
│ 0 - │ 2 A │ 4 A │ 5 . │ 6 . │ 7 . │
│ 1 - │ 3 . │     │     │     │     │
└─────┴─────┴─────┴─────┴─────┴─────┘
. free   - in no pool
`),
    );
  });

  it('shows CPUs that are in no node', () => {
    const shape = { ...machineOf(1, 4, 1, { isolated: '1-3' }), numa: false };
    expect(drawn(shape, { vm: claim('1') })).to.equal(
      lines(`
in no node
┌─────┬─────┬─────┬─────┐
│ 0 - │ 1 A │ 2 . │ 3 . │
└─────┴─────┴─────┴─────┘
. free   - in no pool
`),
    );
  });

  it('shows a node that has memory only, and one that is gone with claims on it', () => {
    const { nodes, ...rest } = topologyOf(machineOf(1, 2, 1, { isolated: '0-1' }), {
      vm: claim('8'),
    });
    const memoryOnly = {
      node_id: 1,
      is_present: true,
      cpus: '',
      online_cpus: '',
      cores: [],
      caches: [],
      memory_kb: 2_097_152,
      distances: {},
    };
    const gone = { ...memoryOnly, node_id: 2, is_present: false, memory_kb: null, cpus: '8' };
    const topology = { ...rest, nodes: [...nodes, memoryOnly, gone] };
    expect(drawPicture(topology, terminal(70))).to.equal(
      lines(`
node 0  64 GiB   node 1  2 GiB, no CPU
┌──────┬──────┐
│ 0 .  │ 1 .  │
└──────┴──────┘
node 2  gone; what is held there stays on record
┌──────┐
│ 8 A! │
└──────┘
. free   ! behind a letter: held, but offline or out of its pool
`),
    );
  });

  it('tells the free CPUs of the pools apart, and can leave the owners of one pool out', () => {
    const topology = topologyOf(
      machineOf(1, 6, 1, { isolated: '2-5' }),
      { vm: claim('2'), web: { allocated_cores: '0', pool: 'general' } },
      '0-1',
    );
    expect(drawPicture(topology, terminal(80))).to.equal(
      lines(`
node 0  64 GiB
┌─────┬─────┬─────┬─────┬─────┬─────┐
│ 0 B │ 1 : │ 2 A │ 3 . │ 4 . │ 5 . │
└─────┴─────┴─────┴─────┴─────┴─────┘
. free   : free, general pool
`),
    );
    expect(drawPicture(topology, terminal(80), 'general')).to.equal(
      lines(`
node 0  64 GiB
┌─────┬─────┬─────┬─────┬─────┬─────┐
│ 0 A │ 1 : │ 2 * │ 3 . │ 4 . │ 5 . │
└─────┴─────┴─────┴─────┴─────┴─────┘
. free   : free, general pool   * held in the other pool
`),
    );
  });

  it('has marks for more services than there are letters', () => {
    const many = Object.fromEntries(
      Array.from({ length: 54 }, (_, index) => [`s${index}`, claim(`${index}`)]),
    );
    const picture = drawn(machineOf(1, 54, 1, { isolated: '0-53' }), many);
    for (const cell of ['25 Z ', '26 AA', '51 AZ', '52 BA', '53 BB']) {
      expect(picture).to.include(cell);
    }
  });

  it('keeps within the terminal on a machine of 64 nodes', () => {
    const text = drawn(machineOf(64, 2, 2, { isolated: '1-255' })).split('\n');
    // Four nodes side by side, five lines each, and the key.
    expect(text).to.have.length((64 / 4) * 5 + 1);
    expect(Math.max(...text.map((line) => line.length))).to.be.at.most(80);
    expect(text.slice(-6)).to.deep.equal([
      'node 60  64 GiB    node 61  64 GiB    node 62  64 GiB    node 63  64 GiB',
      '┌───────┬───────┐  ┌───────┬───────┐  ┌───────┬───────┐  ┌───────┬───────┐',
      '│ 120 . │ 121 . │  │ 122 . │ 123 . │  │ 124 . │ 125 . │  │ 126 . │ 127 . │',
      '│ 248 . │ 249 . │  │ 250 . │ 251 . │  │ 252 . │ 253 . │  │ 254 . │ 255 . │',
      '└───────┴───────┘  └───────┴───────┘  └───────┴───────┘  └───────┴───────┘',
      '. free   - in no pool',
    ]);
  });

  it('says the same in colour', () => {
    const topology = topologyOf(dualSocket, claims);
    const coloured = drawPicture(topology, {
      columns: 80,
      paint: (tone, text) => `\u001b[3${tone.length % 8}m${text}\u001b[39m`,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    const bare = coloured.replace(/\u001b\[\d+m/g, '').replace(/ +$/gm, '');
    expect(coloured).to.not.equal(bare);
    expect(bare).to.equal(drawPicture(topology, terminal(80)));
  });
});

function claim(cpus: string): Held {
  return { allocated_cores: cpus };
}
