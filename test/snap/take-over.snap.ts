/** A refresh from the release before this one: its state, its options, and what cannot be taken. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requireTools } from './require-tools.js';
import { SnapHost } from './snap-host.js';

/** As the older release leaves it, with entries that hold nothing. */
const OLDER = {
  version: 1,
  updated_at: '2024-05-06T07:08:09.010+00:00',
  allocations_db: {
    allocations: { nova: '1-3', dpdk: '9-10,17', 'ceph-osd': '0', gone: '' },
    explicit_allocations: { dpdk: '9-10' },
    preemption_policies: { nova: 'legacy', dpdk: 'non-preemptive' },
    allocation_pools: { 'ceph-osd': 'general' },
  },
  hugepages_db: {
    allocations: {
      dpdk: [
        { node_id: 0, size_kb: 2048, count: 10 },
        { node_id: 1, size_kb: 1_048_576, count: 0 },
      ],
    },
  },
};

/** A host with what the older release leaves: no configuration file, a state, perhaps options. */
async function olderHost(state: string, options = {}): Promise<SnapHost> {
  const host = await SnapHost.unpacked();
  mkdirSync(host.sharedDirectory, { mode: 0o700 });
  writeFileSync(host.snapStatePath, state);
  host.options = options;
  return host;
}

describe('a refresh from the older release', () => {
  requireTools();

  it('takes over all that was held, and says so', async () => {
    const text = JSON.stringify(OLDER);
    await using host = await olderHost(text, { 'cpu-pool': '0,8' });
    const { status, stdout, stderr } = host.hook('post-refresh');
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    const kept = readdirSync(join(host.commonDirectory, 'backups'));
    expect(kept).to.have.length(1);
    const keptPath = join(host.commonDirectory, 'backups', kept[0] ?? '');
    expect(stdout.split('\n')).to.deep.equal([
      'the state of the release before is taken over: 3 services with CPUs, 1 hugepage record',
      'dropped gone: it holds no CPU',
      'dropped dpdk: 0 hugepages on node 1 size 1048576 KB',
      `its file is kept as ${keptPath}`,
      '',
    ]);
    expect(readFileSync(keptPath, 'utf8')).to.equal(text);
    await host.startDaemon();
    expect(host.hook('configure')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    const isolated = await host.ask({ action: 'list_allocations' });
    expect(isolated['allocations']).to.deep.equal([
      {
        pool: 'isolated',
        preemption_policy: 'non-preemptive',
        service_name: 'dpdk',
        allocated_cores: '9-10,17',
        cores_count: 3,
        is_explicit: true,
        explicit_cores: '9-10',
      },
      {
        pool: 'isolated',
        preemption_policy: 'legacy',
        service_name: 'nova',
        allocated_cores: '1-3',
        cores_count: 3,
        is_explicit: false,
      },
    ]);
    const general = await host.ask({ action: 'list_allocations', pool: 'general' });
    expect(general).to.deep.include({ total_available_cpus: 2, total_allocated_cpus: 1 });
    const memory = await host.ask({ action: 'get_memory_info' });
    expect(memory['numa_hugepages'].node0.allocations).to.deep.equal({ dpdk: { '2048': 10 } });
  });

  it('accepts the options of the older release as they are, whatever the hardware', async () => {
    await using host = await olderHost(JSON.stringify(OLDER), { 'cpu-pool': '0,8,40' });
    expect(host.hook('post-refresh').status).to.equal(0);
    await host.startDaemon();
    const { status, stdout } = host.hook('configure');
    expect(status).to.equal(0);
    expect(stdout).to.match(
      /^cpu-pool stays as it was accepted, but does not fit any more: CPU 40/,
    );
  });

  for (const [what, text, reason] of [
    ['a state that is cut off', '{"version": 1, "allocations_db": {"alloc', /it is (not|no) JSON/],
    [
      'a state in which two hold one CPU',
      JSON.stringify({ version: 1, allocations_db: { allocations: { a: '1-2', b: '2' } } }),
      /a and b hold the same CPU/,
    ],
  ] as const) {
    it(`fails on ${what}, in one sentence, so that snapd goes back`, async () => {
      await using host = await olderHost(text);
      const { status, stdout, stderr } = host.hook('post-refresh');
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
      expect(stderr).to.match(
        /^cannot take over the state of the release before: \S+state\.json: /,
      );
      expect(stderr)
        .to.match(reason)
        .and.match(/^[^\n]+\n$/);
      expect(readFileSync(host.snapStatePath, 'utf8')).to.equal(text);
    });
  }

  it('fails on an option that means nothing to this release', async () => {
    await using host = await olderHost(JSON.stringify(OLDER), { 'cpu-pool': 'most' });
    const { status, stderr } = host.hook('post-refresh');
    expect(status).to.equal(1);
    expect(stderr).to.match(/^cannot set cpu-pool: "most" is no CPU list/);
  });

  it('has nothing to say after a refresh of its own', async () => {
    await using host = await SnapHost.installed();
    host.set({ 'cpu-pool': '0' });
    await host.ask({ action: 'allocate_cores', service_name: 'nova', num_of_cores: 2 });
    await host.stopDaemon();
    const before = readFileSync(host.configPath, 'utf8');
    expect(host.hook('post-refresh')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(host.configPath, 'utf8')).to.equal(before);
    await host.startDaemon();
    const list = await host.ask({ action: 'list_allocations' });
    expect(list).to.include({ total_allocated_cpus: 2 });
  });
});
