/** `watch` as a person sees it, and the words of each of its lines. */

import { join } from 'node:path';
import { expect } from 'chai';
import { unpainted } from '../../src/cli/terminal.js';
import { wordsOf } from '../../src/cli/watch-words.js';
import { ask } from '../../src/client/request.js';
import { WATCH_LINE_SCHEMA, type WatchLine } from '../../src/client/watch-lines.js';
import type { ListedAllocation, TopologyNode } from '../../src/protocol/reply.js';
import { runCli, serveSimulated, startCli, useDirectories } from './running.js';

const allocation: ListedAllocation = {
  pool: 'isolated',
  preemption_policy: 'legacy',
  service_name: 'nova',
  allocated_cores: '1-2',
  cores_count: 2,
  is_explicit: false,
};
const node: TopologyNode = {
  node_id: 1,
  is_present: true,
  cpus: '4-7',
  online_cpus: '4-7',
  cores: ['4-5', '6-7'],
  caches: ['4-7'],
  memory_kb: 1_024,
  distances: { 1: 10 },
};
const page = { node_id: 0, size_kb: 2_048 };
const well = { state: 'serving', store_problem: null, sysfs_problem: null };
const nova = { service_name: 'nova' };

describe('a line of a watch', () => {
  for (const [line, words] of [
    [
      { type: 'claimed', ...nova, cpus: '2', allocation },
      'nova claimed 1 CPU (2); holds 2 CPUs (1-2) now, ordinary, legacy',
    ],
    [
      { type: 'released', ...nova, cpus: '3-4', allocation: null },
      'nova released 2 CPUs (3-4); holds none now',
    ],
    [
      {
        type: 'claim_changed',
        ...nova,
        allocation: { ...allocation, preemption_policy: 'non-preemptive', is_explicit: true },
      },
      'nova holds the same, otherwise; holds 2 CPUs (1-2) now, explicit, non-preemptive',
    ],
    [
      {
        type: 'preempted',
        ...nova,
        cpus: '3',
        by: 'dpdk',
        allocation: { ...allocation, is_explicit: true, explicit_cores: '2' },
      },
      'nova lost 1 CPU (3) to dpdk; holds 2 CPUs (1-2) now, explicit: 2, legacy',
    ],
    [
      { type: 'hugepages_recorded', ...nova, ...page, count: 4 },
      'nova has 4 hugepages of 2 MiB on node 0 on record',
    ],
    [
      { type: 'hugepages_recorded', ...nova, ...page, count: 0 },
      'nova has no hugepages of 2 MiB on node 0 on record',
    ],
    [{ type: 'cpus_online', cpus: '7' }, '1 CPU (7) came online'],
    [{ type: 'cpus_offline', cpus: '6-7' }, '2 CPUs (6-7) went offline'],
    [
      { type: 'pool_changed', pool: 'general', configured_cpus: '2-3', eligible_cpus: '' },
      'the general pool is 2-3, of which can be had: none',
    ],
    [{ type: 'node_added', node }, 'node 1 came: CPUs 4-7, all online'],
    [
      { type: 'node_changed', node: { ...node, online_cpus: '4' } },
      'node 1 changed: CPUs 4-7, online are 4',
    ],
    [
      { type: 'node_changed', node: { ...node, is_present: false, online_cpus: '' } },
      'node 1 changed: it is gone; on record are CPUs 4-7',
    ],
    [
      { type: 'node_removed', node_id: null },
      'what sits in no node is gone, and nothing left on record',
    ],
    [
      { type: 'hugepages_changed', ...page, total: 5, shortfall: 0 },
      'there are 5 hugepages of 2 MiB on node 0 now',
    ],
    [
      { type: 'hugepages_changed', ...page, total: null, shortfall: 3 },
      'there are no hugepages of 2 MiB on node 0 now, 3 fewer than on record',
    ],
    [{ type: 'daemon_changed', ...well }, 'the daemon serves, and nothing is wrong'],
    [{ type: 'daemon_changed', ...well, state: 'stopping' }, 'the daemon stops'],
    [
      {
        type: 'daemon_changed',
        ...well,
        state: 'read-only',
        store_problem: 'no space',
        sysfs_problem: { path: '/sys/x', reason: 'hangs' },
      },
      'nothing can be stored: no space; the machine cannot be read: /sys/x: hangs',
    ],
    [
      { type: 'overrun', reason: 'too much waits' },
      'the daemon cut this watch off: too much waits',
    ],
    [{ type: 'moon_rose', where: 'east' }, 'moon_rose (a newer daemon says; look with --json)'],
    [
      { type: 'claimed', service_name: 'a\u202eb', cpus: '2', allocation },
      'a\\u202eb claimed 1 CPU (2); holds 2 CPUs (1-2) now, ordinary, legacy',
    ],
  ] as const) {
    it(`says: ${words}`, () => {
      const beside = { seq: 2, time: '2026-01-02T03:04:05.000Z', generation: 7 };
      const parsed: WatchLine = WATCH_LINE_SCHEMA.parse({ ...beside, ...line });
      expect(wordsOf(parsed, { columns: 80, paint: unpainted })).to.equal(words);
    });
  }

  it('is refused when it is of a known type and lacks what it must have', () => {
    expect(WATCH_LINE_SCHEMA.safeParse({ type: 'claimed', seq: 2 }).success).to.equal(false);
    expect(WATCH_LINE_SCHEMA.safeParse({ type: 'claimed' }).success).to.equal(false);
  });
});

describe('the command watch', () => {
  const newDirectory = useDirectories();

  const allocate = (socketPath: string, service_name: string, num_of_cores: number) =>
    ask(socketPath, { action: 'allocate_cores', service_name, num_of_cores }, { timeoutMs: 5_000 });

  it('shows who holds what, then what happens, until Ctrl-C', async () => {
    const { daemon, socketPath } = await serveSimulated(newDirectory(), 'dual-socket');
    await allocate(socketPath, 'nova', 2);
    const watching = startCli(['watch', '--socket', socketPath, 'nova']);
    await watching.untilWritten(
      /^\d\d:\d\d:\d\d {2}nova holds 2 CPUs \(1,17\) now, ordinary, legacy$/m,
    );
    await allocate(socketPath, 'ceph', 1);
    await allocate(socketPath, 'nova', -1);
    await watching.untilWritten(
      /^\d\d:\d\d:\d\d {2}nova released 2 CPUs \(1,17\); holds none now$/m,
    );
    watching.process.kill('SIGINT');
    const ended = await watching.ended;
    expect(ended).to.include({ status: 0, stderr: '' });
    expect(ended.stdout).not.to.include('ceph');
    daemon.process.kill('SIGTERM');
    await daemon.ended;
  });

  it('begins with the picture where all services are watched', async () => {
    const { daemon, socketPath } = await serveSimulated(newDirectory(), 'dual-socket');
    await allocate(socketPath, 'nova', 2);
    const watching = startCli(['watch', '--socket', socketPath]);
    const picture = await watching.untilWritten(/legacy +1,17/);
    expect(picture)
      .to.include('28 CPUs, 26 free')
      .and.to.match(/^A {2}nova/m);
    daemon.process.kill('SIGTERM');
    expect((await watching.ended).stdout).to.match(/the daemon stops\n$/);
  });

  it('gives the lines as they come with --json, and says when the daemon ends', async () => {
    const { daemon, socketPath } = await serveSimulated(newDirectory(), 'dual-socket');
    const watching = startCli(['watch', '--json', '--socket', socketPath]);
    await watching.untilWritten(/"type":"snapshot"/);
    daemon.process.kill('SIGTERM');
    await daemon.ended;
    const { status, stdout, stderr } = await watching.ended;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type, seq }) => [type, seq])).to.deep.equal([
      ['snapshot', 1],
      ['daemon_changed', 2],
    ]);
    expect({ status, stderr }).to.deep.equal({
      status: 1,
      stderr: `error: the daemon at ${socketPath} has ended the watch: it stops, or what waited to be read was too much\n`,
    });
  });

  it('says that nobody answers', async () => {
    const socketPath = join(newDirectory(), 'epa.sock');
    const { status, stderr } = await runCli(['watch', '--socket', socketPath]);
    expect(status).to.equal(1);
    expect(stderr).to.include(`there is no socket ${socketPath}`);
  });
});
