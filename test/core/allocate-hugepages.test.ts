/** `allocate_hugepages`: records, and what the kernel's counters allow. */

import { expect } from 'chai';
import { cores, expectRefusal, Host, hugepages, nodeOf, pagesOf, type Wire } from './hosts.js';

const GIB_KB = 1_048_576;

/** Node 0 has 20 pages of 2 MiB and 2 of 1 GiB, node 1 has 4 of 2 MiB, node 2 none. */
const newHost = (free = 20) =>
  new Host({
    nodes: [
      nodeOf(0, 4, 1, [pagesOf(2048, 20, free), pagesOf(GIB_KB, 2)]),
      nodeOf(1, 4, 1, [pagesOf(2048, 4)]),
      nodeOf(2, 0),
    ],
    numbering: 'contiguous',
    isolated: '0-7',
  });

/** What is recorded on node 0: service → size → count. */
function recordsOf(host: Host): unknown {
  const nodes = host.ask({ action: 'get_memory_info' })['numa_hugepages'] as Record<string, Wire>;
  return nodes['node0']?.['allocations'];
}

describe('allocate_hugepages', () => {
  it('records a count and says so', () => {
    const host = newHost();
    const { message, ...reply } = host.ask(hugepages('a', 0, 2048, 10));
    expect(message).to.be.a('string');
    expect(message).not.to.equal('');
    expect(reply).to.deep.equal({
      version: '1.0',
      service_name: 'a',
      hugepages_requested: 10,
      allocation_successful: true,
      node_id: 0,
      size_kb: 2048,
    });
    expect(recordsOf(host)).to.deep.equal({ a: { 2048: 10 } });
  });

  it('replaces an earlier record of the same service, node and size', () => {
    const host = newHost().grant(hugepages('a', 0, 2048, 10), hugepages('a', 0, 2048, 4));
    expect(recordsOf(host)).to.deep.equal({ a: { 2048: 4 } });
  });

  it('keeps a record for each service, node and size', () => {
    const host = newHost().grant(
      hugepages('a', 0, 2048, 1),
      hugepages('a', 0, GIB_KB, 2),
      hugepages('a', 1, 2048, 3),
      hugepages('b', 0, 2048, 4),
    );
    expect(recordsOf(host)).to.deep.equal({ a: { 2048: 1, [GIB_KB]: 2 }, b: { 2048: 4 } });
    host.grant(hugepages('a', 0, 2048, -1));
    expect(recordsOf(host)).to.deep.equal({ a: { [GIB_KB]: 2 }, b: { 2048: 4 } });
  });

  it('records every page there is, and none more', () => {
    const host = newHost();
    host.grant(hugepages('a', 0, 2048, 20));
    const reply = host.ask(hugepages('b', 0, 2048, 1));
    expectRefusal(reply, 'INSUFFICIENT_HUGEPAGES');
    expect(reply['error']).to.equal(
      'NUMA node 0 size 2048 KB only has 0 free hugepages, requested additional 1',
    );
    expect(recordsOf(host)).to.deep.equal({ a: { 2048: 20 } });
  });

  it('needs pages only for an increase over its own record', () => {
    const host = newHost().grant(hugepages('a', 0, 2048, 8), hugepages('b', 0, 2048, 7));
    const reply = host.ask(hugepages('a', 0, 2048, 18));
    expectRefusal(reply, 'INSUFFICIENT_HUGEPAGES');
    expect(reply['error']).to.equal(
      'NUMA node 0 size 2048 KB only has 5 free hugepages, requested additional 10',
    );
    host.grant(hugepages('a', 0, 2048, 13), hugepages('a', 0, 2048, 13));
    expectRefusal(host.ask(hugepages('a', 0, 2048, 14)), 'INSUFFICIENT_HUGEPAGES');
    host.grant(hugepages('a', 0, 2048, 12), hugepages('b', 0, 2048, 8));
  });

  it('takes back to the same or a smaller record although no page is free', () => {
    const used = newHost(0);
    expectRefusal(used.ask(hugepages('a', 0, 2048, 1)), 'INSUFFICIENT_HUGEPAGES');
    const host = newHost().grant(hugepages('a', 0, 2048, 10));
    host.become({ nodes: [nodeOf(0, 4, 1, [pagesOf(2048, 3, 0)]), nodeOf(1, 4)] });
    host.grant(hugepages('a', 0, 2048, 10), hugepages('a', 0, 2048, 9));
    expectRefusal(host.ask(hugepages('a', 0, 2048, 10)), 'INSUFFICIENT_HUGEPAGES');
  });

  it('forgets a record, and succeeds when there is none', () => {
    const host = newHost().grant(hugepages('a', 0, 2048, 10), hugepages('b', 0, 2048, 1));
    for (const _ of ['recorded', 'forgotten already']) {
      const { message, ...reply } = host.ask(hugepages('a', 0, 2048, -1));
      expect(message).to.be.a('string');
      expect(reply).to.deep.equal({
        version: '1.0',
        service_name: 'a',
        hugepages_requested: -1,
        allocation_successful: true,
        node_id: 0,
        size_kb: 2048,
      });
      expect(recordsOf(host)).to.deep.equal({ b: { 2048: 1 } });
    }
    host.grant(hugepages('nobody', 1, 2048, -1));
  });

  it('forgets a record on a node, and of a size, that is gone', () => {
    const host = newHost().grant(
      hugepages('a', 0, GIB_KB, 1),
      hugepages('a', 1, 2048, 1),
      hugepages('b', 1, 2048, 1),
    );
    host.become({ nodes: [nodeOf(0, 4, 1, [pagesOf(2048, 20)]), nodeOf(1, 4)], goneNodes: [1] });
    host.grant(hugepages('a', 0, GIB_KB, -1), hugepages('a', 1, 2048, -1));
    expect(recordsOf(host)).to.deep.equal({});
    expect([...host.holdings.pages.keys()]).to.deep.equal([1]);
  });

  for (const count of [0, -2, -10]) {
    it(`refuses a count of ${count}`, () => {
      expectRefusal(newHost().ask(hugepages('a', 0, 2048, count)), 'INVALID_REQUEST');
    });
  }

  it('refuses a node that is not there', () => {
    const reply = newHost().ask(hugepages('a', 3, 2048, 1));
    expectRefusal(reply, 'NUMA_NODE_NOT_FOUND');
    expect(reply['error']).to.equal('NUMA node 3 not found');
  });

  it('refuses a size that the node does not have', () => {
    for (const nodeId of [1, 2]) {
      const reply = newHost().ask(hugepages('a', nodeId, GIB_KB, 1));
      expectRefusal(reply, 'HUGEPAGE_SIZE_NOT_FOUND');
      expect(reply['error']).to.equal(`Hugepage size 1048576 KB not found on node ${nodeId}`);
    }
  });

  it('has nothing to do with the CPUs, pool and policy of the service', () => {
    const host = newHost().grant(cores('a', 2, { preemption_policy: 'non-preemptive' }));
    host.grant(hugepages('a', 0, 2048, 4), cores('a', -1));
    expect(recordsOf(host)).to.deep.equal({ a: { 2048: 4 } });
  });

  it('records for names that mean something to an object', () => {
    const host = newHost();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      host.grant(hugepages(name, 0, 2048, 1));
    }
    expect(JSON.stringify(host.ask({ action: 'get_memory_info' }))).to.include(
      '"allocations":{"__proto__":{"2048":1},"constructor":{"2048":1},"toString":{"2048":1}}',
    );
    host.grant(hugepages('__proto__', 0, 2048, -1));
    expect(Object.keys(recordsOf(host) as object)).to.deep.equal(['constructor', 'toString']);
  });
});
