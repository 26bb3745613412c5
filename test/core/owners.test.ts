/** What is whose: who claims first owns what a service holds; only that user and root change it. */

import { expect } from 'chai';
import fc from 'fast-check';
import { ROOT, userOf } from './callers.js';
import {
  cores,
  expectRefusal,
  Host,
  hugepages,
  list,
  nodeOf,
  numa,
  pagesOf,
  percent,
  type Wire,
} from './hosts.js';

const [alice, bob] = [userOf(1_000), userOf(1_001)];

/** Nodes 0 (CPUs 0-3) and 1 (CPUs 4-7), each with 8 small pages. */
const machine = {
  nodes: [nodeOf(0, 4, 1, [pagesOf(2048, 8)]), nodeOf(1, 4, 1, [pagesOf(2048, 8)])],
  numbering: 'contiguous',
  isolated: '0-7',
} as const;

/** Everything that may change what a service holds. */
const changesOf = (name: string): Wire[] => [
  cores(name, 3),
  cores(name, 0),
  cores(name, -1),
  percent(name, 50),
  percent(name, -1),
  numa(name, 1, 1),
  numa(name, 0, -1),
  hugepages(name, 0, 2048, 1),
  hugepages(name, 0, 2048, -1),
];

describe('the owner of a service', () => {
  /** `a` is Alice's, by its CPUs and a record of pages. */
  function hostOfAlice(): Host {
    const host = new Host(machine);
    expect(host.ask(cores('a', 2), alice)).not.to.have.property('error');
    expect(host.ask(hugepages('a', 0, 2048, 2), alice)).not.to.have.property('error');
    return host;
  }

  for (const change of changesOf('a')) {
    const what = JSON.stringify(change);

    it(`alone may ask for ${what}`, () => {
      const host = hostOfAlice();
      const before = host.holdings;
      const reply = host.ask(change, bob);
      expectRefusal(reply, 'NOT_PERMITTED', 'uid 1000');
      expect(reply['details']).to.deep.equal({ owner_uid: 1_000, uid: 1_001 });
      expect(host.holdings).to.equal(before);
      expect(host.ask(change, alice)).not.to.have.property('error');
    });

    it(`or root may ask for ${what}`, () => {
      expect(hostOfAlice().ask(change, ROOT)).not.to.have.property('error');
    });
  }

  it('is the first to claim a CPU, or to record a page', () => {
    for (const first of [
      cores('a', 1),
      percent('a', 10),
      numa('a', 1, 1),
      hugepages('a', 1, 2048, 1),
    ]) {
      const host = new Host(machine);
      expect(host.ask(first, bob)).not.to.have.property('error');
      expect(host.holdings.ownerOf('a').uid).to.equal(1_001);
      expectRefusal(host.ask(first, alice), 'NOT_PERMITTED');
    }
  });

  it('stays the owner when root changes what it holds', () => {
    const host = hostOfAlice();
    host.grant(cores('a', 4), numa('a', 1, 2));
    expect(host.holdings.ownerOf('a').uid).to.equal(1_000);
    expect(host.ask(cores('a', 1), alice)).not.to.have.property('error');
  });

  it('stays the owner while anything is left, and is none when nothing is', () => {
    const host = hostOfAlice();
    host.ask(cores('a', -1), alice);
    expectRefusal(host.ask(cores('a', 1), bob), 'NOT_PERMITTED');
    host.ask(hugepages('a', 0, 2048, -1), alice);
    expect(host.holdings.owners.size).to.equal(0);
    expect(host.ask(cores('a', 1), bob)).not.to.have.property('error');
    expect(host.holdings.ownerOf('a').uid).to.equal(1_001);
  });

  it('is none any more when all its CPUs were taken by force', () => {
    const host = new Host(machine);
    host.ask(cores('a', 8), alice);
    host.ask(numa('b', 0, 4), bob);
    expect(host.holdings.ownerOf('a').uid).to.equal(1_000);
    host.ask(numa('b', 1, 4), bob);
    const { uid, gid, label } = bob;
    expect([...host.holdings.owners]).to.deep.equal([['b', { uid, gid, label }]]);
  });

  it('is root where root claims, so that nobody else may change it', () => {
    const host = new Host(machine).grant(cores('a', 1));
    for (const change of changesOf('a')) {
      const reply = host.ask(change, alice);
      expectRefusal(reply, 'NOT_PERMITTED');
      expect(reply['details']).to.deep.equal({ owner_uid: 0, uid: 1_000 });
    }
  });

  it('does not matter to those who only look', () => {
    const host = hostOfAlice();
    for (const look of [list(), { action: 'get_memory_info' }, { action: 'get_topology' }]) {
      expect(host.ask(look, bob)).to.deep.equal(host.ask(look, ROOT));
    }
  });

  it('does not matter to a service that holds nothing', () => {
    const host = hostOfAlice();
    expect(host.ask(cores('b', -1), bob)).not.to.have.property('error');
    expect(host.holdings.owners.has('b')).to.equal(false);
  });

  it('is heard of before anything that is wrong with the request', () => {
    const host = hostOfAlice();
    for (const wrong of [numa('a', 77, 1), cores('a', 1, { pool: 'general' }), cores('a', 900)]) {
      expectRefusal(host.ask(wrong, bob), 'NOT_PERMITTED');
    }
  });

  it('is somebody for every service that holds something, whatever happens', () => {
    const steps = fc.array(
      fc.record({
        change: fc.constantFrom('a', 'b', 'c').chain((name) => fc.constantFrom(...changesOf(name))),
        uid: fc.constantFrom(0, 1_000, 1_001),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (asked) => {
        const host = new Host(machine);
        for (const { change, uid } of asked) {
          const name = String(change['service_name']);
          const owner = host.holdings.holdsAnything(name) ? host.holdings.ownerOf(name).uid : uid;
          const { holdings } = host;
          const reply = host.ask(change, userOf(uid));
          const isForeign = uid !== 0 && uid !== owner;
          expect(reply['code'] === 'NOT_PERMITTED', JSON.stringify(reply)).to.equal(isForeign);
          if (isForeign) expect(host.holdings).to.equal(holdings);
          if (host.holdings.holdsAnything(name)) {
            expect(host.holdings.ownerOf(name).uid).to.equal(owner);
          }
          for (const known of host.holdings.owners.keys()) {
            expect(host.holdings.holdsAnything(known), known).to.equal(true);
          }
        }
      }),
    );
  });
});
