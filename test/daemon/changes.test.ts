/** Changes that are tried, combined and repeated, on a real daemon with a real disk. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cores, hugepages, numa } from '../core/hosts.js';
import { readLines, TestHost, type Wire } from './harness.js';

const stateOf = (host: TestHost) => JSON.parse(readFileSync(host.statePath, 'utf8')) as Wire;
const generationOf = (host: TestHost) => Number(stateOf(host)['generation']);

/** The lines of a watch that came before everything of `marker`, a service that claims last. */
async function watchedUntil(host: TestHost, marker: string, act: () => Promise<void>) {
  const socket = host.connect();
  socket.write(JSON.stringify({ action: 'watch' }));
  const lines = readLines(socket);
  await lines.next();
  await act();
  await host.ask(cores(marker, 1));
  const seen: Wire[] = [];
  for await (const line of lines) {
    if (line['service_name'] === marker) break;
    seen.push(line);
  }
  socket.destroy();
  return seen;
}

describe('a change that is only tried', () => {
  it('reaches neither the disk, nor who watches, nor the audit log', async () => {
    await using host = new TestHost();
    const auditFile = join(host.directory, 'audit.log');
    await host.start({ auditFile });
    await host.ask(cores('nova', 28));
    const before = readFileSync(host.statePath, 'utf8');
    const seen = await watchedUntil(host, 'marker', async () => {
      const reply = await host.ask(numa('dpdk', 1, 2, { dry_run: true }));
      expect(reply).to.deep.include({
        dry_run: true,
        cores_allocated: '9,25',
        preempted: [{ service_name: 'nova', cpus: '9,25' }],
      });
      expect(readFileSync(host.statePath, 'utf8')).to.equal(before);
      await host.ask(cores('nova', 27));
    });
    expect(seen.map(({ type }) => type)).to.deep.equal(['released']);
    await host.stop();
    const audited = readFileSync(auditFile, 'utf8').trimEnd().split('\n');
    expect(audited.map((line) => JSON.parse(line).request.service_name)).to.deep.equal([
      'nova',
      'nova',
      'marker',
    ]);
  });
});

describe('a transaction', () => {
  const steps = [
    cores('nova', 20),
    numa('dpdk', 0, 4),
    numa('dpdk', 1, 4),
    hugepages('dpdk', 0, 2_048, 8),
  ];

  it('is one write, one line of the audit log, and a line of a watch for each thing done', async () => {
    await using host = new TestHost();
    const auditFile = join(host.directory, 'audit.log');
    await host.start({ auditFile });
    await host.ask(cores('nova', 28));
    const generation = generationOf(host);
    const seen = await watchedUntil(host, 'marker', async () => {
      const { results } = await host.ask({ action: 'transact', steps });
      expect(results).to.have.length(4);
      expect(generationOf(host)).to.equal(generation + 1);
      expect(results[3]).to.include({ allocation_successful: true, service_name: 'dpdk' });
    });
    expect(seen.map(({ type, service_name }) => `${type} ${service_name}`)).to.deep.equal([
      'released nova',
      'preempted nova',
      'claimed dpdk',
      'claimed dpdk',
      'hugepages_recorded dpdk',
    ]);
    await host.stop();
    const lines = readFileSync(auditFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ request }) => request.action)).to.deep.equal([
      'allocate_cores',
      'transact',
      'allocate_cores',
    ]);
    expect(lines[1].request.steps).to.have.length(4);
    expect(lines[1].claims.map((claim: Wire) => claim['service_name']).sort()).to.deep.equal([
      'dpdk',
      'nova',
    ]);
    expect(lines[1].claims[0].before.cores_count).to.equal(28);
    expect(lines[1].hugepages).to.have.length(1);
  });

  it('leaves the state byte for byte as it was when a step is refused', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 28));
    const before = readFileSync(host.statePath, 'utf8');
    const refused = await host.ask({ action: 'transact', steps: [...steps, numa('dpdk', 1, 40)] });
    expect(refused).to.include({ code: 'INSUFFICIENT_CPUS' });
    expect(refused['details']).to.include({ step: 4 });
    expect(refused['details']['nearest']).to.include({ num_of_cores: 14 });
    expect(readFileSync(host.statePath, 'utf8')).to.equal(before);
    expect(await host.allocations()).to.have.all.keys('nova');
  });

  it('looks at the pages of every node that its steps name', async () => {
    await using host = new TestHost();
    await host.start();
    const counters = 'devices/system/node/node1/hugepages/hugepages-2048kB';
    host.writeSysfsFile(`${counters}/nr_hugepages`, '3\n');
    host.writeSysfsFile(`${counters}/free_hugepages`, '3\n');
    const ask = (count: number) =>
      host.ask({
        action: 'transact',
        steps: [hugepages('a', 0, 2_048, 1), hugepages('a', 1, 2_048, count)],
      });
    expect(await ask(4)).to.include({ code: 'INSUFFICIENT_HUGEPAGES' });
    expect(await ask(3)).not.to.have.property('error');
  });
});

describe('a request with an id', () => {
  const request = numa('dpdk', 1, 2, { request_id: 'once' });

  it('is done once, however often its reply is lost', async () => {
    await using host = new TestHost();
    await host.start();
    for (let lost = 0; lost < 3; lost++) {
      await new Promise<void>((resolve) => {
        const socket = host.connect();
        socket.end(JSON.stringify(request), () => {
          socket.destroy();
          resolve();
        });
      });
    }
    const first = await host.ask(request);
    await host.ask(numa('dpdk', 1, 5));
    expect(await host.ask(request)).to.deep.equal(first);
    expect(await host.allocations()).to.deep.equal({ dpdk: '9-11,25-26' });
  });

  it('is known after a restart, from either copy of the state', async () => {
    await using host = new TestHost();
    await host.start();
    const first = await host.ask(request);
    await host.ask(cores('dpdk', -1));
    const { generation } = stateOf(host) as { generation: number };
    await host.stop();
    host.writeState('damaged');
    await host.start();
    expect(await host.ask(request)).to.deep.equal(first);
    expect(await host.allocations()).to.deep.equal({});
    const other = await host.ask(numa('dpdk', 1, 3, { request_id: 'once' }));
    expect(other).to.include({ code: 'INVALID_REQUEST' });
    await host.ask(cores('nova', 1));
    expect(generationOf(host)).to.be.above(generation);
  });

  it('is answered together with its first, if that is not on disk yet', async () => {
    await using host = new TestHost();
    await host.start();
    const replies = await Promise.all(Array.from({ length: 20 }, () => host.ask(request)));
    for (const reply of replies) expect(reply).to.deep.equal(replies[0]);
    expect(stateOf(host)['replies']).to.have.length(1);
  });
});
