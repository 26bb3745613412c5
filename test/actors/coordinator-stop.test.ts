/** How the coordinator ends: after all that is under way. */

import { expect } from 'chai';
import { quiet } from './by-hand.js';
import { CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, list } from './requests.js';
import { machineOf } from './sketches.js';

describe('the coordinator that is told to stop', () => {
  const inspect = useFrozenContexts();

  async function bench() {
    const host = new CoordinatorBench({ facts: machineOf({ 0: '0-3', 1: '4-7' }), inspect });
    await host.start();
    return host;
  }

  const stop = (host: CoordinatorBench) => host.coordinator.send({ type: 'STOP' });
  const status = (host: CoordinatorBench) => host.coordinator.getSnapshot().status;

  it('ends at once when nothing is under way', async () => {
    const host = await bench();
    stop(host);
    expect(status(host)).to.equal('done');
    expect(host.states).to.deep.equal({ state: 'stopped' });
  });

  it('ends before it is ready, too', () => {
    const host = new CoordinatorBench({ facts: machineOf({ 0: '0' }), inspect });
    host.scans.respond = null;
    host.coordinator.start();
    stop(host);
    expect(status(host)).to.equal('done');
  });

  it('waits for the disk, and answers', async () => {
    const host = await bench();
    host.holdWrites();
    const change = host.send(cores('a', 2));
    await quiet();
    stop(host);
    await quiet();
    expect(host.states).to.include({ life: 'stopping' });
    expect(status(host)).to.equal('active');
    await host.written();
    expect(host.replyTo(change)).to.include({ allocated_cores: '0-1' });
    expect(status(host)).to.equal('done');
  });

  it('waits for a look at the machine, then for the disk', async () => {
    const host = await bench();
    host.holdLooks();
    host.holdWrites();
    const change = host.send(cores('a', 2));
    stop(host);
    await host.looked();
    expect(status(host)).to.equal('active');
    await host.written();
    expect(host.replyTo(change)).to.include({ allocated_cores: '0-1' });
    expect(status(host)).to.equal('done');
  });

  it('answers reads that wait for a look', async () => {
    const host = await bench();
    host.holdLooks();
    const reads = [host.send(list()), host.send(list()), host.send(list())];
    stop(host);
    await host.looked();
    await host.looked();
    expect(host.answered).to.deep.equal(reads);
    expect(status(host)).to.equal('done');
  });

  it('answers a list that waited for a write which then failed', async () => {
    const host = await bench();
    host.holdWrites();
    const change = host.send(cores('a', 2));
    await quiet();
    const look = host.send(list());
    await quiet();
    stop(host);
    await host.writeFails();
    expect(host.replyTo(change)).to.include({ code: 'STORAGE_FAILED' });
    expect(host.replyTo(look)).to.include({ total_allocations: 0 });
    expect(status(host)).to.equal('done');
  });
});
