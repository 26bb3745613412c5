import { once } from 'node:events';
import { expect } from 'chai';
import { readLines, readOnce, readToEnd, TestHost, type Wire } from './harness.js';

const list = { version: '1.0', service_name: 'nova', action: 'list_allocations' };

describe("a daemon and today's clients", () => {
  let host: TestHost;
  before(async () => {
    host = new TestHost();
    await host.start();
  });
  after(() => host[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const [service_name, pool] of [
      ['nova', 'isolated'],
      ['ceph', 'isolated'],
    ]) {
      await host.ask({ action: 'allocate_cores', num_of_cores: -1, service_name, pool });
    }
  });

  it('answers one object without newline or half-close, in one read, and closes', async () => {
    const socket = host.connect();
    socket.write(JSON.stringify(list));
    const first = await readOnce(socket);
    expect(JSON.parse(first)).to.include({ version: '1.0', pool: 'isolated' });
    expect(first).not.to.match(/\n/);
    await once(socket, 'end');
    socket.destroy();
  });

  it('answers a request that comes in pieces, however it is cut', async () => {
    const text = JSON.stringify({ ...list, note: 'a "quoted" } brace and ü' });
    const bytes = Buffer.from(text);
    for (const size of [1, 7, 50]) {
      const socket = host.connect();
      await once(socket, 'connect');
      const reply = readToEnd(socket);
      for (let start = 0; start < bytes.length; start += size) {
        await new Promise((sent) => socket.write(bytes.subarray(start, start + size), sent));
      }
      expect(JSON.parse(await reply)).to.include({ pool: 'isolated' });
    }
  });

  it('answers requests of 1,500 bytes', async () => {
    const reply = await host.ask({ ...list, padding: 'x'.repeat(1_500) });
    expect(reply).to.include({ pool: 'isolated' });
  });

  it('serves the hypervisor, which sends "numa_node": null with every allocate_cores', async () => {
    const reply = await host.ask({
      version: '1.0',
      service_name: 'nova',
      action: 'allocate_cores',
      num_of_cores: 4,
      numa_node: null,
    });
    expect(reply).to.deep.equal({
      version: '1.0',
      service_name: 'nova',
      num_of_cores: 4,
      cores_allocated: 4,
      allocated_cores: '1-2,17-18',
      shared_cpus: '3-7,9-15,19-23,25-31',
      total_available_cpus: 28,
      remaining_available_cpus: 24,
      pool: 'isolated',
      preemption_policy: 'legacy',
    });
  });

  it('keeps a session open after a newline, in order, until the client ends it', async () => {
    const socket = host.connect();
    const asked = [
      { action: 'allocate_cores', service_name: 'nova', num_of_cores: 2 },
      list,
      { action: 'nonsense' },
      { action: 'allocate_cores', service_name: 'nova', num_of_cores: -1 },
    ];
    socket.end(asked.map((request) => `${JSON.stringify(request)}\n`).join('\n'));
    const replies: Wire[] = [];
    for await (const reply of readLines(socket)) replies.push(reply);
    expect(replies.map((reply) => reply['code'] ?? 'ok')).to.deep.equal([
      'ok',
      'ok',
      'UNKNOWN_ACTION',
      'ok',
    ]);
    expect(replies[1]?.['allocations'][0]).to.include({ service_name: 'nova', cores_count: 2 });
  });

  it('goes on when a client leaves before it reads, and carries out what was asked', async () => {
    for (let i = 0; i < 50; i++) {
      const socket = host.connect();
      socket.write(
        JSON.stringify({ action: 'allocate_cores', service_name: 'nova', num_of_cores: 3 }),
        () => socket.destroy(),
      );
      await once(socket, 'close');
    }
    expect(await host.allocations()).to.have.property('nova');
  });

  it('answers garbage with an error and goes on', async () => {
    const garbage: (string | Buffer)[] = [
      'hello',
      '[]',
      '"x"',
      '{"action":}',
      '{]',
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from('{"action":"\xff"}', 'latin1'),
      `{"a":${'['.repeat(40)}${']'.repeat(40)}}`,
    ];
    for (const text of garbage) {
      const reply = JSON.parse(await host.send(text));
      expect(reply, String(text)).to.include({ version: '1.0', code: 'INVALID_REQUEST' });
      expect(reply.error).to.be.a('string');
    }
    expect(await host.ask(list)).to.include({ pool: 'isolated' });
  });

  it('serves others while clients say nothing, or half of something', async () => {
    const silent = Array.from({ length: 100 }, (_, i) => {
      const socket = host.connect();
      if (i % 2 === 0) socket.write('{"action": "list_all');
      return socket;
    });
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect(await host.ask(list)).to.include({ pool: 'isolated' });
    for (const socket of silent) socket.destroy();
  });

  it('gives the last CPU to one of two who ask at once', async () => {
    await host.ask({ action: 'allocate_cores', service_name: 'nova', num_of_cores: 27 });
    const ask = (service_name: string) =>
      host.ask({ action: 'allocate_cores', service_name, num_of_cores: 1 });
    const outcomes = await Promise.all([ask('ceph'), ask('dpdk')]);
    const granted = outcomes.filter((reply) => reply['error'] === undefined);
    const refused = outcomes.filter((reply) => reply['code'] === 'INSUFFICIENT_CPUS');
    expect([granted.length, refused.length]).to.deep.equal([1, 1]);
    expect(refused[0]?.['error']).to.equal(
      'Insufficient CPUs available. Requested: 1, Available: 0',
    );
    for (const service_name of ['ceph', 'dpdk']) {
      await host.ask({ action: 'allocate_cores', service_name, num_of_cores: -1 });
    }
  });

  it('answers 1,000 clients that connect at once', async () => {
    const replies = await Promise.all(Array.from({ length: 1_000 }, () => host.ask(list)));
    expect(replies.every((reply) => reply['pool'] === 'isolated')).to.equal(true);
  });

  it('holds no CPU twice whatever 16 clients do at once', async () => {
    const services = Array.from({ length: 16 }, (_, i) => `service-${i}`);
    await Promise.all(
      services.map(async (service_name, i) => {
        for (let round = 0; round < 10; round++) {
          const isNuma = (i + round) % 2 === 0;
          await host.ask(
            isNuma
              ? { action: 'allocate_numa_cores', service_name, numa_node: i % 2, num_of_cores: 2 }
              : { action: 'allocate_cores', service_name, num_of_cores: 1 + (round % 4) },
          );
        }
      }),
    );
    const topology = await host.ask({ action: 'get_topology' });
    const held = topology['allocations'].reduce((n: number, a: Wire) => n + a['cores_count'], 0);
    const reply = await host.ask(list);
    expect(reply['total_available_cpus'] - held).to.equal(reply['remaining_available_cpus']);
    for (const service_name of services) {
      await host.ask({ action: 'allocate_cores', service_name, num_of_cores: -1 });
    }
    expect(await host.allocations()).to.deep.equal({});
  });
});
