/** How the coordinator begins: on a machine that can be read, and on one that cannot. */

import { expect } from 'chai';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { NO_CPUS } from '../../src/core/cpu-set.js';
import { Holdings } from '../../src/core/holdings.js';
import type { Homes } from '../../src/core/homes.js';
import { quiet } from './by-hand.js';
import { CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, hugepages, list, numaCores } from './requests.js';
import { sysfsFault } from './scanner-bench.js';
import { machineOf, smallPages } from './sketches.js';

const facts = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8)] }, 1: '4-7' });
const PATH = '/sys/devices/system/cpu/online';

/** What was stored: `dpdk` with CPUs 4-5, explicit, and pages on node 0. */
const holdings = Holdings.none
  .withClaims([
    {
      serviceName: 'dpdk',
      claim: {
        pool: 'isolated',
        policy: 'legacy',
        cpus: parseCpuList('4-5'),
        explicitCpus: parseCpuList('4-5'),
      },
    },
  ])
  .withPages({ serviceName: 'dpdk', nodeId: 0, sizeKb: 2048, pageCount: 2 });
const homes: Homes = new Map([
  [0, parseCpuList('0-3')],
  [1, parseCpuList('4-7')],
]);

describe('the coordinator that starts', () => {
  const inspect = useFrozenContexts();

  it('is ready when the first scan ended, and tells so once', async () => {
    const host = new CoordinatorBench({ facts, inspect });
    host.scans.respond = null;
    await host.start();
    expect(host.states).to.deep.equal({ state: 'starting' });
    expect(host.news).to.deep.equal([]);
    await host.scans.last.resolve({ facts, takenAtMs: 0 });
    expect(host.states).to.deep.equal({ facts: 'settled', durability: 'ready', life: 'open' });
    expect(host.news).to.deep.equal(['FACTS_CHANGED', 'READY']);
    expect(host.emissions('READY')[0]?.view.facts).to.equal(facts);
    host.clock.increment(60_000);
    await quiet();
    expect(host.news).to.deep.equal(['FACTS_CHANGED', 'READY']);
  });

  it('queues requests until it is ready, then answers them in order after one look', async () => {
    const host = new CoordinatorBench({ facts, inspect });
    host.scans.respond = null;
    host.coordinator.start();
    const requests = [host.send(cores('a', 2)), host.send(list()), host.send(cores('b', 2))];
    await quiet();
    expect(host.answered).to.deep.equal([]);
    expect(host.looks.calls).to.have.length(0);
    await host.scans.last.resolve({ facts, takenAtMs: 0 });
    await quiet();
    expect(host.answered).to.deep.equal(requests);
    expect(host.looks.calls).to.have.length(1);
    expect(host.verdicts).to.deep.equal({ 1: 'granted', 2: 'granted', 3: 'granted' });
    host.expectAgreement();
  });

  it('makes an actor for each node that the scan finds', async () => {
    const host = new CoordinatorBench({
      facts: machineOf({ 0: '0-1', 8: '2-3', 255: '' }),
      inspect,
    });
    await host.start();
    expect(Object.keys(host.slices)).to.deep.equal(['node-0', 'node-8', 'node-255']);
  });

  it('gives what was stored to the nodes, before anything is read', async () => {
    const host = new CoordinatorBench({ facts, holdings, homes, inspect });
    host.scans.respond = null;
    await host.start();
    host.expectAgreement();
    expect(host.claims).to.deep.equal({ 'node-0': {}, 'node-1': { dpdk: '4-5/4-5' } });
    await host.scans.last.resolve({ facts, takenAtMs: 0 });
    host.expectAgreement();
    expect(Object.values(host.slices).map(({ isPresent }) => isPresent)).to.deep.equal([
      true,
      true,
    ]);
  });

  it('writes what it was given once, and nothing else of its own accord', async () => {
    const host = new CoordinatorBench({ facts, holdings, homes, inspect });
    await host.start();
    expect(host.writes.calls).to.have.length(1);
    expect(host.disk?.holdings).to.equal(holdings);
    expect(host.states).to.include({ durability: 'ready' });
    host.clock.increment(3_600_000);
    await quiet();
    expect(host.changeWrites).to.deep.equal([]);
    host.expectAgreement();
  });

  it('puts where claimed CPUs are at home on disk before anything changes', async () => {
    const host = new CoordinatorBench({ facts, holdings, inspect });
    await host.start();
    expect([...(host.disk?.homes.keys() ?? [])]).to.deep.equal([0, 1]);
  });

  it('answers reads while its first write is under way, and changes behind it', async () => {
    const host = new CoordinatorBench({ facts, holdings, homes, inspect });
    host.holdWrites();
    await host.start();
    expect(host.states).to.include({ durability: 'committing' });
    expect(await host.granted(list())).to.include({ total_allocations: 1 });
    const change = host.send(cores('b', 1));
    await quiet();
    expect(host.answered).not.to.include(change);
    await host.written();
    await host.written();
    expect(host.replyTo(change)).to.include({ cores_allocated: 1 });
    host.expectAgreement();
  });

  it('is read-only from the start when nothing can be stored, and not any more when it can', async () => {
    const host = new CoordinatorBench({ facts, holdings, homes, inspect });
    host.holdWrites();
    await host.start();
    host.clock.increment(1_000);
    await host.writeFails('EROFS: read-only file system');
    expect(host.states).to.include({ durability: 'readOnly' });
    expect(host.news).to.deep.equal(['FACTS_CHANGED', 'READY', 'STORE_PROBLEM']);
    expect(await host.ask(cores('b', 1))).to.deep.include({
      code: 'READ_ONLY',
      details: { since: '1970-01-01T00:00:01.000Z', reason: 'EROFS: read-only file system' },
    });
    expect(await host.granted(list())).to.include({ total_allocations: 1 });
    await host.recover();
    expect(await host.granted(cores('b', 1))).to.include({ cores_allocated: 1 });
    host.expectAgreement();
  });

  it('remembers where claimed CPUs were at home that are offline now', async () => {
    const offline = machineOf({ 0: '0-3', 1: '6-7' });
    const host = new CoordinatorBench({ facts: offline, holdings, homes, inspect });
    await host.start();
    expect(host.claims['node-1']).to.deep.equal({ dpdk: '4-5/4-5' });
    expect(await host.granted(numaCores('dpdk', 1, -1))).to.include({ cores_allocated: '' });
    expect(host.claims).to.deep.equal({ 'node-0': {}, 'node-1': {} });
    host.expectAgreement();
  });

  it('puts claimed CPUs of which nothing is known into no node', async () => {
    const host = new CoordinatorBench({ facts: machineOf({ 0: '0-3' }), holdings, inspect });
    await host.start();
    expect(host.claims).to.deep.equal({ 'node-none': { dpdk: '4-5/4-5' }, 'node-0': {} });
    await host.granted(cores('dpdk', -1));
    host.expectAgreement();
  });
});

describe('the coordinator that cannot read sysfs', () => {
  const inspect = useFrozenContexts();

  async function unreadable() {
    const host = new CoordinatorBench({ facts, holdings, homes, inspect });
    host.fault = sysfsFault(PATH, '"x" is no CPU list');
    await host.start();
    return host;
  }

  it('is ready all the same, and says which file is wrong', async () => {
    const host = await unreadable();
    expect(host.news).to.deep.equal(['SYSFS_PROBLEM', 'READY']);
    expect(host.emissions('SYSFS_PROBLEM')[0]?.problem).to.deep.equal({
      path: PATH,
      reason: '"x" is no CPU list',
    });
  });

  it('lists and releases', async () => {
    const host = await unreadable();
    expect(await host.granted(list())).to.deep.include({
      total_allocations: 1,
      total_allocated_cpus: 2,
      total_available_cpus: 0,
    });
    expect(await host.granted(numaCores('dpdk', 1, -1))).to.include({ numa_node: 1 });
    expect(await host.granted(hugepages('dpdk', 0, -1))).to.include({ hugepages_requested: -1 });
    expect(await host.granted(list())).to.include({ total_allocations: 0 });
    expect(host.disk?.holdings.claims.size).to.equal(0);
    host.expectAgreement();
  });

  it('grants nothing, and names the path', async () => {
    const host = await unreadable();
    for (const grant of [
      cores('a', 1),
      cores('a', 0),
      numaCores('a', 0, 1),
      hugepages('a', 0, 1),
    ]) {
      const outcome = await host.ask(grant);
      expect(outcome).to.deep.include({
        code: 'INTERNAL',
        details: { path: PATH, reason: '"x" is no CPU list' },
      });
      expect(outcome).to.have.property('message').that.includes(PATH);
    }
    expect(host.context.view.holdings).to.equal(holdings);
    expect(host.changeWrites).to.deep.equal([]);
  });

  it('grants again as soon as it can read, without waiting for the schedule', async () => {
    const host = await unreadable();
    host.fault = null;
    expect(await host.granted(cores('a', 1))).to.include({ allocated_cores: '0' });
    expect(host.news.filter((type) => type.startsWith('SYSFS'))).to.deep.equal([
      'SYSFS_PROBLEM',
      'SYSFS_RECOVERED',
    ]);
    host.expectAgreement();
  });

  it('says so once while the fault is the same, and again when it is another', async () => {
    const host = await unreadable();
    await host.ask(cores('a', 1));
    host.clock.increment(60_000);
    await quiet();
    expect(host.emissions('SYSFS_PROBLEM')).to.have.length(1);
    host.fault = sysfsFault('/sys/devices/system/node/online', 'EIO');
    await host.ask(cores('a', 1));
    expect(host.emissions('SYSFS_PROBLEM').map(({ problem }) => problem.path)).to.deep.equal([
      PATH,
      '/sys/devices/system/node/online',
    ]);
  });

  it('keeps what it knew of the machine when reading fails later', async () => {
    const host = new CoordinatorBench({ facts, inspect });
    await host.start();
    await host.granted(numaCores('a', 1, 2));
    host.fault = sysfsFault(PATH, 'EIO');
    expect(await host.ask(numaCores('a', 1, 3))).to.include({ code: 'INTERNAL' });
    expect(await host.granted(list())).to.include({ total_available_cpus: 8 });
    expect(host.claims).to.deep.equal({ 'node-0': {}, 'node-1': { a: '4-5/4-5' } });
  });

  it('knows nothing of a machine that has nothing, and says so to who asks', async () => {
    const bare = { onlineCpus: NO_CPUS, isolatedCpus: NO_CPUS, cores: [], caches: [], nodes: [] };
    const host = new CoordinatorBench({ facts: bare, inspect });
    await host.start();
    expect(host.news).to.include('READY');
    expect(await host.ask(cores('a', 1))).to.include({ code: 'NO_CPUS_AVAILABLE' });
  });
});
