/** How the coordinator deals with nodes: those that come, those that go, and plans over several. */

import { expect } from 'chai';
import { quiet } from './by-hand.js';
import { CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, hugepages, list, numaCores } from './requests.js';
import { machineOf, smallPages } from './sketches.js';

const pages = [smallPages(8)];
const twoNodes = machineOf({ 0: { cpus: '0-3', pages }, 1: { cpus: '4-7', pages } });
const nodeZero = machineOf({ 0: { cpus: '0-3', pages } });

describe('the coordinator and its nodes', () => {
  const inspect = useFrozenContexts();

  async function bench(facts = twoNodes, general?: string) {
    const host = new CoordinatorBench({
      facts,
      inspect,
      ...(general === undefined ? {} : { general }),
    });
    await host.start();
    return host;
  }

  it('spreads a claim over the nodes that its CPUs are in', async () => {
    const host = await bench();
    await host.granted(cores('a', 6));
    expect(host.claims).to.deep.equal({ 'node-0': { a: '0-3' }, 'node-1': { a: '4-5' } });
    await host.granted(numaCores('b', 1, 2));
    await host.granted(hugepages('b', 1, 4));
    host.expectAgreement();
    expect([...(host.slices['node-1']?.records.keys() ?? [])]).to.deep.equal(['b']);
  });

  it('takes CPUs by force in one node, and leaves those of the other', async () => {
    const host = await bench();
    await host.granted(cores('a', 8));
    const reply = await host.granted(numaCores('b', 1, 3));
    expect(reply).to.deep.include({
      cores_allocated: '4-6',
      preempted: [{ service_name: 'a', cpus: '4-6' }],
    });
    expect(host.claims).to.deep.equal({
      'node-0': { a: '0-3' },
      'node-1': { a: '7', b: '4-6/4-6' },
    });
    host.expectAgreement();
  });

  it('appends to what a service holds in another node', async () => {
    const host = await bench();
    await host.granted(cores('a', 6));
    await host.granted(numaCores('b', 0, 2));
    await host.granted(numaCores('b', 1, 3));
    expect(host.claims).to.deep.equal({
      'node-0': { a: '2-3', b: '0-1/0-1' },
      'node-1': { a: '5', b: '4,6-7/4,6-7' },
    });
    host.expectAgreement();
  });

  it('makes an actor for a node that appears, and uses it for the request that found it', async () => {
    const host = await bench(nodeZero);
    expect(await host.ask(numaCores('a', 1, 1))).to.include({ code: 'NUMA_NODE_NOT_FOUND' });
    host.facts = twoNodes;
    expect(await host.granted(numaCores('a', 1, 1))).to.include({ cores_allocated: '4' });
    expect(host.claims).to.deep.equal({ 'node-0': {}, 'node-1': { a: '4/4' } });
    host.expectAgreement();
  });

  it('hears of a new node on its schedule, too', async () => {
    const host = await bench(nodeZero);
    host.facts = twoNodes;
    host.clock.increment(60_000);
    await quiet();
    expect(Object.keys(host.slices)).to.deep.equal(['node-0', 'node-1']);
    expect(host.news.slice(2)).to.deep.equal(['FACTS_CHANGED']);
  });

  it('forgets a node that vanishes while nothing is held there', async () => {
    const host = await bench();
    host.facts = nodeZero;
    await host.granted(list());
    expect(Object.keys(host.slices)).to.deep.equal(['node-0']);
    expect(host.emissions('NODE_REMOVED').map(({ nodeId }) => nodeId)).to.deep.equal([1]);
    expect(host.context.nodeIds).to.deep.equal([0]);
    expect(host.coordinator.getSnapshot().children).not.to.have.property('node-1');
    host.expectAgreement();
  });

  it('makes a new actor for a node that vanished and came back', async () => {
    const host = await bench();
    for (let round = 0; round < 3; round++) {
      host.facts = nodeZero;
      await host.granted(list());
      host.facts = twoNodes;
      expect(await host.granted(numaCores('a', 1, 1))).to.include({ cores_allocated: '4' });
      await host.granted(numaCores('a', 1, -1));
      host.expectAgreement();
    }
    expect(host.emissions('NODE_REMOVED')).to.have.length(3);
  });

  it('keeps a node that vanishes with claims until the last is released', async () => {
    const host = await bench();
    await host.granted(numaCores('a', 1, 2));
    await host.granted(hugepages('b', 1, 1));
    host.facts = nodeZero;
    expect(await host.granted(list())).to.deep.include({ total_allocated_cpus: 2 });
    expect(host.slices['node-1']).to.include({ isPresent: false });
    expect(host.claims).to.deep.equal({ 'node-0': {}, 'node-1': { a: '4-5/4-5' } });
    host.expectAgreement();
    expect(await host.ask(numaCores('b', 1, 1))).to.include({ code: 'NUMA_NODE_NOT_FOUND' });
    await host.granted(numaCores('a', 1, -1));
    expect(Object.keys(host.slices)).to.deep.equal(['node-0', 'node-1']);
    await host.granted(hugepages('b', 1, -1));
    expect(Object.keys(host.slices)).to.deep.equal(['node-0']);
    expect(host.emissions('NODE_REMOVED').map(({ nodeId }) => nodeId)).to.deep.equal([1]);
    host.expectAgreement();
  });

  it('gives a node that comes back with its claims to the same service', async () => {
    const host = await bench();
    await host.granted(numaCores('a', 1, 2));
    host.facts = nodeZero;
    await host.granted(list());
    host.facts = twoNodes;
    await host.granted(list());
    expect(host.slices['node-1']).to.include({ isPresent: true });
    expect(await host.granted(numaCores('a', 1, 3))).to.include({ cores_allocated: '4-6' });
    host.expectAgreement();
  });

  it('keeps the home of a claimed CPU that goes offline and of its node', async () => {
    const host = await bench();
    await host.granted(numaCores('a', 1, 2));
    host.facts = machineOf({ 0: { cpus: '0-3', pages }, 1: { cpus: '6-7', pages } });
    expect(await host.granted(list())).to.deep.include({ total_available_cpus: 6 });
    expect(host.claims['node-1']).to.deep.equal({ a: '4-5/4-5' });
    host.expectAgreement();
    expect(await host.ask(numaCores('a', 1, 3))).to.include({ code: 'INSUFFICIENT_CPUS' });
    expect(await host.ask(cores('a', 1))).to.include({ code: 'POOL_INCONSISTENT' });
    await host.granted(numaCores('a', 1, -1));
    expect(host.context.view.holdings.claims.size).to.equal(0);
    host.expectAgreement();
  });

  it('has an actor for CPUs that sit in no node while there are any', async () => {
    const host = await bench(machineOf({ 0: '0-1' }, { online: '0-3' }));
    expect(Object.keys(host.slices).sort()).to.deep.equal(['node-0', 'node-none']);
    await host.granted(cores('a', 4));
    expect(host.claims).to.deep.equal({ 'node-0': { a: '0-1' }, 'node-none': { a: '2-3' } });
    host.expectAgreement();
    host.facts = machineOf({ 0: '0-3' });
    host.clock.increment(60_000);
    await quiet();
    expect(host.claims).to.deep.include({ 'node-0': { a: '0-3' } });
    host.expectAgreement();
  });

  it('serves a machine without any node', async () => {
    const host = await bench(machineOf({}, { online: '0-3' }));
    await host.granted(cores('a', 3));
    expect(host.claims).to.deep.equal({ 'node-none': { a: '0-2' } });
    expect(await host.ask(numaCores('a', 0, 1))).to.include({ code: 'NUMA_NODE_NOT_FOUND' });
    host.expectAgreement();
  });

  it('serves the general pool beside the isolated one', async () => {
    const host = await bench(machineOf({ 0: '0-3', 1: '4-7' }, { isolated: '4-7' }), '1-3');
    await host.granted(cores('a', 2));
    expect(await host.granted(cores('b', 2, { pool: 'general' }))).to.include({
      allocated_cores: '1-2',
    });
    expect(await host.ask(cores('a', 1, { pool: 'general' }))).to.include({
      code: 'POOL_CONFLICT',
    });
    expect(host.claims).to.deep.equal({ 'node-0': { b: '1-2' }, 'node-1': { a: '4-5' } });
    host.expectAgreement();
  });

  it('tells the nodes of fresh page counters', async () => {
    const host = await bench();
    host.facts = machineOf({
      0: { cpus: '0-3', pages },
      1: { cpus: '4-7', pages: [smallPages(8, 1)] },
    });
    expect(await host.ask(hugepages('a', 1, 2))).to.include({ code: 'INSUFFICIENT_HUGEPAGES' });
    expect(host.slices['node-1']?.pages).to.deep.equal([smallPages(8, 1)]);
  });
});
