/** The policy file of a daemon: each kind of rule and quota, asked through its socket. */

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cores, hugepages, numa } from '../core/hosts.js';
import { TestHost } from './harness.js';
import { ALICE, askAs, BOB, usersObstacle } from './users.js';

const pages = (serviceName: string, count: number) => hugepages(serviceName, 0, 2_048, count);

const alice = { name: 'alice', callers: { uids: [ALICE] }, services: ['a-*'] };
const others = { name: 'others', callers: { everyone: true }, services: ['*'] };

/** A daemon with these rules, that everybody may speak to. */
async function start(...rules: object[]): Promise<TestHost> {
  const host = new TestHost();
  chmodSync(host.directory, 0o755);
  await host.start({ socketMode: '666', policyFile: policyOf(host, rules) });
  return host;
}

function policyOf(host: TestHost, rules: object[]): string {
  const path = join(host.directory, 'policy.json');
  writeFileSync(path, JSON.stringify({ version: 1, rules }));
  return path;
}

const title = usersObstacle === null ? '' : ` (skipped: ${usersObstacle})`;

describe(`the policy of a daemon${title}`, () => {
  before(function () {
    if (usersObstacle !== null) this.skip();
  });

  for (const [what, rule, allowed, refused, details] of [
    ['services', {}, [cores('a-1', 1)], cores('b', 1), { rule: null, uid: ALICE }],
    [
      'actions',
      { actions: ['allocate_cores'] },
      [cores('a-1', 1)],
      pages('a-1', 1),
      { rule: 'alice', action: 'allocate_hugepages' },
    ],
    [
      'pools',
      { pools: ['isolated'] },
      [cores('a-1', 1)],
      cores('a-2', 1, { pool: 'general' }),
      { rule: 'alice', pool: 'general' },
    ],
    [
      'CPUs of a service',
      { quotas: { service: { cpus: 2 } } },
      [cores('a-1', 2), cores('a-2', 2)],
      cores('a-1', 3),
      { quota: 'service.cpus', allowed: 2 },
    ],
    [
      'CPUs of a caller',
      { quotas: { caller: { cpus: 3 } } },
      [cores('a-1', 2)],
      cores('a-2', 2),
      { quota: 'caller.cpus', allowed: 1 },
    ],
    [
      'CPUs of a service in a node',
      { quotas: { service: { cpus_per_node: { 1: 1 } } } },
      [numa('a-1', 1, 1)],
      numa('a-1', 1, 2),
      { quota: 'service.cpus_per_node', numa_node: 1, allowed: 1 },
    ],
    [
      'CPUs of a caller in a node',
      { quotas: { caller: { cpus_per_node: { '*': 2 } } } },
      [numa('a-1', 1, 1)],
      numa('a-2', 1, 2),
      { quota: 'caller.cpus_per_node', numa_node: 1, allowed: 1 },
    ],
    [
      'pages of a service',
      { quotas: { service: { hugepages: { 2048: 4 } } } },
      [pages('a-1', 4)],
      pages('a-1', 5),
      { quota: 'service.hugepages', size_kb: 2_048, allowed: 4 },
    ],
    [
      'pages of a caller',
      { quotas: { caller: { hugepages: { '*': 4 } } } },
      [pages('a-1', 3)],
      pages('a-2', 2),
      { quota: 'caller.hugepages', size_kb: 2_048, allowed: 1 },
    ],
  ] as const) {
    it(`bounds ${what}`, async () => {
      await using host = await start({ ...alice, ...rule });
      for (const request of allowed) {
        expect(await askAs(ALICE, host, request), JSON.stringify(request)).not.to.have.property(
          'error',
        );
      }
      const before = await host.allocations();
      const reply = await askAs(ALICE, host, refused);
      expect(reply).to.include({ code: 'NOT_PERMITTED' });
      expect(reply['details']).to.include(details);
      expect(await host.allocations()).to.deep.equal(before);
      expect(await askAs(BOB, host, allowed[0])).to.include({ code: 'NOT_PERMITTED' });
      // The operator is not bound.
      const operators = { ...refused, service_name: 'operator' };
      if (refused['pool'] === undefined)
        expect(await host.ask(operators)).not.to.have.property('error');
    });
  }

  it('tells callers by their group', async () => {
    await using host = await start({ ...alice, callers: { gids: [BOB] } });
    expect(await askAs(ALICE, host, cores('a-1', 1))).to.include({ code: 'NOT_PERMITTED' });
    expect(await askAs(ALICE, host, cores('a-1', 1), BOB)).to.include({ cores_allocated: 1 });
  });

  it('says who may take CPUs from others, and from whom', async () => {
    await using host = await start({ ...alice, may_take: false, may_be_taken_from: false }, others);
    expect(await askAs(BOB, host, cores('b', 20))).to.include({ cores_allocated: 20 });
    expect(await askAs(ALICE, host, cores('a-1', 8))).to.include({ cores_allocated: 8 });
    const taking = await askAs(ALICE, host, numa('a-2', 0, 1));
    expect(taking).to.include({ code: 'NOT_PERMITTED' });
    expect(taking['details']).to.deep.include({
      rule: 'alice',
      may_take: false,
      held_by_others: 1,
    });
    const reply = await askAs(BOB, host, numa('c', 1, 14));
    expect(reply).to.include({ code: 'INSUFFICIENT_CPUS' });
    const most = reply['details'].available;
    const taken = await askAs(BOB, host, numa('c', 1, most));
    expect(taken['preempted']).to.deep.equal([
      { service_name: 'b', cpus: taken['cores_allocated'] },
    ]);
    expect((await host.allocations())['a-1']?.split(',')).to.have.length.above(0);
    expect(await askAs(ALICE, host, cores('a-1', 8))).to.include({ cores_allocated: 8 });
  });

  it('is read again, and binds from then on', async () => {
    await using host = await start(alice);
    expect(await askAs(BOB, host, cores('b', 1))).to.include({ code: 'NOT_PERMITTED' });
    host.reconfigure({ socketMode: '666', policyFile: policyOf(host, [alice, others]) });
    expect(await askAs(BOB, host, cores('b', 1))).to.include({ cores_allocated: 1 });
    host.reconfigure({ socketMode: '666', policyFile: policyOf(host, [alice]) });
    expect(await askAs(BOB, host, cores('b', 2))).to.include({ code: 'NOT_PERMITTED' });
    expect(await askAs(BOB, host, cores('b', -1))).to.include({ cores_allocated: 0 });
    host.reconfigure({ socketMode: '666' });
    expect(await askAs(BOB, host, cores('b', 1))).to.include({ cores_allocated: 1 });
  });
});
