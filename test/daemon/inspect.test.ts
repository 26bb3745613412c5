/** `inspect` on a real daemon: what its actors hear and become, in the order in which it happens. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { NodeView, RecordingLine } from '../../src/protocol/inspect-line.js';
import { INSPECTORS_MAX } from '../../src/protocol/limits.js';
import { linesOf, NOTHING_SEEN, type Seen, seenAfter } from '../../src/recording/seen.js';
import { cores, hugepages, numa } from '../core/hosts.js';
import { until } from '../process/until.js';
import { TestHost } from './harness.js';
import { Inspector, isAfter } from './inspector.js';
import { obstructWrites } from './obstacle.js';

const inspect = (host: TestHost) => new Inspector(host.socketPath).begin();

/** What a node owns, as its actor has it. */
function nodeOf(seen: Seen, name: string): NodeView {
  const actor = [...seen.actors.values()].find(({ line }) => line.name === name);
  if (actor === undefined) throw new Error(`there is no actor ${name}`);
  return actor.snapshot.context as NodeView;
}

/** Who has which CPUs in a node. */
function owners(seen: Seen, name: string): Record<string, string> {
  return Object.fromEntries(
    nodeOf(seen, name).allocations.map(({ service_name, allocated_cores }) => [
      service_name,
      allocated_cores,
    ]),
  );
}

/** The state of one region of the coordinator. */
function durability(line: RecordingLine): string {
  if (!('snapshot' in line)) throw new Error('no snapshot');
  const { serving } = line.snapshot.value as { serving: Record<string, string> };
  return serving['durability'] ?? '';
}

const isReply = ({ type }: RecordingLine) => type === 'reply';

describe('inspect', () => {
  it('begins with all actors and the whole picture', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 4));
    const inspector = await inspect(host);
    expect(inspector.lines.map(({ type }) => type)).to.deep.equal([
      'inspection',
      ...Array(6).fill('@xstate.actor'),
      'snapshot',
    ]);
    const actors = [...inspector.seen.actors.values()];
    const names = actors.map(({ line }) => line.name);
    expect(names).to.have.members(['coordinator', 'scanner', 'store', 'disk', 'node-0', 'node-1']);
    const idOf = (name: string) => actors.find(({ line }) => line.name === name)?.line.sessionId;
    const [root, ...children] = actors;
    expect(root?.line.parentId).to.equal(null);
    for (const { line } of children) {
      expect(line.parentId).to.equal(idOf(line.name === 'disk' ? 'store' : 'coordinator'));
    }
    const machines = actors.filter(({ line }) => line.name !== 'disk');
    for (const { line } of machines)
      expect(JSON.parse(line.definition ?? '')).to.have.property('id');
    expect(owners(inspector.seen, 'node-0')).to.deep.equal({ nova: '1-2,17-18' });
    inspector.close();
  });

  it('shows a forced reallocation: asked, decided, carried out, stored, told', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 28));
    const inspector = await inspect(host);
    const coordinator = inspector.sessionOf('coordinator');
    await host.ask(numa('dpdk', 1, 2));
    const lines = await inspector.until(isAfter(coordinator, 'STORED'));
    const heard = lines.flatMap((line) => (line.type === '@xstate.event' ? [line] : []));
    const inOrder = ['REQUEST', 'APPLY', 'SAVE', 'STORED'];
    const types = heard.map(({ event }) => event.type).filter((type) => inOrder.includes(type));
    expect([...new Set(types)]).to.deep.equal(inOrder);
    const request = heard.find(({ event }) => event.type === 'REQUEST');
    expect(request).to.deep.include({ sessionId: coordinator, sourceId: null });
    expect(request?.event).to.deep.equal({
      type: 'REQUEST',
      action: 'allocate_numa_cores',
      service_name: 'dpdk',
      numa_node: 1,
      num_of_cores: 2,
      pool: 'isolated',
      preemption_policy: null,
    });
    // The node owns it before it is on disk; what a watch tells comes after.
    const applied = lines.findIndex(isAfter(inspector.sessionOf('node-1'), 'APPLY'));
    const decided = lines.findIndex(isAfter(coordinator, 'REQUEST'));
    const told = lines.findIndex(({ type }) => type === 'preempted');
    expect(applied).to.be.below(told);
    expect(durability(lines[decided] as RecordingLine)).to.equal('committing');
    expect(durability(lines.at(-1) as RecordingLine)).to.equal('ready');
    expect(lines[told]).to.include({ service_name: 'nova', by: 'dpdk' });
    const transitions = lines.flatMap((line) =>
      line.type === '@xstate.snapshot' ? (line.transitions ?? []) : [],
    );
    expect(transitions).to.deep.include({
      from: 'coordinator.serving.durability.ready',
      to: ['coordinator.serving.durability.committing'],
      event: 'holdings changed',
      guard: null,
    });
    expect(transitions.map(({ guard }) => guard)).to.include.members([
      'keepsInvariants',
      'nothingIsNew',
    ]);
    const reply = lines.find(isReply);
    expect(reply).to.deep.nested.include({
      action: 'allocate_numa_cores',
      'reply.preempted': [{ service_name: 'nova', cpus: owners(inspector.seen, 'node-1')['dpdk'] }],
    });
    inspector.close();
  });

  it('shows the CPUs of a change that cannot be stored with their new owner, then with the old', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 28));
    const inspector = await inspect(host);
    const before = owners(inspector.seen, 'node-0');
    const makeWay = obstructWrites(host);
    expect(await host.ask(numa('dpdk', 0, 2))).to.include({ code: 'STORAGE_FAILED' });
    const node = inspector.sessionOf('node-0');
    await inspector.until(isAfter(node, 'APPLY'));
    expect(owners(inspector.seen, 'node-0')).to.have.property('dpdk');
    await inspector.until(isAfter(node, 'SYNC'));
    expect(owners(inspector.seen, 'node-0')).to.deep.equal(before);
    makeWay();
    inspector.close();
  });

  it('shows at the end of its lines what another sees who only comes then', async () => {
    await using host = new TestHost();
    await host.start();
    const early = await inspect(host);
    await host.ask(cores('nova', 9));
    await host.ask(hugepages('nova', 1, 2_048, 3));
    await host.ask(numa('dpdk', 0, 7));
    await host.ask(cores('nova', -1));
    await host.ask(cores('ghost', 99));
    // A reading of the machine may be under way for one and be over for the other.
    const settled = (seen: Seen) =>
      [...seen.actors.values()]
        .filter(({ line }) => line.definition !== null && line.name !== 'scanner')
        .map(({ line, snapshot }) => [line.name, snapshot]);
    const late = await inspect(host);
    await host.ask(cores('last', 1));
    for (const inspector of [early, late]) {
      const isLast = (line: RecordingLine) =>
        line.type === 'claimed' && line.service_name === 'last';
      await inspector.until(isLast);
      await inspector.until(isAfter(inspector.sessionOf('store'), 'WRITTEN'));
    }
    expect(settled(early.seen)).to.deep.equal(settled(late.seen));
    const { seq: _, time: __, ...earlyPicture } = early.seen.picture ?? { seq: 0, time: '' };
    expect(late.seen.picture).to.deep.include(earlyPicture);
    expect(linesOf(early.seen).reduce(seenAfter, NOTHING_SEEN)).to.deep.equal(early.seen);
    for (const inspector of [early, late]) inspector.close();
  });

  it('shows nodes that come and go as actors', async () => {
    await using host = new TestHost();
    await host.start({ rescanIntervalMs: '100' });
    const inspector = await inspect(host);
    const node1 = join(host.sysfsRoot, 'devices/system/node/node1');
    renameSync(node1, join(host.directory, 'node1'));
    await inspector.until(() => ![...inspector.seen.actors.values()].some(isNode1));
    renameSync(join(host.directory, 'node1'), node1);
    await inspector.until(() => [...inspector.seen.actors.values()].some(isNode1));
    inspector.close();
  });

  it('shows counters of pages that do not fit each other', async () => {
    await using host = new TestHost();
    await host.start({ rescanIntervalMs: '100' });
    const inspector = await inspect(host);
    const pool = 'devices/system/node/node0/hugepages/hugepages-1048576kB';
    host.writeSysfsFile(`${pool}/nr_hugepages`, '4\n');
    await inspector.until(isAfter(inspector.sessionOf('node-0'), 'SYNC'));
    const pages = nodeOf(inspector.seen, 'node-0').capacity.at(-1);
    expect(pages).to.include({ size: 1_048_576, total: 4, used: 0 });
    inspector.close();
  });

  it('shows no more than the words of the protocol', async () => {
    await using host = new TestHost();
    const policyFile = join(host.directory, 'policy.json');
    writeFileSync(
      policyFile,
      JSON.stringify({
        version: 1,
        rules: [{ name: 'secret-rule', callers: { uids: [0] }, services: ['*'] }],
      }),
    );
    await host.start({ policyFile });
    const inspector = await inspect(host);
    const policy = { preemption_policy: 'non-preemptive' };
    const requests = [
      cores('nova', 9),
      { action: 'allocate_cores_percent', service_name: 'ceph', percent: 20, ...policy },
      numa('dpdk', 1, 3),
      hugepages('nova', 1, 2_048, 3),
      { action: 'get_topology' },
      { action: 'list_allocations' },
      { action: 'get_memory_info', service_name: 'x' },
      cores('ghost', 99),
      cores('last', 1),
    ];
    for (const request of requests) await host.ask(request);
    host.reconfigure({ policyFile, rescanIntervalMs: '100' });
    await inspector.until((line) => line.type === '@xstate.event' && line.event.type === 'FACTS');
    const documented = readFileSync(
      fileURLToPath(new URL('../../docs/protocol.md', import.meta.url)),
      'utf8',
    );
    const isPrivate = (key: string) => !new RegExp(`\\b${key}\\b`).test(documented);
    // Service names, nodes, states and the definitions of machines are no words of the protocol.
    const keys = inspector.lines.flatMap((line) =>
      keysOf(line, ['definition', 'value', 'distances']),
    );
    expect([...new Set(keys)].filter(isPrivate)).to.deep.equal([]);
    const text = JSON.stringify(inspector.lines);
    for (const secret of ['secret-rule', policyFile, host.stateDirectory]) {
      expect(text).not.to.include(secret);
    }
    expect(text).to.include('RECONFIGURE');
    inspector.close();
  });

  it('lets go of the actors when nobody looks any more', async () => {
    await using host = new TestHost();
    await host.start();
    const counts = async () => {
      const { inspectors, watchers } = await host.ask({ action: 'get_status' });
      return [inspectors, watchers];
    };
    const first = await inspect(host);
    const second = await inspect(host);
    expect(await counts()).to.deep.equal([2, 2]);
    first.close();
    await until(async () => (await counts())[0] === 1);
    await host.ask(cores('nova', 1));
    await second.until(isReply);
    second.close();
    await until(async () => (await counts())[0] === 0);
    expect(await counts()).to.deep.equal([0, 0]);
    const third = await inspect(host);
    await host.ask(cores('nova', 2));
    await third.until(isReply);
    third.close();
  });

  it('has no room for more than a few', async () => {
    await using host = new TestHost();
    await host.start();
    const all = await Promise.all(Array.from({ length: INSPECTORS_MAX }, () => inspect(host)));
    expect(await host.ask({ action: 'inspect' })).to.include({ code: 'BUSY' });
    for (const inspector of all) inspector.close();
  });

  it('tells one that does not read that it was too slow, and cuts it off; others go on', async () => {
    await using host = new TestHost();
    await host.start();
    // Each change of a node's records shows all of them, and long names make long lines.
    const names = Array.from({ length: 400 }, (_, index) => `${'x'.repeat(125)}${100 + index}`);
    await Promise.all(names.map((name) => host.ask(hugepages(name, 0, 2_048, 1))));
    const slow = new Inspector(host.socketPath);
    await slow.begin();
    slow.socket.pause();
    const quick = await inspect(host);
    const inspectorCount = async () => (await host.ask({ action: 'get_status' }))['inspectors'];
    const reading = quick.until((line) => line.type === 'claimed' && line.service_name === 'last');
    for (let round = 0; (await inspectorCount()) === 2; round++) {
      await host.ask(hugepages('x', 0, 2_048, 1 + (round % 2)));
      expect(round, 'changes that nobody had to read').to.be.below(2_000);
    }
    await host.ask(cores('last', 1));
    await reading;
    quick.close();
    slow.socket.resume();
    const read = await slow.until(({ type }) => type === 'overrun');
    expect(read.at(-1)).to.have.property('reason');
    expect(await slow.next().then(() => 'more', String)).to.match(/has ended/);
  }).timeout(60_000);
});

function isNode1({ line }: { readonly line: { readonly name: string } }): boolean {
  return line.name === 'node-1';
}

/** All names of fields in it, but not those inside of some. */
function keysOf(value: unknown, closed: readonly string[]): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((one) => keysOf(one, closed));
  return Object.entries(value).flatMap(([key, inner]) =>
    closed.includes(key) ? [key] : [key, ...keysOf(inner, closed)],
  );
}
