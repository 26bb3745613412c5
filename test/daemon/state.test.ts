import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { TestHost, type Wire } from './harness.js';
import { obstructWrites } from './obstacle.js';

const older = {
  version: 1,
  updated_at: '2024-01-01T00:00:00Z',
  allocations_db: {
    allocations: { nova: '1-3,17-19', dpdk: '9-10', gone: '' },
    explicit_allocations: { dpdk: '9' },
    preemption_policies: { nova: 'legacy', dpdk: 'non-preemptive' },
    allocation_pools: { nova: 'isolated', dpdk: 'isolated' },
  },
  hugepages_db: {
    allocations: {
      dpdk: [
        { node_id: 1, size_kb: 2048, count: 12 },
        { node_id: 0, size_kb: 2048, count: 0 },
      ],
    },
  },
};

/** Once it has replaced both copies: what was there is room for the next write. */
const FILES_OF_A_DAEMON = [
  'holder.json',
  'state.json',
  'state.json.tmp',
  'state.twin.json',
  'state.twin.json.tmp',
];

const claim = (service_name: string, num_of_cores: number): Wire => ({
  action: 'allocate_cores',
  service_name,
  num_of_cores,
});

describe('a daemon and its state', () => {
  it('serves the same claims and records after a restart', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(claim('nova', 5));
    await host.ask({ ...claim('ceph', 2), preemption_policy: 'non-preemptive' });
    await host.ask({
      action: 'allocate_numa_cores',
      service_name: 'dpdk',
      numa_node: 1,
      num_of_cores: 2,
    });
    await host.ask({
      action: 'allocate_hugepages',
      service_name: 'dpdk',
      hugepages_requested: 7,
      node_id: 1,
      size_kb: 2048,
    });
    const asked = [{ action: 'list_allocations' }, { action: 'get_memory_info' }];
    const before = await Promise.all(asked.map((request) => host.ask(request)));
    await host.stop();
    await host.start();
    const after = await Promise.all(asked.map((request) => host.ask(request)));
    expect(after).to.deep.equal(before);
  });

  it('has on disk what it acknowledged, before it acknowledges', async () => {
    await using host = new TestHost();
    await host.start();
    for (const count of [1, 2, 3]) {
      const reply = await host.ask(claim('nova', count));
      const [stored] = JSON.parse(readFileSync(host.statePath, 'utf8')).claims;
      expect(stored).to.include({ service_name: 'nova', cpus: reply['allocated_cores'] });
    }
    expect(readdirSync(host.stateDirectory)).to.have.members(FILES_OF_A_DAEMON);
    await host.stop();
    expect(readdirSync(host.stateDirectory)).to.have.members(['state.json', 'state.twin.json']);
  });

  it('clears away what a daemon left that was killed in the middle of a write', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(claim('nova', 1));
    await host.stop();
    for (const path of [host.statePath, host.twinPath]) {
      writeFileSync(`${path}.tmp`, '{"version": 2, "gener');
      writeFileSync(`${path}.old`, readFileSync(path));
    }
    await host.start();
    expect(await host.allocations()).to.deep.equal({ nova: '1' });
    await host.ask(claim('ceph', 1));
    expect(readdirSync(host.stateDirectory)).to.have.members(FILES_OF_A_DAEMON);
    for (const path of [host.statePath, host.twinPath]) {
      expect(JSON.parse(readFileSync(`${path}.tmp`, 'utf8')).claims).to.have.length(1);
    }
  });

  it('heals a damaged copy from its twin, and says so in log and status', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(claim('nova', 3));
    for (const path of [host.statePath, host.twinPath]) {
      await host.stop();
      writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
      await host.start();
      expect(await host.allocations()).to.deep.equal({ nova: '1-2,17' });
      const { healed, problem } = (await host.ask({ action: 'get_status' }))['store'];
      expect(problem).to.equal(null);
      expect(healed).to.have.length(1);
      expect(healed[0])
        .to.include({ file: path })
        .and.have.property('reason')
        .that.contains('JSON');
      const logged = host.log.filter((line) => line['file'] === path);
      expect(logged.map((line) => line['level'])).to.deep.equal([40]);
      await host.ask(claim('ceph', 1));
      await host.ask(claim('ceph', -1));
      expect(readFileSync(host.statePath)).to.deep.equal(readFileSync(host.twinPath));
    }
    await host.stop();
    await host.start();
    expect((await host.ask({ action: 'get_status' }))['store'].healed).to.deep.equal([]);
  });

  it('takes over an older file put beside a newer twin, for good', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(claim('ceph', 3));
    await host.stop();
    host.writeState(JSON.stringify(older));
    await host.start();
    const taken = { nova: '1-3,17-19', dpdk: '9-10' };
    expect(await host.allocations()).to.deep.equal(taken);
    await host.ask(claim('ceph', 1));
    await host.stop();
    await host.start();
    expect(await host.allocations()).to.deep.equal({ ...taken, ceph: '25' });
  });

  it('writes nothing when a repeated request changes nothing', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(claim('nova', 4));
    const text = readFileSync(host.statePath, 'utf8');
    await host.ask(claim('nova', 4));
    expect(readFileSync(host.statePath, 'utf8')).to.equal(text);
  });

  it('takes over the state of the older release with nothing lost', async () => {
    await using host = new TestHost();
    host.writeState(JSON.stringify(older));
    await host.start();
    const { allocations } = await host.ask({ action: 'list_allocations' });
    expect(allocations).to.deep.equal([
      {
        pool: 'isolated',
        preemption_policy: 'non-preemptive',
        service_name: 'dpdk',
        allocated_cores: '9-10',
        cores_count: 2,
        is_explicit: true,
        explicit_cores: '9',
      },
      {
        pool: 'isolated',
        preemption_policy: 'legacy',
        service_name: 'nova',
        allocated_cores: '1-3,17-19',
        cores_count: 6,
        is_explicit: false,
      },
    ]);
    const { numa_hugepages } = await host.ask({ action: 'get_memory_info' });
    expect(numa_hugepages['node1'].allocations).to.deep.equal({ dpdk: { '2048': 12 } });
    const remarks = host.log.map((line) => line['remark']).filter(Boolean);
    expect(remarks.join('\n')).to.contain('gone').and.contain('0 hugepages');
    await host.ask(claim('ceph', 1));
    for (const path of [host.statePath, host.twinPath]) {
      expect(JSON.parse(readFileSync(path, 'utf8'))).to.include({ version: 2 });
    }
  });

  for (const [what, text] of [
    ['empty', ''],
    ['no JSON', '{"version": 1, "allocations_db":'],
    [
      'of two owners of a CPU',
      '{"version":1,"allocations_db":{"allocations":{"a":"1","b":"0-1"}}}',
    ],
    ['of an unknown version', '{"version": 7}'],
  ] as const) {
    it(`refuses a state file that is ${what}, names it, and leaves it as it is`, async () => {
      await using host = new TestHost();
      host.writeState(text);
      let message = '';
      await host.start().catch((error: Error) => {
        message = error.message;
      });
      expect(message).to.contain(host.statePath);
      expect(readFileSync(host.statePath, 'utf8')).to.equal(text);
    });
  }

  it('undoes what cannot be stored, says so, and changes things again when it can', async () => {
    await using host = new TestHost();
    await host.start();
    const startedAtMs = Date.now();
    await host.ask(claim('nova', 26));
    const before = await host.allocations();
    const makeWay = obstructWrites(host);
    const [forced, listed] = await Promise.all([
      host.ask({
        action: 'allocate_numa_cores',
        service_name: 'dpdk',
        numa_node: 1,
        num_of_cores: 4,
      }),
      host.allocations(),
    ]);
    expect(forced).to.include({ code: 'STORAGE_FAILED' });
    expect(listed).to.deep.equal(before);
    expect(await host.allocations()).to.deep.equal(before);
    expect(await host.ask(claim('ceph', 1))).to.include({ code: 'READ_ONLY' });
    const status = await host.ask({ action: 'get_status' });
    expect(status['state']).to.contain('readOnly');
    expect(status['store'].problem.reason).to.contain('EISDIR');
    expect(Date.parse(status['store'].problem.since)).to.be.within(startedAtMs, Date.now());
    makeWay();
    while ((await host.ask(claim('ceph', 1)))['code'] === 'READ_ONLY');
    expect(await host.allocations()).to.deep.equal({ ...before, ceph: '15' });
    expect(host.log.some((line) => line['msg'] === 'the state can be stored again')).to.equal(true);
  });

  it('leaves alone what a running daemon is writing when a second one wants to start', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(claim('nova', 1));
    const beingWritten = `${host.statePath}.tmp`;
    writeFileSync(beingWritten, 'half');
    await using other = new TestHost();
    let message = '';
    const { socketPath, stateDirectory } = host;
    await other.start({ stateDirectory }).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.contain(`process ${process.pid} serves ${socketPath}, since `);
    expect(readFileSync(beingWritten, 'utf8')).to.equal('half');
    expect(await host.allocations()).to.deep.equal({ nova: '1' });
  });

  it('leaves a running daemon alone when a second one wants its socket', async () => {
    await using host = new TestHost();
    await host.start();
    await using other = new TestHost();
    let message = '';
    await other.start({ socketPath: host.socketPath }).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.contain(host.socketPath).and.contain('another daemon');
    expect(await host.ask({ action: 'list_allocations' })).to.include({ version: '1.0' });
  });
});
