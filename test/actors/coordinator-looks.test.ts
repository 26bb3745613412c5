/** Requests that come with a look at the machine: who need not ask is answered at once. */

import { expect } from 'chai';
import type { VitalSigns } from '../../src/core/machine.js';
import { ROOT } from '../core/callers.js';
import { quiet } from './by-hand.js';
import { CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, hugepages, list } from './requests.js';
import { sysfsFault } from './scanner-bench.js';
import { machineOf, smallPages } from './sketches.js';

const MACHINE = { 0: { cpus: '0-3', pages: [smallPages(10)] }, 1: { cpus: '4-7' } };
const facts = machineOf(MACHINE, { online: '0-7', isolated: '0-7' });
const withoutCpu7 = machineOf(
  { ...MACHINE, 1: { cpus: '4-6' } },
  { online: '0-6', isolated: '0-7' },
);
const withFewerPages = machineOf(
  { ...MACHINE, 0: { cpus: '0-3', pages: [smallPages(3)] } },
  { online: '0-7', isolated: '0-7' },
);

describe('the coordinator, given a look with a request', () => {
  const inspect = useFrozenContexts();
  let host: CoordinatorBench;

  beforeEach(async () => {
    host = new CoordinatorBench({ facts, inspect });
    await host.start();
    host.holdLooks();
  });

  const send = (request: Parameters<CoordinatorBench['send']>[0], look: VitalSigns | null) =>
    host.send(request, ROOT, look);

  it('answers at once when the machine is as it is known', async () => {
    const ids = [send(list(), host.glance(list()))];
    expect([...host.answered]).to.deep.equal(ids);
    const one = cores('a', 2);
    ids.push(send(one, host.glance(one)));
    await quiet();
    expect([...host.answered]).to.deep.equal(ids);
    expect(host.looks.calls).to.have.length(0);
  });

  for (const [what, changed, request] of [
    ['other CPUs are online', withoutCpu7, cores('a', 8)],
    ['another number of pages is there', withFewerPages, hugepages('a', 0, 5)],
  ] as const) {
    it(`has the scanner look when ${what}`, async () => {
      host.facts = changed;
      const id = send(request, host.glance(request));
      await quiet();
      expect([...host.answered]).to.deep.equal([]);
      await host.recoverAll();
      expect([...host.answered]).to.deep.equal([id]);
      expect(host.replies[0]?.outcome).to.have.property('code');
    });
  }

  it('does not trust a look while the machine cannot be read', async () => {
    host.fault = sysfsFault('/sys/devices/system/cpu/online', 'EIO');
    host.clock.increment(60_000);
    await quiet();
    expect(host.emissions('SYSFS_PROBLEM')).to.have.length(1);
    send(list(), host.glance(list()));
    send(cores('a', 1), host.glance(cores('a', 1)));
    await quiet();
    expect(host.looks.calls).to.have.length(1);
  });

  it('lets nobody overtake those who wait for the scanner', async () => {
    const first = send(cores('a', 8), null);
    const second = send(cores('b', 8), host.glance(cores('b', 8)));
    await quiet();
    expect([...host.answered]).to.deep.equal([]);
    await host.recoverAll();
    expect(host.replies.map(({ ticketId }) => ticketId)).to.deep.equal([first, second]);
    expect(host.replies[0]?.outcome).not.to.have.property('code');
    expect(host.replies[1]?.outcome).to.have.property('code');
  });
});
