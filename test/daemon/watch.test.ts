/** `watch` on a real daemon: the whole picture, then every change that is durable, without gaps. */

import { renameSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import type { WatchEvent, WatchPicture } from '../../src/protocol/watch-event.js';
import { cores, hugepages, numa } from '../core/hosts.js';
import { applyLine, freshTables, type WatchTables } from '../core/watch-tables.js';
import { checkLine } from './by-contract.js';
import { readLines, readToEnd, TestHost, type Wire } from './harness.js';
import { obstructWrites } from './obstacle.js';

const pages = (serviceName: string, count: number) => hugepages(serviceName, 0, 2_048, count);

/** One who watches, line by line. */
class Watcher {
  readonly socket: Socket;
  readonly #lines: AsyncGenerator<Wire>;

  constructor(host: TestHost, request: Wire = {}) {
    this.socket = host.connect();
    this.socket.write(JSON.stringify({ action: 'watch', ...request }));
    this.#lines = readLines(this.socket);
  }

  async next(): Promise<Wire> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the watch has ended');
    checkLine(value);
    return value;
  }

  /** Lines up to the first of a type, that included. */
  async until(isLast: (line: Wire) => boolean): Promise<Wire[]> {
    const lines = [await this.next()];
    while (!isLast(lines.at(-1) ?? {})) lines.push(await this.next());
    return lines;
  }
}

const isOf =
  (type: string, fields: Wire = {}) =>
  (line: Wire) =>
    line['type'] === type && Object.entries(fields).every(([key, value]) => line[key] === value);

describe('watch', () => {
  it('begins with the whole picture', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 4));
    await host.ask(pages('nova', 3));
    const watcher = new Watcher(host);
    const { type, seq, version, time, ...picture } = await watcher.next();
    expect({ type, seq, version }).to.deep.equal({ type: 'snapshot', seq: 1, version: '1.0' });
    expect(new Date(time).toISOString()).to.equal(time);
    const { version: _, sysfs_problem, ...topology } = await host.ask({ action: 'get_topology' });
    const { daemon, ...rest } = picture;
    expect(rest).to.deep.equal(topology);
    const { hugepages, hugepage_records } = topology;
    expect(hugepages[0]).to.deep.include({ node_id: 0, size_kb: 2_048, shortfall: 0 });
    expect(hugepage_records).to.deep.equal([
      { service_name: 'nova', node_id: 0, size_kb: 2_048, count: 3 },
    ]);
    expect(daemon).to.deep.equal({ state: 'serving', store_problem: null, sysfs_problem });
    watcher.socket.destroy();
  });

  it('tells of claims, forced losses and releases when they are on disk, numbered without gaps', async () => {
    await using host = new TestHost();
    await host.start();
    const watcher = new Watcher(host);
    await watcher.next();
    await host.ask(cores('nova', 28));
    await host.ask(numa('dpdk', 1, 2));
    await host.ask(cores('ghost', 99));
    await host.ask(cores('nova', -1));
    const lines = await watcher.until(isOf('released'));
    expect(lines.map(({ type, seq }) => [seq, type])).to.deep.equal([
      [2, 'claimed'],
      [3, 'preempted'],
      [4, 'claimed'],
      [5, 'released'],
    ]);
    const [, preempted, claimed, released] = lines;
    expect(preempted).to.include({ service_name: 'nova', cpus: '9,25', by: 'dpdk' });
    expect(claimed).to.deep.include({
      service_name: 'dpdk',
      cpus: '9,25',
      generation: preempted?.['generation'],
    });
    expect(released).to.include({ service_name: 'nova', allocation: null });
    const { store } = await host.ask({ action: 'get_status' });
    expect(store.generation).to.equal(released?.['generation']);
    watcher.socket.destroy();
  });

  it('tells of the machine: CPUs, isolation, pages, and sysfs that cannot be read', async () => {
    await using host = new TestHost();
    await host.start({ rescanIntervalMs: 100 });
    const watcher = new Watcher(host);
    await watcher.next();
    host.writeSysfsFile('devices/system/cpu/online', '0-30\n');
    expect(
      (await watcher.until(isOf('node_changed'))).map(({ type, cpus }) => [type, cpus]),
    ).to.deep.equal([
      ['cpus_offline', '31'],
      ['pool_changed', undefined],
      ['node_changed', undefined],
    ]);
    const file = 'devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages';
    await host.ask(pages('a', 2));
    host.writeSysfsFile(file, '1\n');
    const [short] = (await watcher.until(isOf('hugepages_changed'))).slice(-1);
    expect(short).to.include({ node_id: 0, size_kb: 2_048, total: 1, shortfall: 1 });
    host.spoilSysfsFile('devices/system/cpu/online');
    const [bad] = await watcher.until(isOf('daemon_changed'));
    expect(bad?.['sysfs_problem'].path).to.match(/cpu\/online$/);
    expect((await host.ask({ action: 'get_topology' }))['sysfs_problem']).to.deep.equal(
      bad?.['sysfs_problem'],
    );
    host.mendSysfsFile('devices/system/cpu/online', '0-31\n');
    const lines = await watcher.until(isOf('daemon_changed'));
    expect(lines.at(-1)).to.include({ state: 'serving', sysfs_problem: null });
    expect(
      lines.some(isOf('cpus_online', { cpus: '31' })) || isOf('cpus_online')(await watcher.next()),
    ).to.equal(true);
    watcher.socket.destroy();
  });

  it('tells of a node that is unplugged, and that it is gone once nothing is on record there', async () => {
    await using host = new TestHost();
    await host.start({ rescanIntervalMs: 100 });
    await host.ask(numa('dpdk', 1, 2));
    const watcher = new Watcher(host);
    const tables = freshTables((await watcher.next()) as WatchPicture);
    // As the kernel does it: the CPUs go first, and the node at once, so that nothing follows.
    host.writeSysfsFile('devices/system/cpu/online', '0-7,16-23\n');
    host.writeSysfsFile('devices/system/node/online', '0\n');
    renameSync(join(host.sysfsRoot, 'devices/system/node/node1'), join(host.directory, 'node1'));
    const lines = await watcher.until((line) => line['node']?.is_present === false);
    expect(lines.at(-1)).to.deep.include({ type: 'node_changed' });
    expect(lines.at(-1)?.['node']).to.include({ node_id: 1, cpus: '8-15,24-31' });
    await host.ask(numa('dpdk', 1, -1));
    lines.push(...(await watcher.until(isOf('node_removed'))));
    expect(lines.at(-1)).to.include({ node_id: 1 });
    for (const line of lines) applyLine(tables, line as WatchEvent);
    const picture = (await new Watcher(host).next()) as WatchPicture;
    expect(tables).to.deep.equal(freshTables(picture));
    watcher.socket.destroy();
  });

  it('tells of the services that it is asked for, and of the machine', async () => {
    await using host = new TestHost();
    await host.start({ rescanIntervalMs: 100 });
    await host.ask(cores('nova-1', 2));
    await host.ask(cores('ceph', 2));
    const watcher = new Watcher(host, { services: ['nova-*', 'x'] });
    const first = await watcher.next();
    expect(first['allocations'].map((listed: Wire) => listed['service_name'])).to.deep.equal([
      'nova-1',
    ]);
    await host.ask(cores('ceph', 3));
    await host.ask(cores('nova-2', 21));
    await host.ask(numa('dpdk', 0, 13));
    host.writeSysfsFile('devices/system/cpu/online', '0-30\n');
    const lines = await watcher.until(isOf('cpus_offline'));
    expect(lines.map(({ seq, type, service_name }) => [seq, type, service_name])).to.deep.equal([
      [2, 'claimed', 'nova-2'],
      [3, 'preempted', 'nova-1'],
      [4, 'preempted', 'nova-2'],
      [5, 'cpus_offline', undefined],
    ]);
    watcher.socket.destroy();
  });

  it('lets everybody keep the same picture as the daemon, whenever they came', async () => {
    await using host = new TestHost();
    await host.start();
    const watchers: { watcher: Watcher; tables: WatchTables }[] = [];
    const join = async () => {
      const watcher = new Watcher(host);
      watchers.push({ watcher, tables: freshTables((await watcher.next()) as WatchPicture) });
    };
    const clients = ['a', 'b', 'c'].map(async (name, client) => {
      for (let round = 0; round < 20; round++) {
        const seed = (round * 7 + client * 3) % 11;
        await host.ask(seed % 3 === 0 ? numa(name, seed % 2, 1 + seed) : cores(name, seed - 1));
        if (round % 5 === 0) await join();
      }
    });
    await Promise.all(clients);
    await host.ask(pages('last', 1));
    const picture = (await new Watcher(host).next()) as WatchPicture;
    for (const { watcher, tables } of watchers) {
      const lines = await watcher.until(isOf('hugepages_recorded', { service_name: 'last' }));
      let seq = 1;
      for (const line of lines) {
        expect(line['seq']).to.equal(++seq);
        applyLine(tables, line as WatchEvent);
      }
      expect(tables).to.deep.equal(freshTables(picture));
    }
  });

  it('says nothing of what could not be stored, and that nothing can be', async () => {
    await using host = new TestHost();
    await host.start();
    await host.ask(cores('nova', 28));
    const watcher = new Watcher(host);
    await watcher.next();
    const makeWay = obstructWrites(host);
    expect(await host.ask(numa('dpdk', 0, 2))).to.include({ code: 'STORAGE_FAILED' });
    const told = await watcher.next();
    expect(told).to.include({ type: 'daemon_changed', seq: 2, state: 'read-only' });
    expect(told['store_problem']).to.be.a('string');
    makeWay();
    const recovered = await watcher.next();
    expect(recovered).to.include({ seq: 3, state: 'serving', store_problem: null });
    await host.ask(cores('nova', -1));
    expect(await watcher.next()).to.include({ type: 'released', seq: 4, service_name: 'nova' });
    watcher.socket.destroy();
  });

  it('says that the daemon ends, and ends', async () => {
    await using host = new TestHost();
    await host.start();
    const watcher = new Watcher(host);
    await watcher.next();
    const last = watcher.next();
    await host.stop();
    expect(await last).to.include({ type: 'daemon_changed', seq: 2, state: 'stopping' });
    expect(await watcher.next().then(() => 'more', String)).to.match(/has ended/);
  });

  it('tells one that does not read that it was too slow, and cuts it off; others go on', async () => {
    await using host = new TestHost();
    await host.start();
    const slow = host.connect();
    slow.pause();
    slow.write(JSON.stringify({ action: 'watch' }));
    const watcher = new Watcher(host);
    await watcher.next();
    const heard = watcher.until(isOf('hugepages_recorded'));
    const watcherCount = async () => (await host.ask({ action: 'get_status' }))['watchers'];
    expect(await watcherCount()).to.equal(2);
    // Long names make long lines.
    const names = Array.from({ length: 28 }, (_, index) => `${'x'.repeat(126)}${10 + index}`);
    let changeCount = 0;
    for (let round = 0; (await watcherCount()) === 2; round++) {
      await Promise.all(names.map((name) => host.ask(cores(name, round % 2 === 0 ? 1 : -1))));
      changeCount += names.length;
      expect(changeCount, 'changes that nobody had to read').to.be.below(20_000);
    }
    await host.ask(pages('last', 1));
    expect((await heard).map(({ seq }) => seq)).to.deep.equal(
      Array.from({ length: changeCount + 1 }, (_, index) => index + 2),
    );
    watcher.socket.destroy();
    const everything = readToEnd(slow);
    slow.resume();
    const lines = (await everything)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const line of lines) checkLine(line);
    expect(lines.map(({ seq }) => seq)).to.deep.equal(lines.map((_, index) => index + 1));
    expect(lines.at(-1)).to.include({ type: 'overrun' });
    expect(lines.length).to.be.below(changeCount);
  }).timeout(60_000);
});
