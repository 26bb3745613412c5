/** The operator's policy: what a rule allows, what it refuses, and what it says then. */

import { expect } from 'chai';
import fc from 'fast-check';
import { parsePolicy } from '../../src/config/policy-file.js';
import type { Caller } from '../../src/core/caller.js';
import { countCpus, intersectCpus } from '../../src/core/cpu-set.js';
import { ROOT, userOf } from './callers.js';
import {
  cores,
  expectRefusal,
  general,
  Host,
  hugepages,
  list,
  nodeOf,
  nonPreemptive,
  numa,
  pagesOf,
  percent,
  type Wire,
  withoutNearest,
} from './hosts.js';

const [alice, bob] = [userOf(1_000), userOf(1_001)];
/** A root process that is confined, as the daemon of a snap is. */
const snap = (name: string): Caller => ({ ...ROOT, label: `snap.${name}.daemon` });

/** Nodes 0 (CPUs 0-3) and 1 (CPUs 4-7), CPUs 0-6 isolated and 7 general, with pages. */
const machine = {
  nodes: [
    nodeOf(0, 4, 1, [pagesOf(2_048, 100), pagesOf(1_048_576, 4)]),
    nodeOf(1, 4, 1, [pagesOf(2_048, 100)]),
  ],
  numbering: 'contiguous',
  isolated: '0-6',
} as const;

/** A host whose operator has these rules; each has a name, and what is not said is not bound. */
function hostWith(...rules: Wire[]): Host {
  const host = new Host(machine, '7');
  host.access = parsePolicy(JSON.stringify({ version: 1, rules }));
  return host;
}

const aliceRule = (more: Wire): Wire => ({
  name: 'alice',
  callers: { uids: [alice.uid] },
  services: ['a*'],
  ...more,
});

/** What everybody may do, behind other rules. */
const othersRule = { name: 'others', callers: { everyone: true }, services: ['*'] };

function expectAllowed(reply: Wire): void {
  expect(reply, JSON.stringify(reply)).not.to.have.property('error');
}

describe('a policy', () => {
  it('has nobody served for whom there is no rule', () => {
    const host = hostWith(aliceRule({}));
    const refused = host.ask(cores('a', 1), bob);
    expectRefusal(refused, 'NOT_PERMITTED', 'no rule for you, uid 1001');
    expect(refused['details']).to.deep.equal({
      rule: null,
      uid: 1_001,
      gid: 1_001,
      label: null,
      allowed: [],
    });
    expect(host.holdings.claims.size).to.equal(0);
    expectAllowed(host.ask(cores('a', 1), alice));
  });

  it('lets everybody look', () => {
    const host = hostWith();
    for (const look of [list(), { action: 'get_memory_info' }, { action: 'get_topology' }]) {
      expectAllowed(host.ask(look, bob));
    }
  });

  it('tells by uid, gid or label whom a rule fits', () => {
    const fitting = (callers: Wire) => {
      const host = hostWith({ name: 'r', callers, services: ['*'] });
      const asked = [alice, bob, snap('nova'), snap('ceph'), { ...bob, gid: 7 }];
      return asked.map((caller) => host.ask(cores('x', -1), caller) && allowed(host, caller));
    };
    const allowed = (host: Host, caller: Caller) =>
      !('error' in host.copy().ask(cores('x', 1), caller));
    expect(fitting({ uids: [1_000] })).to.deep.equal([true, false, false, false, false]);
    expect(fitting({ gids: [1_001] })).to.deep.equal([false, true, false, false, false]);
    expect(fitting({ gids: [7], uids: [1_000] })).to.deep.equal([true, false, false, false, true]);
    expect(fitting({ labels: ['snap.nova.*'] })).to.deep.equal([false, false, true, false, false]);
    expect(fitting({ labels: ['snap.*'] })).to.deep.equal([false, false, true, true, false]);
    expect(fitting({ everyone: true })).to.deep.equal([true, true, true, true, true]);
  });

  it('does not bind the operator, unless a rule names it', () => {
    const operatorMay = (callers: Wire) =>
      !('error' in hostWith({ name: 'r', callers, services: ['b'] }).ask(cores('a', 1), ROOT));
    expect(operatorMay({ uids: [1_000] })).to.equal(true);
    expect(operatorMay({ everyone: true })).to.equal(true);
    expect(operatorMay({ labels: ['*'] })).to.equal(true);
    expect(operatorMay({ uids: [0] })).to.equal(false);
    expect(operatorMay({ gids: [0] })).to.equal(false);
  });

  it('lets the operator release everything, whatever the rules say', () => {
    const host = new Host(machine);
    host.ask(cores('b', 2), bob);
    host.access = hostWith({ name: 'r', callers: { uids: [0] }, services: ['x'] }).access;
    expectAllowed(host.ask(cores('b', -1), ROOT));
  });

  it('keeps callers to the service names of their rules', () => {
    const host = hostWith(
      aliceRule({ services: ['a', 'web-*'] }),
      aliceRule({ name: 'more', services: ['x'] }),
    );
    const refused = host.ask(cores('b', 1), alice);
    expectRefusal(
      refused,
      'NOT_PERMITTED',
      'No rule of the policy lets you, uid 1000, use the service name b; ' +
        'you may use a, web-* (rule "alice"); x (rule "more")',
    );
    expect(refused['details']).to.have.deep.property('allowed', [
      { rule: 'alice', services: ['a', 'web-*'] },
      { rule: 'more', services: ['x'] },
    ]);
    for (const name of ['a', 'web-1', 'x']) expectAllowed(host.ask(cores(name, 1), alice));
  });

  it('takes the first rule that fits and names the service', () => {
    const host = hostWith(
      aliceRule({ name: 'first', services: ['a1'], quotas: { service: { cpus: 1 } } }),
      aliceRule({ name: 'second', services: ['a*'], quotas: { service: { cpus: 3 } } }),
    );
    expect(host.ask(cores('a1', 2), alice)['details']).to.include({ rule: 'first', limit: 1 });
    expect(host.ask(cores('a2', 4), alice)['details']).to.include({ rule: 'second', limit: 3 });
  });

  it('allows the actions of a rule and no others', () => {
    const host = hostWith(aliceRule({ actions: ['allocate_cores', 'allocate_hugepages'] }));
    expectAllowed(host.ask(cores('a', 1), alice));
    expectAllowed(host.ask(hugepages('a', 0, 2_048, 1), alice));
    for (const other of [percent('a', 10), numa('a', 0, 1)]) {
      const refused = host.ask(other, alice);
      expectRefusal(refused, 'NOT_PERMITTED', 'it allows allocate_cores, allocate_hugepages');
      expect(refused['details']).to.deep.equal({
        rule: 'alice',
        action: other['action'],
        allowed: ['allocate_cores', 'allocate_hugepages'],
      });
    }
  });

  it('allows the pools of a rule and no others', () => {
    const host = hostWith(aliceRule({ pools: ['general'] }));
    const refused = host.ask(cores('a', 1), alice);
    expectRefusal(
      refused,
      'NOT_PERMITTED',
      'Rule "alice" does not allow CPUs of the isolated pool',
    );
    expect(refused['details']).to.deep.equal({
      rule: 'alice',
      pool: 'isolated',
      allowed: ['general'],
    });
    expectAllowed(host.ask(cores('a', 1, general), alice));
    expectAllowed(host.ask(hugepages('a', 0, 2_048, 1), alice));
  });

  it('never keeps a user from giving back its own', () => {
    for (const rules of [
      [],
      [aliceRule({ services: ['z'] })],
      [aliceRule({ actions: ['allocate_hugepages'], pools: ['general'] })],
    ]) {
      const host = new Host(machine);
      for (const asked of [cores('a', 2), hugepages('a', 0, 2_048, 3)]) host.ask(asked, alice);
      host.access = hostWith(...rules).access;
      expectRefusal(
        host.ask(cores('a', -1), bob),
        'NOT_PERMITTED',
        'belongs to the user with uid 1000',
      );
      for (const back of [
        numa('a', 0, -1),
        cores('a', -1),
        percent('a', 0),
        hugepages('a', 0, 2_048, -1),
      ]) {
        expectAllowed(host.ask(back, alice));
      }
      expect(host.holdings.serviceNames().size).to.equal(0);
    }
  });

  it('tells confined processes of root apart, releases included', () => {
    const host = hostWith(
      { name: 'nova', callers: { labels: ['snap.nova.*'] }, services: ['nova'] },
      { name: 'ceph', callers: { labels: ['snap.ceph.*'] }, services: ['osd-*'] },
    );
    expectAllowed(host.ask(cores('nova', 2), snap('nova')));
    expectRefusal(
      host.ask(cores('nova', -1), snap('ceph')),
      'NOT_PERMITTED',
      'osd-* (rule "ceph")',
    );
    expectRefusal(host.ask(cores('nova', 1), snap('ceph')), 'NOT_PERMITTED');
    expectRefusal(host.ask(cores('nova', -1), snap('other')), 'NOT_PERMITTED', 'snap.other.daemon');
    expectAllowed(host.ask(cores('nova', -1), snap('nova')));
  });

  describe('with quotas', () => {
    for (const [what, quotas, held, asked, details] of [
      [
        'of CPUs of a service',
        { service: { cpus: 3 } },
        [cores('a', 2)],
        cores('a', 4),
        { quota: 'service.cpus', limit: 3, held: 2, would_hold: 4, allowed: 3 },
      ],
      [
        'of a share of the pool',
        { service: { cpus: 3 } },
        [],
        percent('a', 50),
        { quota: 'service.cpus', limit: 3, held: 0, would_hold: 4, allowed: 3 },
      ],
      [
        'of the default share',
        { service: { cpus: 3 } },
        [],
        cores('a', 0),
        { quota: 'service.cpus', limit: 3, held: 0, would_hold: 5, allowed: 3 },
      ],
      [
        'of CPUs over all nodes',
        { service: { cpus: 3 } },
        [numa('a', 0, 2)],
        numa('a', 1, 2),
        { quota: 'service.cpus', limit: 3, held: 2, would_hold: 4, allowed: 3 },
      ],
      [
        'of CPUs of a caller',
        { caller: { cpus: 5 } },
        [cores('a1', 3), cores('a2', 1)],
        cores('a2', 3),
        { quota: 'caller.cpus', limit: 5, held: 4, would_hold: 6, allowed: 2 },
      ],
      [
        'of CPUs of a service in one node',
        { service: { cpus_per_node: { 0: 1 } } },
        [],
        numa('a', 0, 2),
        {
          quota: 'service.cpus_per_node',
          numa_node: 0,
          limit: 1,
          held: 0,
          would_hold: 2,
          allowed: 1,
        },
      ],
      [
        'of CPUs of a service in any node',
        { service: { cpus_per_node: { 0: 4, '*': 2 } } },
        [],
        numa('a', 1, 3),
        {
          quota: 'service.cpus_per_node',
          numa_node: 1,
          limit: 2,
          held: 0,
          would_hold: 3,
          allowed: 2,
        },
      ],
      [
        'of CPUs in a node, for a claim anywhere',
        { service: { cpus_per_node: { '*': 3 } } },
        [],
        cores('a', 4),
        {
          quota: 'service.cpus_per_node',
          numa_node: 0,
          limit: 3,
          held: 0,
          would_hold: 4,
          allowed: 3,
        },
      ],
      [
        'of CPUs of a caller in a node',
        { caller: { cpus_per_node: { 1: 2 } } },
        [numa('a1', 1, 1)],
        numa('a2', 1, 2),
        {
          quota: 'caller.cpus_per_node',
          numa_node: 1,
          limit: 2,
          held: 1,
          would_hold: 3,
          allowed: 1,
        },
      ],
      [
        'of pages of a service',
        { service: { hugepages: { 2048: 10 } } },
        [hugepages('a', 0, 2_048, 6)],
        hugepages('a', 1, 2_048, 5),
        {
          quota: 'service.hugepages',
          size_kb: 2_048,
          limit: 10,
          held: 6,
          would_hold: 11,
          allowed: 10,
        },
      ],
      [
        'of pages of any size',
        { service: { hugepages: { 2048: 10, '*': 1 } } },
        [],
        hugepages('a', 0, 1_048_576, 2),
        {
          quota: 'service.hugepages',
          size_kb: 1_048_576,
          limit: 1,
          held: 0,
          would_hold: 2,
          allowed: 1,
        },
      ],
      [
        'of pages of a caller',
        { caller: { hugepages: { 2048: 10 } } },
        [hugepages('a1', 0, 2_048, 6)],
        hugepages('a2', 0, 2_048, 5),
        {
          quota: 'caller.hugepages',
          size_kb: 2_048,
          limit: 10,
          held: 6,
          would_hold: 11,
          allowed: 4,
        },
      ],
    ] as const) {
      it(`${what}, refuses what exceeds them and says what would be allowed`, () => {
        const host = hostWith(aliceRule({ quotas }));
        for (const request of held) expectAllowed(host.ask(request, alice));
        const before = host.holdings;
        const refused = host.ask(asked, alice);
        expectRefusal(refused, 'NOT_PERMITTED', 'Rule "alice" lets ');
        const { nearest, ...bound } = refused['details'] as Wire;
        expect(bound).to.deep.equal({ rule: 'alice', ...details });
        expectAllowed(host.copy().ask(nearest as Wire, alice));
        expect(host.holdings).to.equal(before);
        // Without the rule nothing else is in the way.
        const free = new Host(machine, '7');
        free.holdings = before;
        expectAllowed(free.ask(asked, alice));
      });
    }

    it('counts what belongs to one owner, and what the rule names', () => {
      const host = hostWith(
        {
          name: 'users',
          callers: { everyone: true },
          services: ['u-*'],
          quotas: { caller: { cpus: 2 } },
        },
        othersRule,
      );
      expectAllowed(host.ask(cores('u-alice', 2), alice));
      expectAllowed(host.ask(cores('u-bob', 2), bob));
      expectAllowed(host.ask(cores('free', 1), bob));
      expectAllowed(host.ask(cores('free', -1), bob));
      expectAllowed(host.ask(cores('u-snap', 1), snap('x')));
      expectRefusal(host.ask(cores('u-bob2', 1), bob), 'NOT_PERMITTED', 'u-bob2 may hold 0');
      expectRefusal(host.ask(cores('u-snap2', 2), snap('x')), 'NOT_PERMITTED', 'may hold 1');
    });

    it('lets stay, and shrink, what is over them already', () => {
      const host = new Host(machine);
      host.ask(cores('a', 5), alice);
      host.access = hostWith(aliceRule({ quotas: { service: { cpus: 2 } } })).access;
      expectAllowed(host.ask(cores('a', 5), alice));
      expectAllowed(host.ask(cores('a', 4), alice));
      expectRefusal(host.ask(cores('a', 5), alice), 'NOT_PERMITTED', 'a may hold 2');
    });
  });

  it('keeps a rule’s services from taking CPUs of others', () => {
    const host = hostWith(aliceRule({ may_take: false }), othersRule);
    expectAllowed(host.ask(cores('b', 6), bob));
    const before = host.holdings;
    const refused = host.ask(numa('a', 1, 2), alice);
    expectRefusal(refused, 'NOT_PERMITTED', 'Rule "alice" does not let a take CPUs from others');
    expect(refused['details']).to.deep.include({
      rule: 'alice',
      may_take: false,
      held_by_others: 1,
    });
    expect(refused['details']).to.have.deep.nested.include({
      'nearest.numa_node': 1,
      'nearest.num_of_cores': 1,
    });
    expect(host.holdings).to.equal(before);
    expectAllowed(host.ask(numa('a', 1, 1), alice));
    expect(host.cpusOf('b')).to.equal('0-5');
  });

  it('keeps others from taking CPUs of a rule’s services', () => {
    const host = hostWith(aliceRule({ may_be_taken_from: false }), othersRule);
    expectAllowed(host.ask(cores('a', 3), alice));
    expectAllowed(host.ask(cores('b', 4), bob));
    const refused = host.ask(numa('c', 0, 2), bob);
    expectRefusal(refused, 'INSUFFICIENT_CPUS');
    expect(refused['details']).to.include({ requested: 2, available: 1 });
    expect(refused['details']).to.deep.include({
      held_by: [{ service_name: 'a', cores_count: 3, preemption_policy: 'legacy' }],
    });
    expectAllowed(host.ask(numa('c', 0, 1), bob));
    expect([host.cpusOf('a'), host.cpusOf('b'), host.cpusOf('c')]).to.deep.equal([
      '0-2',
      '4-6',
      '3',
    ]);
    // The same name of another owner is not the rule's.
    const other = hostWith(aliceRule({ may_be_taken_from: false }), othersRule);
    expectAllowed(other.ask(cores('a', 7), bob));
    expectAllowed(other.ask(numa('c', 0, 1), bob));
  });

  it('is heard of before anything else that is wrong, and quotas after', () => {
    const host = hostWith(aliceRule({ quotas: { service: { cpus: 2 } } }));
    expectRefusal(host.ask(numa('b', 99, 1), alice), 'NOT_PERMITTED');
    expectRefusal(host.ask(numa('a', 99, 1), alice), 'NUMA_NODE_NOT_FOUND');
    expectRefusal(host.ask(cores('a', 99), alice), 'INSUFFICIENT_CPUS');
  });

  it('is kept whatever is asked, and forbids nothing else', () => {
    const rules = [
      aliceRule({
        quotas: {
          service: { cpus: 2, hugepages: { 2048: 3 } },
          caller: { cpus: 3, cpus_per_node: { '*': 2 } },
        },
      }),
      { name: 'bob', callers: { uids: [bob.uid] }, services: ['b', 'c'], may_take: false },
    ];
    const request = fc.constantFrom('a1', 'a2', 'b', 'c').chain((name) =>
      fc.oneof(
        fc.integer({ min: -1, max: 4 }).map((count) => cores(name, count)),
        fc.integer({ min: -1, max: 60 }).map((share) => percent(name, share)),
        fc
          .tuple(fc.constantFrom(0, 1), fc.constantFrom(-1, 1, 2, 3))
          .map(([node, count]) => numa(name, node, count)),
        fc.constantFrom(-1, 1, 2, 4).map((count) => hugepages(name, 0, 2_048, count)),
        fc.constant(cores(name, 1, nonPreemptive)),
      ),
    );
    const steps = fc.array(fc.tuple(request, fc.constantFrom(alice, bob)), { maxLength: 25 });
    fc.assert(
      fc.property(steps, (asked) => {
        const host = hostWith(...rules);
        const free = new Host(machine, '7');
        for (const [wire, caller] of asked) {
          const before = host.holdings;
          free.holdings = before;
          const reply = host.ask(wire, caller);
          const unbound = free.ask(wire, caller);
          if (reply['code'] === 'NOT_PERMITTED') expect(host.holdings).to.equal(before);
          else expect(withoutNearest(reply)).to.deep.equal(withoutNearest(unbound));
          const { claims, pages } = host.holdings;
          const heldBy = (names: string[], node?: number) =>
            names.reduce((sum, name) => {
              const cpus = claims.get(name)?.cpus ?? new Uint32Array();
              const home = node === undefined ? cpus : host.view.homes.get(node);
              return sum + countCpus(intersectCpus(cpus, home ?? cpus));
            }, 0);
          for (const name of ['a1', 'a2']) {
            expect(heldBy([name])).to.be.at.most(2);
            expect(pages.get(0)?.get(name)?.get(2_048) ?? 0).to.be.at.most(3);
          }
          expect(heldBy(['a1', 'a2'])).to.be.at.most(3);
          for (const node of [0, 1]) expect(heldBy(['a1', 'a2'], node)).to.be.at.most(2);
          if (caller === bob) expect(reply).not.to.have.property('preempted');
        }
      }),
      { numRuns: 300 },
    );
  });
});
