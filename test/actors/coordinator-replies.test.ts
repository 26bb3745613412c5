/** When a reply may leave: after a look at the machine, and when all that it saw is durable. */

import { expect } from 'chai';
import type { ListAllocationsReply, Reply } from '../../src/protocol/reply.js';
import { quiet } from './by-hand.js';
import { CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, hugepages, list, numaCores } from './requests.js';
import { machineOf, smallPages } from './sketches.js';

const facts = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8)] }, 1: '4-7' });

/** Service and CPUs of each line of a list. */
function listed(reply: unknown): Record<string, string> {
  const { allocations } = reply as ListAllocationsReply;
  return Object.fromEntries(allocations.map((one) => [one.service_name, one.allocated_cores]));
}

describe('the coordinator and fresh facts', () => {
  const inspect = useFrozenContexts();

  async function bench() {
    const made = new CoordinatorBench({ facts, inspect });
    await made.start();
    return made;
  }

  it('looks at the machine after a request arrived, and answers then', async () => {
    const host = await bench();
    host.holdLooks();
    const request = host.send(list());
    expect(host.looks.calls).to.have.length(1);
    await quiet();
    expect(host.answered).to.deep.equal([]);
    await host.looked();
    expect(host.answered).to.deep.equal([request]);
  });

  it('lets requests that come during a look wait for the next, and share it', async () => {
    const host = await bench();
    host.holdLooks();
    const first = host.send(list());
    const others = [1, 2, 3].map(() => host.send(list()));
    expect(host.context.asking.map(({ ticketId }) => ticketId)).to.deep.equal([first]);
    expect(host.context.waiting.map(({ ticketId }) => ticketId)).to.deep.equal(others);
    await host.looked();
    expect(host.answered).to.deep.equal([first]);
    expect(host.looks.calls).to.have.length(2);
    await host.looked();
    expect(host.answered).to.deep.equal([first, ...others]);
    expect(host.looks.calls).to.have.length(2);
  });

  it('grants what a request finds when its own look ends, not what an earlier one saw', async () => {
    const host = await bench();
    host.holdLooks();
    host.send(list());
    const late = host.send(cores('a', 8));
    await host.looked();
    host.facts = machineOf({ 0: '0-3', 1: '4-7' }, { online: '0-6', isolated: '0-7' });
    await host.looked();
    await host.looked();
    expect(host.replyTo(late)).to.include({ code: 'INSUFFICIENT_CPUS' });
  });

  it('asks for the page counters that its requests need', async () => {
    const host = await bench();
    const wanted = async (...requests: Parameters<typeof host.send>[0][]) => {
      host.holdLooks();
      host.send(list());
      for (const request of requests) host.send(request);
      await host.looked();
      await host.looked();
      return host.looks.last.input.pagesOf;
    };
    expect(await wanted(cores('a', 1), numaCores('b', 1, 1))).to.equal('none');
    expect(await wanted(hugepages('a', 0, 1), hugepages('b', 1, 1))).to.deep.equal([0, 1]);
    expect(await wanted(hugepages('a', 0, -1))).to.equal('none');
    const memory = { action: 'get_memory_info', serviceName: '' } as const;
    expect(await wanted(hugepages('a', 0, 1), memory)).to.equal('all');
  });

  it('asks for the devices that its requests name, and decides by where they are', async () => {
    const host = await bench();
    const at = (near: string) => ({ cores: 'any', numa: 'any', cache: 'any', near }) as const;
    host.holdLooks();
    host.send(list());
    const one = host.send({ ...cores('a', 1), placement: at('0000:3b:00.0') });
    host.send({ ...cores('b', -1), placement: at('0000:af:00.0') });
    await host.looked();
    await host.looked();
    expect(host.looks.last.input.devices).to.deep.equal(['0000:3b:00.0']);
    await quiet();
    expect(host.replyTo(one)).to.include({ allocated_cores: '4' });
  });

  it('gives the last CPU to one of two that ask for it at once', async () => {
    const host = await bench();
    await host.granted(cores('a', 7));
    const [one, other] = [host.send(cores('b', 1)), host.send(cores('c', 1))];
    await quiet();
    expect(host.replyTo(one)).to.include({ allocated_cores: '7' });
    expect(host.replyTo(other)).to.include({ code: 'INSUFFICIENT_CPUS' });
    host.expectAgreement();
  });
});

describe('the coordinator and durability', () => {
  const inspect = useFrozenContexts();

  async function bench() {
    const made = new CoordinatorBench({ facts, inspect });
    await made.start();
    made.holdWrites();
    return made;
  }

  it('answers a change only when it is on disk', async () => {
    const host = await bench();
    const request = host.send(cores('a', 2));
    await quiet();
    expect(host.states).to.include({ durability: 'committing', facts: 'settled' });
    expect(host.claims).to.deep.equal({ 'node-0': { a: '0-1' }, 'node-1': {} });
    expect(host.answered).to.deep.equal([]);
    await host.written();
    expect(host.replyTo(request)).to.include({ allocated_cores: '0-1' });
    expect(host.states).to.include({ durability: 'ready', facts: 'settled' });
    host.expectAgreement();
  });

  it('answers a read at once when nothing is pending', async () => {
    const host = await bench();
    expect(await host.granted(list())).to.include({ total_allocations: 0 });
    expect(host.changeWrites).to.deep.equal([]);
  });

  it('writes nothing for a request that changes nothing', async () => {
    const host = await bench();
    host.send(cores('a', 2));
    await quiet();
    await host.written();
    await host.granted(cores('a', 2));
    await host.granted(cores('nobody', -1));
    await host.granted(hugepages('nobody', 0, -1));
    expect(host.changeWrites).to.have.length(1);
    expect(await host.ask(cores('b', 100))).to.include({ code: 'INSUFFICIENT_CPUS' });
    expect(host.changeWrites).to.have.length(1);
  });

  it('lets a list that saw a change wait until it is on disk', async () => {
    const host = await bench();
    const change = host.send(cores('a', 2));
    await quiet();
    const look = host.send(list());
    await quiet();
    expect(host.answered).to.deep.equal([]);
    await host.written();
    expect(host.answered).to.deep.equal([change, look]);
    expect(listed(host.replyTo(look))).to.deep.equal({ a: '0-1' });
  });

  it('lets a refusal that saw a change wait until it is on disk', async () => {
    const host = await bench();
    const change = host.send(cores('a', 8));
    const refused = host.send(cores('b', 1));
    await quiet();
    expect(host.answered).to.deep.equal([]);
    await host.written();
    expect(host.answered).to.deep.equal([change, refused]);
    expect(host.replyTo(refused)).to.include({ code: 'INSUFFICIENT_CPUS' });
  });

  it('lets changes that come during a write share the next, and answers in order', async () => {
    const host = await bench();
    const first = host.send(cores('a', 1));
    await quiet();
    const others = [
      host.send(cores('b', 1)),
      host.send(list()),
      host.send(cores('c', 1)),
      host.send(hugepages('c', 0, 3)),
      host.send(list()),
    ];
    await quiet();
    expect(host.changeWrites).to.have.length(1);
    await host.written();
    expect(host.answered).to.deep.equal([first]);
    expect(host.changeWrites).to.have.length(2);
    await host.written();
    expect(host.answered).to.deep.equal([first, ...others]);
    expect(host.changeWrites).to.have.length(2);
    expect(host.context.generation).to.equal(3);
    const lists = host.replies
      .map(({ outcome }) => outcome as Reply)
      .filter((r) => 'allocations' in r);
    expect(lists.map(listed)).to.deep.equal([
      { a: '0', b: '1' },
      { a: '0', b: '1', c: '2' },
    ]);
    host.expectAgreement();
  });

  it('lets a list wait for the newest change that it saw only', async () => {
    const host = await bench();
    const first = host.send(cores('a', 1));
    await quiet();
    const look = host.send(list());
    await quiet();
    const second = host.send(cores('b', 1));
    await quiet();
    await host.written();
    expect(host.answered).to.deep.equal([first, look]);
    await host.written();
    expect(host.answered).to.deep.equal([first, look, second]);
  });

  it('stores who holds what and where it is at home', async () => {
    const host = await bench();
    host.send(numaCores('a', 1, 2));
    await quiet();
    await host.written();
    expect(host.disk?.holdings).to.equal(host.context.view.holdings);
    expect(host.disk?.homes).to.deep.equal(host.context.view.homes);
    expect([...(host.disk?.homes.keys() ?? [])]).to.deep.equal([0, 1]);
  });

  it('tells the edges of a change when it is decided, and again when it is durable', async () => {
    const host = await bench();
    const before = host.context.view.holdings;
    host.send(cores('a', 1));
    await quiet();
    expect(host.emitted.at(-1)?.type).to.equal('CHANGED');
    await host.written();
    expect(host.emitted.map(({ type }) => type).slice(-2)).to.deep.equal(['COMMITTED', 'REPLIES']);
    const [changed, committed] = [host.emissions('CHANGED')[0], host.emissions('COMMITTED')[0]];
    expect(committed?.changes).to.have.length(1).and.to.deep.equal(changed?.changes);
    expect(committed?.changes[0]?.before).to.equal(before);
    expect(committed?.generation).to.equal(host.context.generation);
  });

  it('tells nothing of a change as durable that was undone', async () => {
    const host = await bench();
    host.send(cores('a', 1));
    await quiet();
    await host.writes.last.reject(new Error('no room'));
    await quiet();
    expect(host.emissions('CHANGED')).to.have.length(1);
    expect(host.emissions('COMMITTED')).to.deep.equal([]);
  });
});
