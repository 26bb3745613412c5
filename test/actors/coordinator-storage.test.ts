/** What the coordinator does when the state cannot be stored, and when it can be again. */

import { expect } from 'chai';
import type { ListAllocationsReply } from '../../src/protocol/reply.js';
import { quiet } from './by-hand.js';
import { CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, hugepages, list, numaCores } from './requests.js';
import { machineOf, readableHoldings, smallPages } from './sketches.js';

const facts = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8)] }, 1: '4-7' });

describe('the coordinator whose store fails', () => {
  const inspect = useFrozenContexts();

  /** `a` holds CPUs 0-1 and 4, on disk; the next writes are the test's. */
  async function bench() {
    const host = new CoordinatorBench({ facts, inspect });
    await host.start();
    await host.granted(cores('a', 2));
    await host.granted(numaCores('a', 1, 1));
    await host.granted(hugepages('a', 0, 3));
    host.holdWrites();
    return host;
  }

  const claimsBefore = { 'node-0': { a: '0-1' }, 'node-1': { a: '4/4' } };

  it('undoes in the nodes what is not durable, and answers with an error', async () => {
    const host = await bench();
    const first = host.send(numaCores('b', 0, 4));
    await quiet();
    const others = [host.send(cores('a', -1)), host.send(hugepages('c', 0, 5))];
    await quiet();
    expect(host.claims).to.deep.equal({ 'node-0': { b: '0-3/0-3' }, 'node-1': {} });
    await host.writeFails();
    expect(host.answered.slice(-3)).to.deep.equal([first, ...others]);
    for (const request of [first, ...others]) {
      expect(host.replyTo(request)).to.include({ code: 'STORAGE_FAILED' });
      expect(host.replyTo(request)).to.have.property('message').that.includes('ENOSPC');
    }
    expect(host.claims).to.deep.equal(claimsBefore);
    host.expectAgreement();
    expect(host.emissions('UNDONE')).to.have.length(1);
    expect(host.emissions('UNDONE')[0]).to.deep.include({ requestCount: 3 });
  });

  it('keeps what was durable when only a later write fails', async () => {
    const host = await bench();
    const kept = host.send(cores('b', 1));
    await quiet();
    const lost = host.send(cores('c', 1));
    await quiet();
    await host.written();
    await host.writeFails();
    expect(host.replyTo(kept)).to.include({ allocated_cores: '2' });
    expect(host.replyTo(lost)).to.include({ code: 'STORAGE_FAILED' });
    expect(host.claims['node-0']).to.deep.equal({ a: '0-1', b: '2' });
    host.expectAgreement();
  });

  it('answers a list that waited with what is there after all', async () => {
    const host = await bench();
    const change = host.send(cores('b', 2));
    await quiet();
    const look = host.send(list());
    await quiet();
    await host.writeFails();
    expect(host.answered.slice(-2)).to.deep.equal([change, look]);
    const { allocations } = host.replyTo(look) as ListAllocationsReply;
    expect(allocations.map((one) => one.service_name)).to.deep.equal(['a']);
  });

  it('decides a refusal that waited anew', async () => {
    const host = await bench();
    host.send(cores('b', 5));
    await quiet();
    const refused = host.send(cores('c', 1));
    const released = host.send(cores('nobody', -1));
    await quiet();
    await host.writeFails();
    // The CPUs are there again, but nothing can be stored.
    expect(host.replyTo(refused)).to.include({ code: 'READ_ONLY' });
    expect(host.replyTo(released)).to.include({ cores_allocated: 0 });
  });

  it('decides anew with the devices that were named, whatever others named since', async () => {
    const host = await bench();
    const near = (serviceName: string, address: string) => ({
      ...cores(serviceName, 1),
      placement: { cores: 'any', numa: 'any', cache: 'any', near: address } as const,
    });
    host.send(cores('b', 5));
    await quiet();
    const first = host.send(near('c', '0000:3b:00.0'));
    await quiet();
    const second = host.send(near('d', '0000:af:00.0'));
    await quiet();
    await host.writeFails();
    for (const refused of [first, second]) {
      expect(host.replyTo(refused)).to.include({ code: 'READ_ONLY' });
    }
  });

  it('refuses changes until it has recovered, and goes on reading', async () => {
    const host = await bench();
    host.send(cores('b', 1));
    await quiet();
    await host.writeFails('EIO');
    expect(host.states).to.include({ durability: 'readOnly' });
    for (const change of [cores('b', 1), cores('a', -1), numaCores('b', 1, 1)]) {
      const outcome = await host.ask(change);
      expect(outcome).to.include({ code: 'READ_ONLY' });
      expect(outcome).to.have.property('message').that.includes('EIO');
    }
    expect(await host.ask(hugepages('a', 0, -1))).to.include({ code: 'READ_ONLY' });
    expect(await host.granted(list())).to.include({ total_allocations: 1 });
    expect(await host.granted(cores('nobody', -1))).to.include({ cores_allocated: 0 });
    expect(await host.ask(cores('b', 100))).to.include({ code: 'INSUFFICIENT_CPUS' });
    expect(host.claims).to.deep.equal(claimsBefore);
  });

  it('brings the disk to what is known, then takes changes again', async () => {
    const host = await bench();
    const known = readableHoldings(host.context.view.holdings);
    host.send(cores('b', 1));
    await quiet();
    await host.writeFails();
    host.disk = null;
    await host.recover();
    expect(host.states).to.include({ durability: 'ready' });
    expect(readableHoldings(host.writes.last.input.next.holdings)).to.deep.equal(known);
    expect(host.news.filter((type) => type.startsWith('STORE'))).to.deep.equal([
      'STORE_PROBLEM',
      'STORE_RECOVERED',
    ]);
    expect(await host.granted(cores('b', 1))).to.include({ allocated_cores: '2' });
    host.expectAgreement();
  });

  it('stays read-only while retries fail, and loses nothing', async () => {
    const host = await bench();
    host.send(cores('b', 1));
    await quiet();
    for (let failure = 0; failure < 8; failure++) {
      await host.writeFails();
      expect(await host.ask(cores('c', 1))).to.include({ code: 'READ_ONLY' });
      expect(host.claims).to.deep.equal(claimsBefore);
      host.clock.increment(10_000);
      await quiet();
    }
    await host.recover();
    expect(await host.granted(cores('c', 1))).to.include({ allocated_cores: '2' });
    host.expectAgreement();
  });

  it('says once why nothing can be stored, and keeps since when', async () => {
    const host = await bench();
    host.clock.increment(5_000);
    host.send(cores('b', 1));
    await quiet();
    for (const reason of ['EIO', 'EIO', 'ENOSPC', 'ENOSPC']) {
      await host.writeFails(reason);
      expect(host.context.storeProblem).to.deep.equal({ reason, atMs: 5_000 });
      host.clock.increment(10_000);
      await quiet();
    }
    const reasons = host.emissions('STORE_PROBLEM').map(({ problem }) => problem.reason);
    expect(reasons).to.deep.equal(['EIO', 'ENOSPC']);
    await host.recover();
    expect(host.context.storeProblem).to.equal(null);
  });

  it('gives up a write that does not end, and undoes its change', async () => {
    const host = await bench();
    const change = host.send(cores('b', 1));
    await quiet();
    host.clock.increment(10_000);
    await quiet();
    expect(host.replyTo(change)).to.include({ code: 'STORAGE_FAILED' });
    expect(host.replyTo(change)).to.have.property('message').that.includes('did not answer');
    expect(host.claims).to.deep.equal(claimsBefore);
    // The disk may still take it, which the next write makes good.
    await host.recover();
    expect(await host.granted(cores('b', 1))).to.include({ allocated_cores: '2' });
    host.expectAgreement();
  });

  it('answers no request twice', async () => {
    const host = await bench();
    const requests = [cores('b', 1), list(), cores('c', 1), list()].map((one) => host.send(one));
    await quiet();
    await host.writeFails();
    await host.recover();
    for (const request of requests) host.replyTo(request);
    expect(new Set(host.answered).size).to.equal(host.answered.length);
  });

  it('undoes the release of a node that is gone, which knows its CPUs as before', async () => {
    const host = await bench();
    host.facts = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8)] } });
    await host.granted(list());
    host.holdWrites();
    const release = host.send(numaCores('a', 1, -1));
    await quiet();
    await host.writeFails();
    expect(host.replyTo(release)).to.include({ code: 'STORAGE_FAILED' });
    expect(host.claims).to.deep.equal(claimsBefore);
    host.expectAgreement();
    await host.recover();
    expect(await host.granted(numaCores('a', 1, -1))).to.include({ numa_node: 1 });
    expect(host.claims).to.deep.equal({ 'node-0': { a: '0-1' } });
    host.expectAgreement();
  });
});
