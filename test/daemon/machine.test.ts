import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { TestHost, type Wire } from './harness.js';

const dualSocket = simulatedMachines['dual-socket'].shape;

const grant = (service_name: string, num_of_cores: number, more: Wire = {}) => ({
  action: 'allocate_cores',
  service_name,
  num_of_cores,
  ...more,
});
const grantInNode = (service_name: string, numa_node: number, num_of_cores: number) => ({
  action: 'allocate_numa_cores',
  service_name,
  numa_node,
  num_of_cores,
});
const release = (service_name: string, more: Wire = {}) => grant(service_name, -1, more);

async function withHost(
  shape: MachineShape,
  test: (host: TestHost) => Promise<void>,
  settings: Parameters<TestHost['start']>[0] = {},
): Promise<void> {
  await using host = new TestHost(shape);
  await host.start(settings);
  await test(host);
}

describe('a daemon and its machine', () => {
  it('takes CPUs of a node by force, and says from whom', () =>
    withHost(dualSocket, async (host) => {
      await host.ask(grant('nova', 26));
      const reply = await host.ask(grantInNode('dpdk', 1, 4));
      expect(reply).to.include({ numa_node: 1, cores_allocated: '9,15,25,31' });
      expect(reply['preempted']).to.deep.equal([{ service_name: 'nova', cpus: '9,25' }]);
      expect(await host.allocations()).to.deep.equal({
        dpdk: '9,15,25,31',
        nova: '1-7,10-14,17-23,26-30',
      });
    }));

  it('starts without isolated CPUs, says how to get some, and says no to clients', () =>
    withHost(simulatedMachines['no-isolation'].shape, async (host) => {
      const reply = await host.ask(grant('nova', 1));
      expect(reply).to.include({ code: 'NO_CPUS_AVAILABLE' });
      expect(reply['error'])
        .to.contain('No CPUs available')
        .and.contain('No Isolated CPUs configured');
      const hints = host.log.filter((line) => String(line['msg']).includes('isolcpus='));
      expect(hints).to.have.length(1);
    }));

  it('hands out a general pool on a machine without isolated CPUs', () =>
    withHost(
      simulatedMachines['no-isolation'].shape,
      async (host) => {
        const reply = await host.ask(grant('nova', 2, { pool: 'general' }));
        expect(reply).to.include({ allocated_cores: '2,18', pool: 'general' });
        expect(await host.allocations('general')).to.deep.equal({ nova: '2,18' });
      },
      { cpuPool: '2-5,18-21' },
    ));

  it('closes a general pool that names isolated CPUs, and leaves the isolated one open', () =>
    withHost(
      dualSocket,
      async (host) => {
        expect(await host.ask(grant('nova', 1, { pool: 'general' }))).to.include({
          code: 'NO_CPUS_AVAILABLE',
        });
        expect(await host.ask(grant('nova', 1))).to.include({ cores_allocated: 1 });
        const status = await host.ask({ action: 'get_status' });
        expect(status['pools']['general']['closed_because']).to.contain('1-3');
        expect(host.log.some((line) => line['msg'] === 'the general pool is closed')).to.equal(
          true,
        );
      },
      { cpuPool: '0-3' },
    ));

  it('serves a machine without any NUMA directory', () =>
    withHost(simulatedMachines['no-numa'].shape, async (host) => {
      expect(await host.ask(grant('nova', 2))).to.include({ cores_allocated: 2 });
      expect(await host.ask(grantInNode('dpdk', 0, 1))).to.include({
        error: 'NUMA node 0 does not exist',
        code: 'NUMA_NODE_NOT_FOUND',
      });
      expect(await host.ask({ action: 'get_memory_info' })).to.deep.include({ numa_hugepages: {} });
      const { actors } = await host.ask({ action: 'get_status' });
      expect(actors).to.have.property('node-none').that.contains('partly');
    }));

  it('starts although sysfs cannot be read, names the file, and grants once it can', async () => {
    await using host = new TestHost(dualSocket);
    const file = 'devices/system/node/node1/cpulist';
    const text = readFileSync(`${host.sysfsRoot}/${file}`, 'utf8');
    host.spoilSysfsFile(file);
    await host.start();
    const refused = await host.ask(grant('nova', 2));
    expect(refused).to.include({ code: 'INTERNAL' });
    expect(refused['error']).to.contain(`${host.sysfsRoot}/${file}`);
    expect(await host.allocations()).to.deep.equal({});
    host.mendSysfsFile(file, text);
    expect(await host.ask(grant('nova', 2))).to.include({ cores_allocated: 2 });
  });

  it('lists and releases while a sysfs file is unreadable, and grants nothing', () =>
    withHost(dualSocket, async (host) => {
      await host.ask(grant('nova', 2));
      await host.ask(grantInNode('dpdk', 1, 2));
      host.spoilSysfsFile('devices/system/cpu/online');
      for (const request of [
        grant('ceph', 2),
        grantInNode('ceph', 1, 2),
        {
          action: 'allocate_hugepages',
          service_name: 'ceph',
          hugepages_requested: 1,
          node_id: 0,
          size_kb: 2048,
        },
      ]) {
        const reply = await host.ask(request);
        expect(reply, request.action).to.include({ code: 'INTERNAL' });
        expect(reply['details']['path']).to.contain('devices/system/cpu/online');
      }
      expect(await host.allocations()).to.have.keys('nova', 'dpdk');
      expect(await host.ask(release('nova'))).to.include({ cores_allocated: 0 });
      expect(await host.ask(grantInNode('dpdk', 1, -1))).to.include({ cores_allocated: '' });
      expect(await host.allocations()).to.deep.equal({});
      host.mendSysfsFile('devices/system/cpu/online', '0-31\n');
      expect(await host.ask(grant('ceph', 2))).to.include({ cores_allocated: 2 });
    }));

  it('sees a CPU go offline between two requests, keeps its owner, and gives it to nobody', () =>
    withHost(dualSocket, async (host) => {
      await host.ask(grant('nova', 2));
      host.lay({ ...dualSocket, offline: '17,31' });
      const listed = await host.ask({ action: 'list_allocations' });
      expect(listed).to.include({ total_available_cpus: 26, total_allocated_cpus: 2 });
      expect(listed['cpu_pool']).to.include({ unavailable_allocated_cpus: '17' });
      expect(await host.ask(grant('nova', 2))).to.include({ code: 'CPUS_UNAVAILABLE' });
      expect(await host.ask(grant('ceph', 25))).to.include({ cores_allocated: 25 });
      host.lay(dualSocket);
      expect(await host.ask(grant('nova', 2))).to.include({ allocated_cores: '1,17' });
    }));

  it('releases a node that vanished, offline CPUs included, and forgets its actor then', () =>
    withHost(simulatedMachines['dual-socket'].shape, async (host) => {
      await host.ask(grantInNode('dpdk', 1, 2));
      await host.ask({
        action: 'allocate_hugepages',
        service_name: 'dpdk',
        hugepages_requested: 4,
        node_id: 1,
        size_kb: 2048,
      });
      const [node0] = dualSocket.nodes;
      if (node0 === undefined) throw new Error('the shape has a first node');
      host.lay({ nodes: [node0], numbering: 'contiguous', isolated: '1-7,9-15' });
      expect((await host.ask({ action: 'get_status' }))['actors']).to.have.property('node-1');
      expect(await host.ask(grantInNode('ceph', 1, 1))).to.include({ code: 'NUMA_NODE_NOT_FOUND' });
      expect(await host.ask(grantInNode('dpdk', 1, -1))).to.include({ cores_allocated: '' });
      const memory = await host.ask({ action: 'get_memory_info' });
      expect(memory['numa_hugepages']['node1']).to.deep.equal({
        capacity: [],
        allocations: { dpdk: { '2048': 4 } },
      });
      await host.ask({
        action: 'allocate_hugepages',
        service_name: 'dpdk',
        hugepages_requested: -1,
        node_id: 1,
        size_kb: 2048,
      });
      expect((await host.ask({ action: 'get_status' }))['actors']).not.to.have.property('node-1');
      expect(await host.ask(grantInNode('dpdk', 1, -1))).to.include({
        error: 'NUMA node 1 does not exist',
      });
    }));

  it('counts hugepages anew for every request', () =>
    withHost(dualSocket, async (host) => {
      const free = async () =>
        (await host.ask({ action: 'get_memory_info' }))['numa_hugepages']['node0']['capacity'][0][
          'free'
        ];
      const ask = (service_name: string, hugepages_requested: number) =>
        host.ask({
          action: 'allocate_hugepages',
          service_name,
          hugepages_requested,
          node_id: 0,
          size_kb: 2048,
        });
      await ask('dpdk', 1_000);
      expect(await free()).to.equal(24);
      // The service maps its pages: they are in use now, and on record still.
      const pages = 'devices/system/node/node0/hugepages/hugepages-2048kB';
      host.writeSysfsFile(`${pages}/free_hugepages`, '24\n');
      expect(await free()).to.equal(24);
      host.writeSysfsFile(`${pages}/free_hugepages`, '4\n');
      expect(await ask('ceph', 5)).to.deep.include({
        error: 'NUMA node 0 size 2048 KB only has 4 free hugepages, requested additional 5',
        code: 'INSUFFICIENT_HUGEPAGES',
      });
      expect(await ask('ceph', 4)).to.include({ allocation_successful: true });
    }));

  it('says of this very machine what its own /sys says', async function () {
    if (!existsSync('/sys/devices/system/cpu/online')) this.skip();
    await using host = new TestHost();
    await host.start({ sysfsRoot: '/sys' });
    const raw = (path: string) => readFileSync(`/sys/devices/system/${path}`, 'utf8').trim();
    const topology = await host.ask({ action: 'get_topology' });
    expect(topology['online_cpus']).to.equal(raw('cpu/online'));
    expect(topology['pools']['isolated']['configured_cpus']).to.equal(raw('cpu/isolated'));
    for (const node of topology['nodes'] as Wire[]) {
      if (node['node_id'] === null) continue;
      expect(node['cpus']).to.equal(raw(`node/node${node['node_id']}/cpulist`));
    }
  });
});
