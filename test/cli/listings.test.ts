/** What `list` and `topology` print, from replies. */

import { expect } from 'chai';
import { formatDistances } from '../../src/cli/distances.js';
import { formatList } from '../../src/cli/list.js';
import { formatTopology } from '../../src/cli/topology.js';
import { type Held, lines, machineOf, terminal, topologyOf } from './topologies.js';

const machine = machineOf(2, 2, 2, { isolated: '1-3,5-7', offline: '7' });
const claims: Record<string, Held> = {
  ceph: { allocated_cores: '2-3', preemption_policy: 'non-preemptive', explicit_cores: '3' },
  dpdk: { allocated_cores: '5,7', is_explicit: true },
};
const PICTURE = lines(`
node 0  64 GiB   node 1  64 GiB
┌──────┬──────┐  ┌──────┬──────┬──────┐
│ 0 -  │ 1 .  │  │ 2 A  │ 3 A  │ 7 B! │
│ 4 -  │ 5 B  │  │ 6 .  │      │      │
└──────┴──────┘  └──────┴──────┴──────┘
`);

describe('list', () => {
  it('shows the picture, what is free, and who holds what', () => {
    expect(formatList(topologyOf(machine, claims), terminal(80))).to.equal(
      `${PICTURE}\n${lines(`
. free   - in no pool   ! behind a letter: held, but offline or out of its pool

isolated pool: 5 CPUs, 2 free (1,6), the others held by 2 services
   SERVICE  CPUS  KIND      POLICY          WHICH
A  ceph        2  mixed     non-preemptive  2-3
                                            explicit: 3
B  dpdk        2  explicit  legacy          5,7
                                            not available now: 7
`)}`,
    );
  });

  it('has a table for each pool in use', () => {
    const topology = topologyOf(
      machineOf(1, 4, 1, { isolated: '2-3' }),
      { web: { allocated_cores: '0', pool: 'general' } },
      '0-1',
    );
    expect(tail(formatList(topology, terminal(80)))).to.equal(
      lines(`
isolated pool: 2 CPUs, 2 free (2-3), held by nobody

general pool: 2 CPUs, 1 free (1), the others held by 1 service
   SERVICE  CPUS  KIND      POLICY  WHICH
A  web         1  ordinary  legacy  0
`),
    );
    expect(tail(formatList(topology, terminal(80), 'isolated'))).to.equal(
      'isolated pool: 2 CPUs, 2 free (2-3), held by nobody',
    );
  });

  it('says why there is nothing to hold', () => {
    expect(tail(formatList(topologyOf(machineOf(1, 2, 1)), terminal(80)))).to.equal(
      'isolated pool: no CPU, because this machine isolates none (isolcpus=)',
    );
    const offline = machineOf(1, 2, 1, { isolated: '1', offline: '1' });
    expect(tail(formatList(topologyOf(offline), terminal(80)))).to.equal(
      'isolated pool: none of its CPUs can be had (1)',
    );
  });

  it('breaks long lists of CPUs behind commas', () => {
    const odd = Array.from({ length: 20 }, (_, index) => 2 * index + 1).join();
    const shape = machineOf(1, 40, 1, { isolated: '1-39' });
    const text = tail(
      formatList(topologyOf(shape, { vm: { allocated_cores: odd } }), terminal(60)),
    );
    expect(text.split('\n').slice(-3)).to.deep.equal([
      'A  vm         20  ordinary  legacy  1,3,5,7,9,11,13,15,17,',
      '                                    19,21,23,25,27,29,31,33,',
      '                                    35,37,39',
    ]);
  });

  it('shows names that would spoil the line for what they are', () => {
    const topology = topologyOf(machineOf(1, 2, 1, { isolated: '1' }), {
      'a\u202eb': { allocated_cores: '1' },
    });
    expect(formatList(topology, terminal(80))).to.include('A  a\\u202eb ');
  });
});

describe('topology', () => {
  it('shows CPUs, cores, nodes, memory, distances and the picture', () => {
    expect(formatTopology(topologyOf(machine, claims, '0,4'), terminal(80))).to.equal(
      lines(`
7 CPUs online (0-6), 4 cores of 1 or 2 threads, 2 NUMA nodes
isolated pool: 5 CPUs (1-3,5-6); configured are 1-3,5-7
general pool: 2 CPUs (0,4)

NODE  MEMORY          CPUS  CORES  THREADS  WHICH
   0  64 GiB             4      2        2  0-1,4-5
   1  64 GiB  3 +1 offline      2   1 or 2  2-3,6-7

DISTANCE   0   1
       0  10  21
       1  21  10

${PICTURE.replaceAll('-  │', ':  │')}
. free   : free, general pool
! behind a letter: held, but offline or out of its pool

   SERVICE  CPUS  KIND      POLICY          WHICH
A  ceph        2  mixed     non-preemptive  2-3
                                            explicit: 3
B  dpdk        2  explicit  legacy          5,7
                                            not available now: 7
`),
    );
  });

  it('names the pools of the owners where there are both', () => {
    const both = { ...claims, web: { allocated_cores: '0', pool: 'general' } as const };
    const text = formatTopology(topologyOf(machine, both, '0,4'), terminal(80));
    expect(text).to.include('   SERVICE  POOL      CPUS  KIND');
    expect(text).to.include('C  web      general      1  ordinary  legacy          0');
  });

  it('says that it is old where the machine cannot be read', () => {
    const sysfs_problem = { path: '/sys/devices/system/cpu/online', reason: 'not a list' };
    const text = formatTopology({ ...topologyOf(machine), sysfs_problem }, terminal(80));
    expect(text.split('\n\n')[0]).to.equal(
      'old: the machine cannot be read (/sys/devices/system/cpu/online: not a list);\n' +
        'what it was like before is this',
    );
  });

  it('shows a machine without NUMA', () => {
    const shape = { ...machineOf(1, 2, 1, { isolated: '1' }), numa: false };
    expect(formatTopology(topologyOf(shape), terminal(80))).to.equal(
      lines(`
2 CPUs online (0-1), 2 cores of 1 thread, no NUMA node
isolated pool: 1 CPU (1)
general pool: not configured

NODE  MEMORY  CPUS  CORES  THREADS  WHICH
none       ?     2      2        1  0-1

in no node
┌─────┬─────┐
│ 0 - │ 1 . │
└─────┴─────┘
. free   - in no pool
`),
    );
  });
});

describe('the distances', () => {
  const { nodes } = topologyOf(machineOf(40, 1, 1));

  it('are a sentence where many nodes are alike', () => {
    expect(formatDistances(nodes, terminal(80))).to.equal(
      'distance: 10 within a node, 21 to any other',
    );
  });

  it('are tables that fit where they are not', () => {
    const [first, ...others] = nodes;
    const uneven = [
      { ...nodes[0], ...first, distances: { ...first?.distances, 39: 32 } },
      ...others,
    ];
    const text = formatDistances(uneven as typeof nodes, terminal(80)).split('\n');
    expect(Math.max(...text.map((line) => line.length))).to.be.at.most(80);
    expect(text).to.have.length(3 * 41);
    expect(text.at(-40)).to.equal(`       0${'  21'.repeat(11)}  32`);
  });

  it('are not shown for one node', () => {
    expect(formatDistances(nodes.slice(0, 1), terminal(80))).to.equal('');
  });
});

/** What stands below the picture and its key. */
function tail(text: string): string {
  return text.split('\n\n').slice(1).join('\n\n');
}
