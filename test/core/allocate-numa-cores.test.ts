/** `allocate_numa_cores`: explicit claims in one node, without taking from others. */

import { expect } from 'chai';
import {
  cores,
  expectRefusal,
  general,
  Host,
  hugepages,
  nodeOf,
  nonPreemptive,
  numa,
  pagesOf,
  twoNodes,
} from './hosts.js';

describe('allocate_numa_cores', () => {
  it('claims CPUs of the node explicitly, and says which', () => {
    const host = new Host(twoNodes);
    expect(host.ask(numa('a', 1, 2))).to.deep.equal({
      version: '1.0',
      service_name: 'a',
      numa_node: 1,
      num_of_cores: 2,
      cores_allocated: '4-5',
      total_available_cpus: 8,
      remaining_available_cpus: 6,
      pool: 'isolated',
      preemption_policy: 'legacy',
    });
    expect(host.explicitCpusOf('a')).to.equal('4-5');
  });

  it('appends to what the service has in other nodes', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 2));
    expect(host.ask(numa('a', 1, 1))).to.deep.include({
      cores_allocated: '4',
      remaining_available_cpus: 5,
    });
    expect(host.cpusOf('a')).to.equal('0-1,4');
    expect(host.explicitCpusOf('a')).to.equal('0-1,4');
  });

  it('overrides what the service had in the node, with more or with less', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 1), numa('a', 1, 3));
    expect(host.ask(numa('a', 1, 1))).to.deep.include({ cores_allocated: '4' });
    expect(host.cpusOf('a')).to.equal('0,4');
    expect(host.ask(numa('a', 1, 4))).to.deep.include({ cores_allocated: '4-7' });
    expect(host.cpusOf('a')).to.equal('0,4-7');
  });

  it('overrides ordinary claims of the service in the node and leaves those elsewhere', () => {
    const host = new Host(twoNodes).grant(cores('a', 7));
    expect(host.ask(numa('a', 0, 2))).to.deep.include({ cores_allocated: '0-1' });
    expect(host.cpusOf('a')).to.equal('0-1,4-6');
    expect(host.explicitCpusOf('a')).to.equal('0-1');
  });

  it('changes nothing when it is repeated', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 3), numa('b', 0, 1));
    const first = host.ask(numa('a', 0, 3));
    expect(first).to.deep.include({ cores_allocated: '0-2' });
    expect(host.ask(numa('a', 0, 3))).to.deep.equal(first);
  });

  it('knows nodes by their ids, however sparse', () => {
    const host = new Host({ ...twoNodes, nodes: [nodeOf(8, 4), nodeOf(250, 4)] });
    expect(host.ask(numa('a', 250, 1))).to.deep.include({ numa_node: 250, cores_allocated: '4' });
    expectRefusal(host.ask(numa('a', 0, 1)), 'NUMA_NODE_NOT_FOUND', 'NUMA node 0 does not exist');
  });

  it('claims CPUs of the general pool in the node', () => {
    const host = new Host({ ...twoNodes, isolated: '0-1,4' }, '2-3,5-7');
    expect(host.ask(numa('a', 1, 2, general))).to.deep.include({
      cores_allocated: '5-6',
      total_available_cpus: 5,
      remaining_available_cpus: 3,
      pool: 'general',
    });
  });

  it('grants what is asked for wholly or not at all', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 1), numa('b', 1, 2), cores('victim', 5));
    expectRefusal(host.ask(numa('a', 1, 3)), 'INSUFFICIENT_CPUS');
    expect(host.cpusOf('a')).to.equal('0');
    expect(host.cpusOf('b')).to.equal('4-5');
    expect(host.cpusOf('victim')).to.equal('1-3,6-7');
  });

  for (const count of [0, -2, -100]) {
    it(`refuses a count of ${count}`, () => {
      expectRefusal(new Host(twoNodes).ask(numa('a', 0, count)), 'INVALID_REQUEST');
    });
  }
});

describe('a node that has too little', () => {
  it('does not exist for a node id that the machine does not have', () => {
    const reply = new Host(twoNodes).ask(numa('a', 7, 1));
    expectRefusal(reply, 'NUMA_NODE_NOT_FOUND');
    expect(reply['error']).to.equal('NUMA node 7 does not exist');
    const noNuma = new Host({ ...twoNodes, numa: false });
    expectRefusal(noNuma.ask(numa('a', 0, 1)), 'NUMA_NODE_NOT_FOUND', 'NUMA node 0 does not exist');
  });

  it('says how many isolated CPUs the node has', () => {
    const reply = new Host({ ...twoNodes, offline: '5' }).ask(numa('a', 1, 5));
    expectRefusal(reply, 'INSUFFICIENT_CPUS');
    expect(reply['error']).to.equal('NUMA node 1 only has 3 isolated CPUs, but 5 were requested');
  });

  it('says how many general CPUs the node has', () => {
    const reply = new Host({ ...twoNodes, isolated: '0,4' }, '1-3,5-7').ask(
      numa('a', 1, 5, general),
    );
    expectRefusal(reply, 'INSUFFICIENT_CPUS');
    expect(reply['error']).to.equal('NUMA node 1 only has 3 general CPUs, but 5 were requested');
  });

  it('refuses in a node without an eligible CPU', () => {
    const host = new Host({ ...twoNodes, isolated: '0-3' });
    expectRefusal(host.ask(numa('a', 1, 1)), 'NO_CPUS_AVAILABLE');
    const offline = new Host({ ...twoNodes, offline: '4-7' });
    expectRefusal(offline.ask(numa('a', 1, 1)), 'NO_CPUS_AVAILABLE');
    const memoryOnly = new Host({ ...twoNodes, nodes: [...twoNodes.nodes, nodeOf(2, 0)] });
    expectRefusal(memoryOnly.ask(numa('a', 2, 1)), 'NO_CPUS_AVAILABLE');
  });
});

describe('allocate_numa_cores that releases', () => {
  it('gives back what the service holds in the node and says that nothing is left there', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 2), numa('a', 1, 2), numa('b', 1, 1));
    expect(host.ask(numa('a', 1, -1))).to.deep.equal({
      version: '1.0',
      service_name: 'a',
      numa_node: 1,
      num_of_cores: -1,
      cores_allocated: '',
      total_available_cpus: 8,
      remaining_available_cpus: 5,
      pool: 'isolated',
      preemption_policy: 'legacy',
    });
    expect(host.cpusOf('a')).to.equal('0-1');
    expect(host.cpusOf('b')).to.equal('6');
  });

  it('has no policy any more after the last CPU', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 2, nonPreemptive), numa('a', 1, 2));
    expect(host.ask(numa('a', 0, -1))).to.deep.include({ preemption_policy: 'non-preemptive' });
    expect(host.ask(numa('a', 1, -1))).to.deep.include({ preemption_policy: null });
  });

  it('gives back ordinary claims as well as explicit ones', () => {
    const host = new Host(twoNodes).grant(cores('a', 6), numa('a', 0, 2));
    expect(host.explicitCpusOf('a')).to.equal('0-1');
    host.grant(numa('a', 1, -1));
    expect(host.cpusOf('a')).to.equal('0-1');
    host.grant(cores('a', 6), numa('a', 0, -1));
    expect(host.cpusOf('a')).to.equal('4-5');
  });

  it('succeeds where the service holds nothing', () => {
    const host = new Host(twoNodes).grant(numa('b', 0, 1));
    const reply = host.ask(numa('a', 0, -1));
    expect(reply).to.deep.include({ cores_allocated: '', preemption_policy: null });
    expect(host.ask(numa('b', 1, -1))).to.deep.include({ preemption_policy: 'legacy' });
    expect(host.cpusOf('b')).to.equal('0');
  });

  it('gives back CPUs of the node that went offline', () => {
    const host = new Host(twoNodes).grant(numa('a', 1, 3)).become({ offline: '5-7' });
    expect(host.ask(numa('a', 1, -1))).to.deep.include({ cores_allocated: '' });
    expect(host.cpusOf('a')).to.equal('');
  });

  it('gives back CPUs of the node that are not isolated any more', () => {
    const host = new Host(twoNodes).grant(numa('a', 1, 3)).become({ isolated: '0-3' });
    host.grant(numa('a', 1, -1));
    expect(host.cpusOf('a')).to.equal('');
  });

  it('works in a node that vanished, while claims are recorded there', () => {
    const host = new Host(twoNodes)
      .grant(numa('a', 0, 1), numa('a', 1, 3), numa('b', 1, 1))
      .become({ goneNodes: [1] });
    expectRefusal(host.ask(numa('c', 1, 1)), 'NUMA_NODE_NOT_FOUND', 'NUMA node 1 does not exist');
    host.grant(numa('c', 1, -1), numa('a', 1, -1));
    expect(host.cpusOf('a')).to.equal('0');
    host.grant(numa('b', 1, -1));
    expectRefusal(host.ask(numa('b', 1, -1)), 'NUMA_NODE_NOT_FOUND', 'NUMA node 1 does not exist');
  });

  it('finds the claims of a node that vanished and came back', () => {
    const host = new Host(twoNodes).grant(numa('a', 1, 2)).become({ goneNodes: [1] });
    host.become({ goneNodes: [] });
    expect(host.ask(numa('a', 1, 2))).to.deep.include({ cores_allocated: '4-5' });
    host.grant(numa('a', 1, -1));
    expect(host.cpusOf('a')).to.equal('');
  });

  it('does not touch hugepages of the service', () => {
    const host = new Host({ ...twoNodes, nodes: [nodeOf(0, 8, 1, [pagesOf(2048, 8)])] });
    host.grant(hugepages('a', 0, 2048, 4), numa('a', 0, 2), numa('a', 0, -1), cores('a', -1));
    expect(host.ask({ action: 'get_memory_info' })).to.have.nested.property(
      'numa_hugepages.node0.allocations.a.2048',
      4,
    );
  });
});
