/** What readMachine makes of files that are missing, odd, or contradict each other. */

import { expect } from 'chai';
import type { MachineShape, NodeShape } from '../../src/simulate/machine-shape.js';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import { filesInMemory, readable } from './trees.js';

const CPU = 'devices/system/cpu';
const NODE = 'devices/system/node';

function node(nodeId: number, rest: Partial<NodeShape> = {}): NodeShape {
  return { nodeId, cores: [{ count: 2, threads: 1 }], memoryKb: 1_048_576, pages: [], ...rest };
}

function machine(nodes: readonly NodeShape[], rest: Partial<MachineShape> = {}): MachineShape {
  return { nodes, numbering: 'contiguous', ...rest };
}

/** What the reader makes of a shape, with CPU sets as lists. */
function read(shape: MachineShape) {
  return readable(readMachine(filesInMemory(shape)));
}

describe('the CPUs that readMachine finds', () => {
  it('are those with a directory and no 0 in it where cpu/online is missing', () => {
    const files = { [`${CPU}/online`]: null };
    const shape = machine([node(0, { cores: [{ count: 4, threads: 1 }] })], {
      offline: '2',
      files,
    });
    expect(read(shape).online).to.equal('0-1,3');
  });

  it('may lack a directory', () => {
    const files = { [`${CPU}/online`]: '0-3\n' };
    const { online, cores } = read(machine([node(0)], { files }));
    expect(online).to.equal('0-3');
    expect(cores).to.deep.equal([[0], [1], [2], [3]]);
  });

  it('are none of cpufreq, cpuidle and other directories whose names begin alike', () => {
    const names = ['cpufreq', 'cpuidle', 'cpu', 'cpu01', 'cpu1x', 'cpu99999', 'power', 'smt'];
    const files = Object.fromEntries(names.map((name) => [`${CPU}/${name}/online`, '1\n']));
    const shape = machine([node(0)], { files: { ...files, [`${CPU}/online`]: null } });
    expect(read(shape).online).to.equal('0-1');
  });

  for (const [text, list] of [
    ['\n', ''],
    ['2-3,6-7\n', '2-3,6-7'],
    ['1,3\n\0', '1,3'],
    [null, ''],
  ] as const) {
    it(`are isolated as ${JSON.stringify(text)} says`, () => {
      const files = { [`${CPU}/isolated`]: text };
      expect(read(machine([node(0)], { files })).isolated).to.equal(list);
    });
  }

  it('stay isolated and leave their core and node when they go offline', () => {
    const shape = machine([node(0, { cores: [{ count: 2, threads: 2 }] })], {
      isolated: '2-3',
      offline: '3',
    });
    const { online, isolated, cores, nodes } = read(shape);
    expect(online).to.equal('0-2');
    expect(isolated).to.equal('2-3');
    expect(cores).to.deep.equal([[0, 1], [2]]);
    expect(nodes[0]?.cpus).to.equal('0-2');
  });
});

describe('the cores that readMachine finds', () => {
  it('have two widths on a hybrid processor', () => {
    const cores = [
      { count: 2, threads: 2 },
      { count: 3, threads: 1 },
    ];
    expect(read(machine([node(0, { cores })])).cores).to.deep.equal([
      [0, 1],
      [2, 3],
      [4],
      [5],
      [6],
    ]);
  });

  const pair = machine([node(0, { cores: [{ count: 1, threads: 2 }] })]);
  const topology = (cpu: number, texts: Record<string, string | null>) =>
    Object.fromEntries(
      ['thread_siblings_list', 'core_cpus_list', 'thread_siblings', 'core_cpus'].map((name) => [
        `${CPU}/cpu${cpu}/topology/${name}`,
        texts[name] ?? null,
      ]),
    );

  for (const [name, text] of [
    ['thread_siblings_list', '0-1\n'],
    ['core_cpus_list', '0-1\n'],
    ['thread_siblings', '00000000,00000003\n'],
    ['core_cpus', '3\n'],
  ] as const) {
    it(`are told by ${name} alone`, () => {
      expect(read({ ...pair, files: topology(0, { [name]: text }) }).cores).to.deep.equal([[0, 1]]);
    });
  }

  it('hold one CPU each where nobody tells of siblings', () => {
    const files = { ...topology(0, {}), ...topology(1, {}) };
    expect(read({ ...pair, files }).cores).to.deep.equal([[0], [1]]);
  });

  it('hold the CPU itself even if its list does not', () => {
    const files = topology(0, { thread_siblings_list: '1\n' });
    expect(read({ ...pair, files }).cores).to.deep.equal([[0, 1]]);
  });

  it('hold no CPU that is offline, even if a list names it', () => {
    const files = topology(0, { thread_siblings_list: '0-1,7\n' });
    expect(read({ ...pair, offline: '1', files }).cores).to.deep.equal([[0]]);
  });

  it('follow the list of the lowest CPU when lists contradict each other', () => {
    const shape = machine([node(0, { cores: [{ count: 4, threads: 1 }] })], {
      files: {
        ...topology(0, { thread_siblings_list: '0,2' }),
        ...topology(1, { thread_siblings_list: '0-3' }),
      },
    });
    expect(read(shape).cores).to.deep.equal([
      [0, 2],
      [1, 3],
    ]);
  });

  it('cost one sibling file each', () => {
    const reads: string[] = [];
    readMachine(filesInMemory(simulatedMachines.smt8.shape, reads));
    expect(reads.filter((path) => path.includes('/topology/'))).to.have.length(8);
  });
});

describe('the nodes that readMachine finds', () => {
  it('are those with a directory, whatever node/possible says', () => {
    const files = { [`${NODE}/possible`]: '0-63\n', [`${NODE}/node_x/cpulist`]: '0\n' };
    const { nodes } = read(machine([node(0), node(250)], { files }));
    expect(nodes.map(({ nodeId }) => nodeId)).to.deep.equal([0, 250]);
  });

  it('have the CPUs of cpumap where cpulist is missing, and none where both are', () => {
    const files = {
      [`${NODE}/node0/cpulist`]: null,
      [`${NODE}/node0/cpumap`]: '00000000,0000000a\n',
      [`${NODE}/node1/cpulist`]: null,
    };
    const { nodes } = read(machine([node(0), node(1)], { files }));
    expect(nodes.map(({ cpus }) => cpus)).to.deep.equal(['1,3', '']);
  });

  it('have the memory null without meminfo or without MemTotal in it', () => {
    const files = {
      [`${NODE}/node0/meminfo`]: null,
      [`${NODE}/node1/meminfo`]: 'Node 1 MemFree: 5 kB\n',
    };
    const { nodes } = read(machine([node(0), node(1)], { files }));
    expect(nodes.map(({ memoryTotalKb }) => memoryTotalKb)).to.deep.equal([null, null]);
  });

  const three = [node(0), node(1), node(3)];
  const distancesOfNode0 = (files: Record<string, string | null>) =>
    read(machine(three, { files })).nodes[0]?.distances.map((d) => [d.nodeId, d.distance]);

  it('have distances by position in node/online', () => {
    const files = { [`${NODE}/online`]: '0,2-3\n', [`${NODE}/node0/distance`]: '10 31 41\n' };
    const columns = [
      [0, 10],
      [2, 31],
      [3, 41],
    ];
    expect(distancesOfNode0(files)).to.deep.equal(columns);
  });

  for (const online of ['0-1\n', null]) {
    it(`have distances by directory when node/online is ${JSON.stringify(online)}`, () => {
      const files = { [`${NODE}/online`]: online, [`${NODE}/node0/distance`]: '10 31 41\n' };
      const columns = [
        [0, 10],
        [1, 31],
        [3, 41],
      ];
      expect(distancesOfNode0(files)).to.deep.equal(columns);
    });
  }

  for (const text of ['10 21\n', '10 21 31 41\n', '\n', null]) {
    it(`have no distances when three nodes and ${JSON.stringify(text)} do not fit`, () => {
      expect(distancesOfNode0({ [`${NODE}/node0/distance`]: text })).to.deep.equal([]);
    });
  }
});

describe('the hugepages that readMachine finds', () => {
  it('may be in use or surplus, and as large as 16 GiB', () => {
    const pages = [
      { sizeKb: 64, total: 0, free: 0, surplus: 0 },
      { sizeKb: 2048, total: 20, free: 0, surplus: 12 },
      { sizeKb: 1_048_576, total: 8, free: 3, surplus: 0 },
      { sizeKb: 16_777_216, total: 2, free: 1, surplus: 0 },
    ];
    expect(read(machine([node(0, { pages })])).nodes[0]?.pages).to.deep.equal(pages);
  });

  const directory = `${NODE}/node0/hugepages/hugepages-2048kB`;
  const pages = [
    { sizeKb: 2048, total: 4, free: 4, surplus: 1 },
    { sizeKb: 1_048_576, total: 1, free: 1, surplus: 0 },
  ];
  const pagesWithout = (name: string) =>
    read(machine([node(0, { pages })], { files: { [`${directory}/${name}`]: null } })).nodes[0]
      ?.pages;

  it('have no surplus where the file for it is missing', () => {
    expect(pagesWithout('surplus_hugepages')?.[0]).to.deep.include({ total: 4, surplus: 0 });
  });

  for (const name of ['nr_hugepages', 'free_hugepages']) {
    it(`leave out a size whose ${name} has gone`, () => {
      expect(pagesWithout(name)).to.deep.equal(pages.slice(1));
    });
  }

  it('are none of directories whose names begin alike', () => {
    const files = { [`${NODE}/node0/hugepages/hugepages-2MB/nr_hugepages`]: '1\n' };
    expect(read(machine([node(0)], { files })).nodes[0]?.pages).to.deep.equal([]);
  });
});
