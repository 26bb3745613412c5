/** What clients hear of requests that say where they want their CPUs. */

import { expect } from 'chai';
import type { DevicePlaces } from '../../src/core/machine.js';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import {
  cores,
  expectRefusal,
  Host,
  nodeOf,
  nonPreemptive,
  numa,
  percent,
  type Wire,
} from './hosts.js';

/** Nodes 0 and 1 of four cores n, n+8 with two cores a cache; all isolated. Node 2 has memory only. */
const shape: MachineShape = {
  nodes: [
    { ...nodeOf(0, 4, 2), coresPerCache: 2 },
    { ...nodeOf(1, 4, 2), coresPerCache: 2 },
    nodeOf(2, 0),
  ],
  numbering: 'interleaved',
  isolated: '0-15',
};

const CARD = '0000:3b:00.0';
const devices: DevicePlaces = new Map([
  [CARD, { nodeId: 1 }],
  ['0000:af:00.0', { nodeId: 2 }],
  ['0000:e1:00.0', { nodeId: 9 }],
  ['0000:00:1f.0', { nodeId: null, reason: 'there is no such device' }],
]);

function machine(of: MachineShape = shape): Host {
  const host = new Host(of);
  host.devices = devices;
  return host;
}

const at = (placement: Wire): Wire => ({ placement });

describe('a placement', () => {
  for (const [title, placement, count, list, placed] of [
    ['whole cores', { cores: 'whole' }, 4, '0-1,8-9', [[0], 1, 2, 0]],
    ['one thread a core', { cores: 'spread' }, 3, '0-2', [[0], 2, 0, 3]],
    ['one node, the one that fits best', { numa: 'single' }, 6, '0-2,8-10', [[0], 2, 3, 0]],
    ['few nodes', { numa: 'pack' }, 10, '0-4,8-12', [[0, 1], 3, 5, 0]],
    ['all nodes evenly', { numa: 'spread' }, 4, '0,4,8,12', [[0, 1], 2, 2, 0]],
    ['one cache', { cache: 'require' }, 3, '0-1,8', [[0], 1, 1, 1]],
    ['few caches', { cache: 'prefer' }, 6, '0-2,8-10', [[0], 2, 3, 0]],
    ['near a device', { near: '3B:00.0' }, 4, '4-5,12-13', [[1], 1, 2, 0]],
    [
      'all of it',
      { cores: 'whole', numa: 'single', cache: 'require', near: CARD },
      4,
      '4-5,12-13',
      [[1], 1, 2, 0],
    ],
  ] as const) {
    it(`gives ${title}`, () => {
      const reply = machine().ask(cores('a', count, at(placement)));
      expect(reply['allocated_cores']).to.equal(list);
      const [numa_nodes, last_level_caches, whole_cores, split_cores] = placed;
      expect(reply['placement']).to.deep.equal({
        numa_nodes,
        last_level_caches,
        whole_cores,
        split_cores,
      });
    });
  }

  it('fills the node that is fullest already, so that large holes stay large', () => {
    const host = machine().grant(numa('other', 1, 4));
    expect(host.ask(cores('a', 4, at({ numa: 'single' })))['allocated_cores']).to.equal(
      '6-7,14-15',
    );
    expect(host.ask(cores('b', 8, at({ numa: 'single' })))['allocated_cores']).to.equal('0-3,8-11');
  });

  it('moves a service that asks for something else', () => {
    const host = machine().grant(cores('a', 4));
    expect(host.cpusOf('a')).to.equal('0-1,8-9');
    expect(host.ask(cores('a', 4, at({ near: CARD })))['allocated_cores']).to.equal('4-5,12-13');
    expect(host.ask(cores('a', 4))['allocated_cores']).to.equal('4-5,12-13');
  });

  it('takes from others only what no free CPU can do', () => {
    const host = machine().grant(cores('victim', 7));
    expect(host.cpusOf('victim')).to.equal('0-3,8-10');
    const reply = host.ask(numa('a', 0, 2, at({ cores: 'whole' })));
    expect(reply).to.deep.include({
      cores_allocated: '3,11',
      preempted: [{ service_name: 'victim', cpus: '3' }],
      placement: { numa_nodes: [0], last_level_caches: 1, whole_cores: 1, split_cores: 0 },
    });
    const careful = machine().grant(cores('victim', 7));
    const refused = careful.ask(numa('a', 0, 2, { ...at({ cores: 'whole' }), ...nonPreemptive }));
    expectRefusal(refused, 'INSUFFICIENT_CPUS');
  });

  it('asks for the default share, and a percentage, of what can be so', () => {
    expect(machine().ask(cores('a', 0, at({ numa: 'single' })))).to.deep.include({
      cores_allocated: 6,
      allocated_cores: '0-2,8-10',
    });
    expect(machine().ask(cores('a', 0, at({ cores: 'spread' })))['cores_allocated']).to.equal(6);
    expect(machine().ask(percent('a', 25, at({ cores: 'whole' })))).to.deep.include({
      cores_allocated_count: 4,
      allocated_cores: '0-1,8-9',
    });
    expectRefusal(
      machine().ask(percent('a', 30, at({ cores: 'whole' }))),
      'INSUFFICIENT_CPUS',
      'Requested: 5 as whole cores; 4 or 6 can be had so. Available without that: 16',
    );
  });

  it('is ignored when CPUs are given back', () => {
    const host = machine().grant(cores('a', 4));
    const reply = host.ask(cores('a', -1, at({ near: '0000:00:1f.0', cores: 'whole' })));
    expect(reply).to.include({ cores_allocated: 0, allocated_cores: '' });
    expect(reply).not.to.have.property('placement');
  });

  it('does without caches that nobody knows, unless they are required', () => {
    const { nodes, ...rest } = shape;
    const without = machine({
      ...rest,
      nodes: nodes.map(({ coresPerCache: _, ...node }) => node),
    });
    const reply = without.ask(cores('a', 4, at({ cache: 'prefer' })));
    expect(reply).to.deep.include({
      allocated_cores: '0-1,8-9',
      placement: { numa_nodes: [0], last_level_caches: null, whole_cores: 2, split_cores: 0 },
    });
    const refused = without.ask(cores('b', 1, at({ cache: 'require' })));
    expectRefusal(refused, 'INVALID_REQUEST', 'the kernel does not say which isolated CPUs share');
    expect(refused['details']).to.deep.equal({ field: 'placement.cache' });
  });

  it('takes a machine without nodes for one node', () => {
    const host = machine({ ...shape, numa: false });
    const reply = host.ask(cores('a', 16, at({ numa: 'single', cores: 'whole' })));
    expect(reply['placement']).to.deep.equal({
      numa_nodes: [],
      last_level_caches: 4,
      whole_cores: 8,
      split_cores: 0,
    });
  });
});

describe('the refusal of a placement', () => {
  for (const [title, request, sentence, details] of [
    [
      'says which requirements leave how many',
      cores('a', 10, at({ numa: 'single', cores: 'whole' })),
      'Requested: 10 in one NUMA node, as whole cores; at most 8 can be had so. Available without that: 16',
      {
        requested: 10,
        available: 16,
        placement: { numa: 'single', cores: 'whole', largest_count: 8 },
      },
    ],
    [
      'names the device, and its node',
      cores('a', 9, at({ near: CARD })),
      `Requested: 9 in NUMA node 1 (near ${CARD}); at most 8 can be had so. Available without that: 16`,
      { placement: { near: CARD, largest_count: 8 } },
    ],
    [
      'names the caches',
      cores('a', 5, at({ cache: 'require', cores: 'spread' })),
      'Requested: 5 at one last-level cache, each on a core of its own; at most 2 can be had so.',
      { placement: { cache: 'require', cores: 'spread', largest_count: 2 } },
    ],
    [
      'names the node of a NUMA request',
      numa('a', 1, 5, at({ cores: 'spread' })),
      'Requested: 5 in NUMA node 1, each on a core of its own; at most 4 can be had so.',
      { numa_node: 1, available: 8, placement: { cores: 'spread', largest_count: 4 } },
    ],
  ] as const) {
    it(title, () => {
      const reply = machine().ask(request);
      expectRefusal(reply, 'INSUFFICIENT_CPUS', sentence);
      expect(reply['details']).to.deep.include(details);
    });
  }

  it('says who holds the rest', () => {
    const host = machine().grant(numa('holder', 0, 8), numa('holder', 1, 7));
    const reply = host.ask(cores('a', 1, at({ cores: 'whole' })));
    expectRefusal(reply, 'INSUFFICIENT_CPUS', 'at most 0 can be had so. Available without that: 1');
    expect(reply['details']).to.deep.include({
      held_by: [{ service_name: 'holder', cores_count: 15, preemption_policy: 'legacy' }],
    });
  });

  it('says why a device has no node, or not that one', () => {
    for (const [request, sentence] of [
      [cores('a', 1, at({ near: '00:1f.0' })), 'names no NUMA node: there is no such device'],
      [numa('a', 0, 1, at({ near: CARD })), 'is in NUMA node 1, but numa_node is 0'],
    ] as const) {
      const reply = machine().ask(request);
      expectRefusal(reply, 'INVALID_REQUEST', sentence);
      expect(reply['details']).to.deep.equal({ field: 'placement.near' });
    }
    expect(machine().ask(numa('a', 1, 1, at({ near: CARD })))).not.to.have.property('error');
  });

  it('grants nothing near a device that nobody looked for', () => {
    const reply = machine().ask(cores('a', 1, at({ near: '07:00.0' })));
    expectRefusal(reply, 'INTERNAL', 'PCI device 0000:07:00.0 was not looked for');
  });

  it('says when the node of a device is not there, or has no CPU of the pool', () => {
    const gone = machine().ask(cores('a', 1, at({ near: 'e1:00.0' })));
    expectRefusal(gone, 'NUMA_NODE_NOT_FOUND', 'NUMA node 9, in which 0000:e1:00.0 is, does not');
    expect(gone['details']).to.deep.equal({ numa_nodes: [0, 1, 2] });
    const empty = machine().ask(cores('a', 1, at({ near: 'af:00.0' })));
    expectRefusal(empty, 'NO_CPUS_AVAILABLE', 'in NUMA node 2, in which 0000:af:00.0 is');
    expect(empty['details']).to.deep.include({ numa_node: 2, pool: 'isolated', nearest: null });
  });

  it('comes after that of too few CPUs anywhere', () => {
    const reply = machine().ask(cores('a', 17, at({ cores: 'whole' })));
    expectRefusal(reply, 'INSUFFICIENT_CPUS', 'Requested: 17, Available: 16');
  });
});
