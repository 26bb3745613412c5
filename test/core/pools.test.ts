/** The two pools: one per service, and what happens when CPUs come, go or are configured away. */

import { expect } from 'chai';
import {
  cores,
  expectRefusal,
  general,
  Host,
  list,
  nonPreemptive,
  numa,
  percent,
  twoNodes,
} from './hosts.js';

/** CPUs 0-1 and 4-5 are isolated, 2-3 and 6-7 the general pool: both pools are in both nodes. */
const newBothPools = () => new Host({ ...twoNodes, isolated: '0-1,4-5' }, '2-3,6-7');

describe('a service and its pool', () => {
  it('is served from the pool it names, by default the isolated one', () => {
    const host = newBothPools();
    expect(host.ask(cores('a', 3))).to.deep.include({ allocated_cores: '0-1,4', pool: 'isolated' });
    expect(host.ask(cores('b', 3, general))).to.deep.include({
      allocated_cores: '2-3,6',
      shared_cpus: '7',
      total_available_cpus: 4,
      remaining_available_cpus: 1,
      pool: 'general',
    });
  });

  for (const request of [cores('a', 1), cores('a', -1), cores('a', 0), percent('a', 50)]) {
    it(`is refused ${JSON.stringify(request)} in the pool it does not use`, () => {
      const isolated = newBothPools().grant(numa('a', 0, 1));
      expectRefusal(isolated.ask({ ...request, ...general }), 'POOL_CONFLICT');
      expect(isolated.cpusOf('a')).to.equal('0');
      const other = newBothPools().grant(numa('a', 0, 1, general));
      expectRefusal(other.ask({ ...request, pool: 'isolated' }), 'POOL_CONFLICT');
      expectRefusal(other.ask(request), 'POOL_CONFLICT');
      expect(other.cpusOf('a')).to.equal('2');
    });
  }

  for (const count of [1, -1]) {
    it(`is refused ${count} CPUs of a node in the pool it does not use`, () => {
      const isolated = newBothPools().grant(numa('a', 0, 1));
      expectRefusal(isolated.ask(numa('a', 1, count, general)), 'POOL_CONFLICT');
      const other = newBothPools().grant(numa('a', 0, 1, general));
      expectRefusal(other.ask(numa('a', 0, count)), 'POOL_CONFLICT');
      expect(other.cpusOf('a')).to.equal('2');
    });
  }

  it('may use the other pool once it holds nothing', () => {
    const host = newBothPools().grant(cores('a', 1, general), cores('a', -1, general));
    expect(host.ask(cores('a', 1))).to.deep.include({ pool: 'isolated' });
  });
});

describe('a general pool that nobody configured', () => {
  const requests = [
    cores('a', 1, general),
    cores('a', -1, general),
    percent('a', 50, general),
    numa('a', 0, 1, general),
    numa('a', 0, -1, general),
    list(general),
  ];
  for (const request of requests) {
    it(`refuses ${JSON.stringify(request)}`, () => {
      expectRefusal(new Host(twoNodes).ask(request), 'POOL_NOT_CONFIGURED');
    });
  }

  it('lists and releases what is recorded in it, and grants nothing', () => {
    const host = newBothPools()
      .grant(numa('a', 0, 2, general), numa('a', 1, 1, general), cores('b', 1, general))
      .become({ general: null });
    expect(host.ask(list(general))).to.deep.include({
      total_allocations: 2,
      total_available_cpus: 0,
      cpu_pool: {
        source: 'configured',
        configured_cpus: '',
        eligible_cpus: '',
        unavailable_allocated_cpus: '2-3,6-7',
      },
    });
    for (const request of requests.filter(({ action }) => action !== 'list_allocations')) {
      if (request['num_of_cores'] === -1) continue;
      expectRefusal(host.ask(request), 'POOL_NOT_CONFIGURED');
    }
    host.grant(numa('a', 1, -1, general));
    expect(host.cpusOf('a')).to.equal('2-3');
    expect(host.ask(cores('a', -1, general))).to.deep.include({
      allocated_cores: '',
      total_available_cpus: 0,
      remaining_available_cpus: 0,
    });
    host.grant(percent('b', 0, general));
    expectRefusal(host.ask(list(general)), 'POOL_NOT_CONFIGURED');
  });
});

describe('a general pool whose list names isolated CPUs', () => {
  const closed = () =>
    newBothPools()
      .grant(cores('a', 2, general))
      .become({ general: '1-3,6-7' });

  it('grants nothing', () => {
    for (const request of [
      cores('b', 1, general),
      percent('b', 1, general),
      cores('a', 1, general),
    ]) {
      expectRefusal(closed().ask(request), 'NO_CPUS_AVAILABLE', 'No CPUs available');
    }
    expectRefusal(closed().ask(numa('b', 1, 1, general)), 'NO_CPUS_AVAILABLE');
  });

  it('lists and releases what is recorded in it', () => {
    const host = closed();
    expect(host.ask(list(general))).to.deep.include({
      total_allocated_cpus: 2,
      total_available_cpus: 0,
      remaining_available_cpus: 0,
      cpu_pool: {
        source: 'configured',
        configured_cpus: '1-3,6-7',
        eligible_cpus: '',
        unavailable_allocated_cpus: '2-3',
      },
    });
    host.grant(cores('a', -1, general));
    expect(host.ask(list(general))).to.deep.include({ total_allocations: 0 });
  });

  it('leaves the isolated pool as it is', () => {
    expect(closed().ask(cores('b', 4))).to.deep.include({ allocated_cores: '0-1,4-5' });
  });

  it('closes when the kernel isolates one of its CPUs, and opens again', () => {
    const host = newBothPools().become({ isolated: '0-2' });
    expectRefusal(host.ask(cores('a', 1, general)), 'NO_CPUS_AVAILABLE');
    host.become({ isolated: '0-1' });
    expect(host.ask(cores('a', 1, general))).to.deep.include({ allocated_cores: '2' });
  });
});

describe('a service that holds a CPU which is not eligible now', () => {
  const grants = [cores('a', 1), cores('a', 0), percent('a', 50), numa('a', 0, 1), numa('a', 1, 1)];
  for (const [title, change] of [
    ['went offline', { offline: '5' }],
    ['is of a node that went', { goneNodes: [1] }],
  ] as const) {
    it(`gets no further grant in any node when the CPU ${title}`, () => {
      const host = new Host(twoNodes).grant(numa('a', 0, 1), numa('a', 1, 2)).become(change);
      for (const request of grants) {
        if ('goneNodes' in change && request['numa_node'] === 1) continue;
        expectRefusal(host.ask(request), 'CPUS_UNAVAILABLE');
      }
      expect(host.cpusOf('a')).to.equal('0,4-5');
    });

    it(`can release it when the CPU ${title}`, () => {
      const host = new Host(twoNodes).grant(numa('a', 0, 1), numa('a', 1, 2)).become(change);
      host.grant(numa('a', 1, -1));
      expect(host.ask(numa('a', 0, 2))).to.deep.include({ cores_allocated: '0-1' });
    });
  }

  it('does not keep others from theirs', () => {
    const host = new Host(twoNodes).grant(numa('a', 1, 2)).become({ offline: '5' });
    expect(host.ask(numa('b', 1, 2))).to.deep.include({ cores_allocated: '6-7' });
    expect(host.ask(cores('c', 4))).to.deep.include({ allocated_cores: '0-3' });
  });

  it('gets grants again once the CPU is back', () => {
    const host = new Host(twoNodes).grant(numa('a', 1, 2)).become({ offline: '5' });
    host.become({ offline: '' });
    expect(host.ask(numa('a', 1, 3))).to.deep.include({ cores_allocated: '4-6' });
  });

  it('is counted in what is claimed and not in what is free', () => {
    const host = new Host(twoNodes).grant(cores('a', 4)).become({ offline: '2-3' });
    expect(host.ask(list())).to.deep.include({
      total_allocated_cpus: 4,
      total_available_cpus: 6,
      remaining_available_cpus: 4,
    });
    expect(host.ask(cores('b', 1))).to.deep.include({ remaining_available_cpus: 3 });
  });
});

describe('a pool with claims outside its configured CPUs', () => {
  /** Service `a` holds CPU 5, which is not isolated any more. */
  const strayed = () =>
    newBothPools()
      .grant(numa('a', 1, 2), numa('b', 0, 1, nonPreemptive))
      .become({
        isolated: '0-1,4',
      });

  it('grants nothing new to anybody', () => {
    for (const request of [cores('c', 1), percent('c', 1), numa('c', 0, 1), numa('b', 0, 2)]) {
      expectRefusal(strayed().ask(request), 'POOL_INCONSISTENT');
    }
    expectRefusal(strayed().ask(numa('a', 1, 1)), 'POOL_INCONSISTENT');
  });

  it('lists and releases', () => {
    const host = strayed();
    expect(host.ask(list())).to.have.nested.property('cpu_pool.unavailable_allocated_cpus', '5');
    host.grant(numa('b', 0, -1), cores('a', -1));
    expect(host.ask(cores('c', 3))).to.deep.include({ allocated_cores: '0-1,4' });
  });

  it('leaves the other pool as it is', () => {
    expect(strayed().ask(cores('c', 4, general))).to.deep.include({ allocated_cores: '2-3,6-7' });
  });

  it('grants again when the CPU returns to the pool', () => {
    const host = strayed().become({ isolated: '0-1,4-5' });
    expect(host.ask(cores('c', 1))).to.deep.include({ allocated_cores: '1' });
  });
});
