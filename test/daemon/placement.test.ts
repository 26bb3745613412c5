/** Placements from the socket to sysfs and back. */

import { expect } from 'chai';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { TestHost, type Wire } from './harness.js';

const CARD = '0000:3b:00.0';
const NUMA_NODE = `bus/pci/devices/${CARD}/numa_node`;

const cores = (service_name: string, num_of_cores: number, placement: Wire): Wire => ({
  action: 'allocate_cores',
  service_name,
  num_of_cores,
  placement,
});

async function withDualSocket(test: (host: TestHost) => Promise<void>): Promise<void> {
  await using host = new TestHost(simulatedMachines['dual-socket'].shape);
  await host.start();
  await test(host);
}

describe('a daemon that is told where', () => {
  it('finds the node of a device as it is when the request comes', () =>
    withDualSocket(async (host) => {
      const near = { near: '3b:00.0' };
      expect(await host.ask(cores('a', 4, near))).to.include({ allocated_cores: '1-2,17-18' });
      host.writeSysfsFile(NUMA_NODE, '1\n');
      expect(await host.ask(cores('a', 4, near))).to.include({ allocated_cores: '9-10,25-26' });
      host.writeSysfsFile(NUMA_NODE, '-1\n');
      const refused = await host.ask(cores('a', 4, near));
      expect(refused).to.deep.include({
        code: 'INVALID_REQUEST',
        error: `Invalid request: placement.near ${CARD} names no NUMA node: the firmware does not say where it is (-1)`,
        details: { field: 'placement.near' },
      });
      expect(await host.allocations()).to.deep.equal({ a: '9-10,25-26' });
    }));

  it('looks for the device of each of many requests at once', () =>
    withDualSocket(async (host) => {
      const replies = await Promise.all([
        host.ask(cores('a', 2, { near: '3b:00.0' })),
        host.ask(cores('b', 2, { near: 'af:00.0' })),
        host.ask(cores('c', 2, { near: '07:00.0' })),
        host.ask(cores('d', 2, { numa: 'single', cores: 'whole' })),
      ]);
      expect(
        replies.map((reply) => reply['code'] ?? (reply['placement'] as Wire)['numa_nodes']),
      ).to.deep.equal([[0], [1], 'INVALID_REQUEST', [0]]);
      expect(replies[2]?.['error']).to.include(
        '07:00.0 names no NUMA node: there is no such device',
      );
    }));

  it('refuses a wish that it does not know, and changes nothing', () =>
    withDualSocket(async (host) => {
      const reply = await host.ask(cores('a', 2, { numa_node: 1 }));
      expect(reply).to.deep.include({
        code: 'INVALID_REQUEST',
        error:
          'Invalid request: placement has no field "numa_node"; it may have cores, numa, cache and near',
        details: { field: 'placement' },
      });
      expect(await host.allocations()).to.deep.equal({});
    }));

  it('serves the same after a restart', () =>
    withDualSocket(async (host) => {
      const request = cores('a', 6, { numa: 'spread', cache: 'prefer', cores: 'whole' });
      const first = await host.ask(request);
      await host.stop();
      await host.start();
      expect(await host.ask(request)).to.deep.equal(first);
    }));
});
