/** What the coordinator does when one of its own actors is wrong or fails. */

import { expect } from 'chai';
import { numaNodeMachine } from '../../actors/numa-node.js';
import { isRefusal } from '../../src/protocol/error-codes.js';
import { Brittle } from './brittle.js';
import { quiet } from './by-hand.js';
import { type BenchOptions, CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, hugepages, list, numaCores } from './requests.js';
import { machineOf, smallPages } from './sketches.js';

const facts = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8)] }, 1: '4-7' });

describe('the coordinator with an actor that fails', () => {
  const inspect = useFrozenContexts();
  let brittle = new Brittle();

  beforeEach(() => {
    brittle = new Brittle();
  });

  /** `a` holds CPUs 0-1 and 4, on disk. */
  async function bench(machines: Partial<BenchOptions> = brittle.machines) {
    const host = new CoordinatorBench({ facts, inspect, ...machines });
    await host.start();
    await host.granted(cores('a', 2));
    await host.granted(numaCores('a', 1, 1));
    return host;
  }

  const claimsBefore = { 'node-0': { a: '0-1' }, 'node-1': { a: '4/4' } };

  describe('when a node refuses a plan that was decided', () => {
    const lying = {
      numaNode: numaNodeMachine.provide({
        guards: {
          keepsInvariants: ({ context }) => !brittle.isDue(`node-${context.slice.nodeId}`),
        },
      }),
    };

    it('says that it is its own fault, and changes nothing in any node', async () => {
      const host = await bench(lying);
      brittle.arm('node-1');
      const { slices } = host;
      const outcome = await host.ask(cores('b', 5));
      expect(outcome).to.include({ code: 'INTERNAL' });
      expect(outcome).to.have.property('message').that.includes('node-1');
      expect(host.emissions('BUG')).to.have.length(1);
      expect(host.emissions('BUG')[0]?.sentence).to.include('node-1 refuses a decided plan');
      expect(host.slices).to.deep.equal(slices);
      expect(host.changeWrites).to.have.length(2);
      host.expectAgreement();
    });

    it('goes on with other requests', async () => {
      const host = await bench(lying);
      brittle.arm('node-1');
      await host.ask(cores('b', 5));
      expect(await host.granted(cores('b', 2))).to.include({ allocated_cores: '2-3' });
      host.expectAgreement();
    });

    it('refuses only the one that it is about, of several that are decided together', async () => {
      const host = await bench(lying);
      // What is asked while this one is under way is decided together.
      const first = host.send(list());
      const refused = host.send(numaCores('b', 1, 1));
      const granted = [host.send(numaCores('c', 1, 2)), host.send(cores('d', 2))];
      // It refuses what all of them together change there, and then the first of them.
      brittle.arm('node-1', 2);
      await quiet();
      expect(host.answered.slice(-4)).to.deep.equal([first, refused, ...granted]);
      expect(host.verdicts).to.include({ [refused]: 'INTERNAL' });
      for (const id of granted) expect(host.verdicts).to.include({ [id]: 'granted' });
      expect(host.claims).to.deep.equal({
        'node-0': { a: '0-1', d: '2-3' },
        'node-1': { a: '4/4', c: '5-6/5-6' },
      });
      host.expectAgreement();
    });
  });

  describe('when a node fails', () => {
    it('makes it anew from what is durable, and undoes the change', async () => {
      const host = await bench();
      host.holdWrites();
      brittle.arm('node-1');
      const change = host.send(cores('b', 5));
      await quiet();
      expect(host.replyTo(change)).to.include({ code: 'INTERNAL' });
      expect(host.replyTo(change)).to.have.property('message').that.includes('node-1');
      expect(host.claims).to.deep.equal(claimsBefore);
      expect(host.emissions('CHILD_FAILED')).to.have.length(1);
      expect(host.emissions('CHILD_FAILED')[0]).to.include({ actorId: 'node-1' });
    });

    it('has what is durable on disk in the end, whatever was being written', async () => {
      const host = await bench();
      host.holdWrites();
      const first = host.send(cores('b', 1));
      await quiet();
      brittle.arm('node-1');
      const second = host.send(numaCores('c', 1, 1));
      await quiet();
      expect(isRefusal(host.replyTo(first))).to.equal(true);
      expect(isRefusal(host.replyTo(second))).to.equal(true);
      await host.recover();
      expect(host.claims).to.deep.equal(claimsBefore);
      expect(host.states).to.include({ durability: 'ready' });
      host.expectAgreement();
    });

    it('goes on with all nodes', async () => {
      const host = await bench();
      brittle.arm('node-1');
      await host.ask(cores('b', 5));
      expect(await host.granted(cores('b', 5))).to.include({ allocated_cores: '2-3,5-7' });
      await host.granted(hugepages('b', 0, 2));
      host.expectAgreement();
    });

    it('answers a list that waited with what is there after all', async () => {
      const host = await bench();
      host.holdWrites();
      host.send(cores('b', 1));
      await quiet();
      const look = host.send(list());
      await quiet();
      brittle.arm('node-1');
      host.send(numaCores('c', 1, 1));
      await quiet();
      expect(host.replyTo(look)).to.include({ total_allocations: 1 });
    });
  });

  describe('when the store fails', () => {
    it('makes it anew, undoes what it was given, and stores what is durable', async () => {
      const host = await bench();
      brittle.arm('store');
      expect(await host.ask(cores('b', 1))).to.include({ code: 'INTERNAL' });
      expect(host.emissions('CHILD_FAILED').map(({ actorId }) => actorId)).to.deep.equal(['store']);
      expect(host.claims).to.deep.equal(claimsBefore);
      expect(host.states).to.include({ durability: 'ready' });
      host.expectAgreement();
      expect(await host.granted(cores('b', 1))).to.include({ allocated_cores: '2' });
      expect(host.context.generation).to.equal(5);
      host.expectAgreement();
    });

    it('undoes all that waits, and answers lists with what is there after all', async () => {
      const host = await bench();
      host.holdWrites();
      const requests = [host.send(cores('b', 1)), host.send(list()), host.send(cores('c', 1))];
      await quiet();
      brittle.arm('store');
      host.send(cores('d', 1));
      await quiet();
      expect(host.verdicts).to.include({
        3: 'INTERNAL',
        4: 'granted',
        5: 'INTERNAL',
        6: 'INTERNAL',
      });
      expect(host.replyTo(requests[1] ?? 0)).to.include({ total_allocations: 1 });
      expect(host.claims).to.deep.equal(claimsBefore);
    });

    it('does not take the end of a write of the old one for its own', async () => {
      const host = await bench();
      host.holdWrites();
      host.send(cores('b', 1));
      await quiet();
      brittle.arm('store');
      host.send(cores('c', 1));
      await quiet();
      const news = host.emitted.length;
      await host.written();
      expect(host.emitted.slice(news)).to.deep.equal([]);
      expect(host.states).to.include({ durability: 'committing' });
      await host.written();
      expect(host.states).to.include({ durability: 'ready' });
      host.expectAgreement();
    });
  });

  describe('when the scanner fails', () => {
    it('makes it anew, and refuses grants that waited for its look', async () => {
      const host = await bench();
      brittle.arm('scanner');
      expect(await host.ask(cores('b', 1))).to.deep.include({
        code: 'INTERNAL',
        details: { path: '/sys', reason: 'the scanner failed' },
      });
      expect(host.emissions('CHILD_FAILED')[0]).to.include({ actorId: 'scanner' });
      expect(host.scans.calls).to.have.length(2);
      expect(await host.granted(cores('b', 1))).to.include({ allocated_cores: '2' });
    });

    it('answers lists all the same', async () => {
      const host = await bench();
      brittle.arm('scanner');
      expect(await host.granted(list())).to.include({ total_allocations: 1 });
    });

    it('lets requests that came meanwhile have a look of their own', async () => {
      const host = await bench();
      host.holdLooks();
      const first = host.send(list());
      const second = host.send(cores('b', 1));
      brittle.arm('scanner');
      await host.looked();
      expect(host.replyTo(first)).to.include({ total_allocations: 1 });
      expect(host.replyTo(second)).to.include({ code: 'INTERNAL' });
    });
  });

  describe('when actors fail again and again', () => {
    it('bears with 10 failures, and ends itself with the 11th', async () => {
      const host = await bench();
      for (let count = 1; count <= 10; count++) {
        brittle.arm('scanner');
        await host.granted(list());
      }
      expect(host.failure).to.equal(null);
      brittle.arm('node-0');
      host.send(cores('b', 1));
      await quiet();
      expect(host.failure).to.be.instanceOf(Error);
      expect(String(host.failure)).to.include('node-0').and.include('is broken');
    });

    it('forgives them after a minute', async () => {
      const host = await bench();
      for (let round = 0; round < 3; round++) {
        for (let count = 1; count <= 10; count++) {
          brittle.arm('scanner');
          await host.granted(list());
        }
        host.clock.increment(60_000);
        await quiet();
      }
      expect(host.emissions('CHILD_FAILED')).to.have.length(30);
      await host.granted(cores('b', 1));
      host.expectAgreement();
    });

    it('ends itself when a child does nothing but fail', async () => {
      const host = await bench();
      brittle.arm('store', Number.POSITIVE_INFINITY);
      host.send(cores('b', 1));
      await quiet();
      expect(String(host.failure)).to.include('store');
      expect(host.coordinator.getSnapshot().status).to.equal('error');
    });
  });
});
