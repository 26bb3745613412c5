/** `get_memory_info`: capacity per node and size, and what of it is free. */

import { expect } from 'chai';
import fc from 'fast-check';
import { Host, hugepages, nodeOf, numa, pagesOf, type Wire } from './hosts.js';

const GIB_KB = 1_048_576;
const memory = (more: Wire = {}): Wire => ({ action: 'get_memory_info', ...more });

/** A host with one node and one size of pages. */
function hostWith(total: number, kernelFree: number): Host {
  return new Host({
    nodes: [nodeOf(0, 1, 1, [pagesOf(2048, total, kernelFree)])],
    numbering: 'contiguous',
  });
}

/** The same host after other programs began or ended to use pages. */
function nowFree(host: Host, total: number, kernelFree: number): Host {
  return host.become({ nodes: [nodeOf(0, 1, 1, [pagesOf(2048, total, kernelFree)])] });
}

const capacity = 'numa_hugepages.node0.capacity[0]';

describe('get_memory_info', () => {
  it('shows nodes and sizes ascending, and records by service', () => {
    const host = new Host({
      nodes: [
        nodeOf(10, 1, 1, [pagesOf(64, 7, 3), pagesOf(2048, 20, 15), pagesOf(GIB_KB, 2)]),
        nodeOf(0, 1),
        nodeOf(2, 0, 1, [pagesOf(2048, 4)]),
      ],
      numbering: 'contiguous',
    });
    host.grant(
      hugepages('b', 10, 2048, 8),
      hugepages('b', 10, GIB_KB, 1),
      hugepages('a', 2, 2048, 1),
    );
    const reply = host.ask(memory({ service_name: 'viewer' }));
    expect(reply).to.deep.equal({
      version: '1.0',
      service_name: 'viewer',
      numa_hugepages: {
        node0: { capacity: [], allocations: {} },
        node2: {
          capacity: [{ total: 4, free: 3, size: 2048 }],
          allocations: { a: { 2048: 1 } },
        },
        node10: {
          capacity: [
            { total: 7, free: 3, size: 64 },
            { total: 20, free: 12, size: 2048 },
            { total: 2, free: 1, size: GIB_KB },
          ],
          allocations: { b: { 2048: 8, [GIB_KB]: 1 } },
        },
      },
    });
    const nodes = Object.keys(reply['numa_hugepages'] as object);
    expect(nodes).to.deep.equal(['node0', 'node2', 'node10']);
  });

  it('echoes the service name, which is empty when it is absent or null', () => {
    const host = hostWith(1, 1);
    expect(host.ask(memory())).to.deep.include({ service_name: '' });
    expect(host.ask(memory({ service_name: null }))).to.deep.include({ service_name: '' });
    expect(host.ask(memory({ service_name: 'x' }))).to.deep.include({ service_name: 'x' });
  });

  it('shows the same to every service', () => {
    const host = hostWith(8, 8).grant(hugepages('a', 0, 2048, 2), hugepages('b', 0, 2048, 3));
    expect(host.ask(memory({ service_name: 'a' }))['numa_hugepages']).to.deep.equal(
      host.ask(memory())['numa_hugepages'],
    );
  });

  it('shows no node on a machine without NUMA', () => {
    const host = new Host({ nodes: [nodeOf(0, 4)], numbering: 'contiguous', numa: false });
    expect(host.ask(memory())).to.have.deep.property('numa_hugepages', {});
  });

  it('shows what is recorded on a node that is gone, and forgets the node with it', () => {
    const host = new Host({
      nodes: [nodeOf(0, 1), nodeOf(1, 1, 1, [pagesOf(2048, 4)])],
      numbering: 'contiguous',
      isolated: '0-1',
    });
    host.grant(hugepages('a', 1, 2048, 2), numa('a', 1, 1)).become({ goneNodes: [1] });
    const node0 = { capacity: [], allocations: {} };
    expect(host.ask(memory())['numa_hugepages']).to.deep.equal({
      node0,
      node1: { capacity: [], allocations: { a: { 2048: 2 } } },
    });
    host.grant(hugepages('a', 1, 2048, -1));
    expect(host.ask(memory())['numa_hugepages']).to.deep.equal({ node0 });
  });
});

describe('free hugepages', () => {
  for (const [total, kernelFree, recorded, free, why] of [
    [20, 20, 0, 20, 'nothing is recorded and nothing is used'],
    [20, 20, 8, 12, 'all that is recorded is not yet in use'],
    [20, 15, 0, 15, 'pages are used without a record'],
    [20, 15, 8, 12, 'part of what is recorded is in use'],
    [20, 12, 8, 12, 'exactly what is recorded is in use'],
    [20, 10, 8, 10, 'more is used than is recorded'],
    [20, 0, 8, 0, 'everything is used'],
    [10, 9, 15, 0, 'more is recorded than there is'],
    [0, 0, 4, 0, 'the pool was emptied under a record'],
  ] as const) {
    it(`are ${free} of ${total} when ${why}`, () => {
      const host = hostWith(20, 20);
      if (recorded > 0) host.grant(hugepages('a', 0, 2048, recorded));
      expect(nowFree(host, total, kernelFree).ask(memory())).to.have.deep.nested.property(
        capacity,
        {
          total,
          free,
          size: 2048,
        },
      );
    });
  }

  it('are less the sum of what all services have recorded', () => {
    const host = hostWith(20, 20).grant(
      hugepages('a', 0, 2048, 3),
      hugepages('b', 0, 2048, 4),
      hugepages('c', 0, 2048, 5),
    );
    expect(nowFree(host, 20, 18).ask(memory())).to.have.nested.property(`${capacity}.free`, 8);
  });

  it('follow the formula of the contract, and are what an increase may use', () => {
    const counts = fc.record({
      total: fc.nat({ max: 40 }),
      used: fc.nat({ max: 40 }),
      records: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
      wanted: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(counts, ({ total, used, records, wanted }) => {
        const kernelFree = Math.max(total - used, 0);
        const host = hostWith(100, 100);
        records.forEach((count, index) => {
          host.grant(hugepages(`service-${index}`, 0, 2048, count));
        });
        nowFree(host, total, kernelFree);
        const sum = records.reduce((all, count) => all + count, 0);
        const notYetInUse = Math.max(sum - (total - kernelFree), 0);
        const free = Math.max(kernelFree - notYetInUse, 0);
        expect(host.ask(memory())).to.have.nested.property(`${capacity}.free`, free);
        const own = records[0] ?? 0;
        const reply = host.ask(hugepages('service-0', 0, 2048, wanted));
        expect('error' in reply).to.equal(wanted - own > 0 && wanted - own > free);
      }),
      { numRuns: 300 },
    );
  });
});
