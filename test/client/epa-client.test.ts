/** The client for programs, against a real daemon, and servers that do what one seldom does. */

import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import {
  ClientError,
  EpaClient,
  RefusedError,
  type WatchedLine,
} from '../../src/client/epa-client.js';
import { ACTIONS } from '../../src/protocol/request.js';
import { TestHost } from '../daemon/harness.js';

type Lines = AsyncGenerator<WatchedLine, void, undefined>;

/** The next line; fails when there is none. */
async function next(lines: Lines): Promise<WatchedLine> {
  const { value, done } = await lines.next();
  if (done === true) return expect.fail('the watch has ended');
  return value;
}

/** The lines to the first of that type, it included. */
async function until(lines: Lines, type: WatchedLine['type']): Promise<WatchedLine[]> {
  const seen: WatchedLine[] = [];
  do seen.push(await next(lines));
  while (seen.at(-1)?.type !== type);
  return seen;
}

async function failureOf(asking: Promise<unknown>): Promise<unknown> {
  try {
    await asking;
  } catch (error) {
    return error;
  }
  return expect.fail('it did not fail');
}

/** Serves a path in place of a daemon. */
class Stub {
  readonly #server: Server;
  readonly #peers = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async at(path: string, onRequest: (socket: Socket) => void): Promise<Stub> {
    const server = createServer();
    const stub = new Stub(server);
    server.on('connection', (socket) => {
      stub.#peers.add(socket);
      socket.once('data', () => onRequest(socket));
    });
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    return stub;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('the client for programs', () => {
  let host: TestHost;
  let epa: EpaClient;
  beforeEach(async () => {
    host = new TestHost();
    epa = new EpaClient({ socketPath: host.socketPath, timeoutMs: 15_000 });
    await host.start();
  });
  afterEach(() => host[Symbol.asyncDispose]());

  it('has a method for every action', () => {
    const methods = ACTIONS.map((action) =>
      action.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    );
    expect(methods.filter((name) => typeof Reflect.get(epa, name) !== 'function')).to.deep.equal(
      [],
    );
  });

  it('asks in the words of the protocol, and gives the reply', async () => {
    const nova = await epa.allocateCores({ service_name: 'nova', num_of_cores: 26 });
    expect(nova.cores_allocated).to.equal(26);
    const ceph = await epa.allocateCoresPercent({
      service_name: 'ceph',
      percent: 1,
      preemption_policy: 'non-preemptive',
    });
    expect(ceph.preemption_policy).to.equal('non-preemptive');
    const dpdk = await epa.allocateNumaCores({
      service_name: 'dpdk',
      numa_node: 1,
      num_of_cores: 4,
    });
    expect(dpdk.preempted?.map(({ service_name }) => service_name)).to.deep.equal(['nova']);
    const pages = { service_name: 'dpdk', node_id: 1, size_kb: 2_048, hugepages_requested: 3 };
    expect((await epa.allocateHugepages(pages)).message).to.include('3 hugepages');
    const { allocations } = await epa.listAllocations();
    expect(allocations.map(({ service_name }) => service_name)).to.deep.equal([
      'ceph',
      'dpdk',
      'nova',
    ]);
    expect((await epa.listAllocations({ pool: 'isolated' })).total_allocations).to.equal(3);
    expect((await epa.getMemoryInfo()).numa_hugepages['node1']?.allocations).to.deep.equal({
      dpdk: { 2048: 3 },
    });
    expect((await epa.getTopology()).hugepage_records).to.have.length(1);
    expect((await epa.getStatus()).counts.changes).to.equal(4);
    expect((await epa.getMetrics()).metrics).to.include('epa_orchestrator_changes_total 4\n');
    expect((await epa.request('list_allocations', { pool: undefined })).pool).to.equal('isolated');
  });

  it('says no with code, details and sentence', async () => {
    const error = await failureOf(
      epa.allocateNumaCores({ service_name: 'dpdk', numa_node: 7, num_of_cores: 2 }),
    );
    expect(error).to.be.instanceOf(RefusedError);
    expect(error).to.deep.include({
      code: 'NUMA_NODE_NOT_FOUND',
      message: 'NUMA node 7 does not exist',
    });
    expect((error as RefusedError).details).to.deep.include({ numa_nodes: [0, 1] });
  });

  it('says why there is no reply', async () => {
    await host.stop();
    const error = await failureOf(epa.getStatus());
    expect(error).to.be.instanceOf(ClientError);
    expect(error).to.include({ reason: 'NO_SOCKET' });
    await using _ = await Stub.at(host.socketPath, () => undefined);
    expect(await failureOf(epa.getStatus({}, { timeoutMs: 50 }))).to.include({ reason: 'TIMEOUT' });
  });

  it('gives up with the reason of a signal, before and while it waits', async () => {
    const because = new Error('enough');
    const { signal } = abortedWith(because);
    expect(await failureOf(epa.getStatus({}, { signal }))).to.equal(because);
    await host.stop();
    const controller = new AbortController();
    await using _ = await Stub.at(host.socketPath, () => controller.abort(because));
    expect(await failureOf(epa.getStatus({}, { signal: controller.signal }))).to.equal(because);
  });

  it('asks many at once, none waiting for another', async () => {
    const replies = await Promise.all(
      Array.from({ length: 28 }, (_, index) =>
        epa.allocateCores({ service_name: `s${index}`, num_of_cores: 1 }),
      ),
    );
    expect(new Set(replies.map(({ allocated_cores }) => allocated_cores)).size).to.equal(28);
  });

  it('inspects', async () => {
    const lines = epa.inspect();
    expect((await lines.next()).value).to.include({ type: 'inspection' });
    await lines.return();
    while ((await epa.getStatus()).inspectors > 0);
  });

  describe('watching', () => {
    it('has the picture first, then every change', async () => {
      const lines = epa.watch({ services: ['nova'] });
      expect(await next(lines)).to.deep.include({ type: 'snapshot', seq: 1, allocations: [] });
      await epa.allocateCores({ service_name: 'nova', num_of_cores: 1 });
      expect(await next(lines)).to.include({ type: 'claimed', service_name: 'nova', cpus: '1' });
      await lines.return();
    });

    it('goes on after a restart: says that it was interrupted, and begins anew', async () => {
      await using lines = epa.watch();
      await next(lines);
      await epa.allocateCores({ service_name: 'nova', num_of_cores: 1 });
      await next(lines);
      const interrupted = until(lines, 'interrupted');
      await host.stop();
      const seen = await interrupted;
      expect(seen.map(({ type }) => type)).to.deep.equal(['daemon_changed', 'interrupted']);
      const again = next(lines);
      await host.start();
      const picture = await again;
      expect(picture).to.include({ type: 'snapshot', seq: 1 });
      expect(picture.type === 'snapshot' && picture.allocations[0]?.service_name).to.equal('nova');
      await epa.allocateCores({ service_name: 'nova', num_of_cores: -1 });
      expect(await next(lines)).to.include({ type: 'released', seq: 2 });
    });

    it('ends at once when it is returned from, though no line comes', async () => {
      const lines = epa.watch();
      await next(lines);
      const waiting = lines.next();
      await setImmediate();
      expect(await lines.return()).to.deep.equal({ value: undefined, done: true });
      expect(await waiting).to.deep.equal({ value: undefined, done: true });
      while ((await epa.getStatus()).watchers > 0);
    });

    it('ends when its signal aborts: while it waits, between attempts, and before it began', async () => {
      const controller = new AbortController();
      const lines = epa.watch({}, controller);
      await next(lines);
      const waiting = lines.next();
      controller.abort();
      expect((await waiting).done).to.equal(true);
      const second = new AbortController();
      const interrupted = epa.watch({}, second);
      await next(interrupted);
      await host.stop();
      await until(interrupted, 'interrupted');
      const attempt = interrupted.next();
      await setImmediate();
      second.abort();
      expect((await attempt).done).to.equal(true);
      expect((await epa.watch({}, abortedWith(new Error('x'))).next()).done).to.equal(true);
    });

    it('ends with the loop of who has seen enough', async () => {
      for await (const line of epa.watch()) {
        expect(line.type).to.equal('snapshot');
        break;
      }
      while ((await epa.getStatus()).watchers > 0);
    });

    it('must succeed at first', async () => {
      const wrong = epa.watch({ services: [] });
      expect(await failureOf(wrong.next())).to.include({ code: 'INVALID_REQUEST' });
      await host.stop();
      expect(await failureOf(epa.watch().next())).to.include({ reason: 'NO_SOCKET' });
    });

    it('begins anew when it read too slowly or the daemon is busy, and says so once', async () => {
      const [picture] = [await next(epa.watch())];
      await host.stop();
      const answers = [
        [JSON.stringify(picture), '{"type":"overrun","seq":2,"reason":"too slow"}'],
        ['{"version":"1.0","error":"Too many watch already","code":"BUSY"}'],
        [JSON.stringify(picture), '{"type":"of_tomorrow","seq":2,"time":"…"}'],
        ['what is this'],
      ];
      await using _ = await Stub.at(host.socketPath, (socket) => {
        socket.end(`${answers.shift()?.join('\n')}\n`);
      });
      const lines = epa.watch();
      expect((await next(lines)).type).to.equal('snapshot');
      expect(await next(lines)).to.deep.equal({ type: 'interrupted', reason: 'too slow' });
      expect((await next(lines)).type).to.equal('snapshot');
      expect(await next(lines)).to.deep.equal({ type: 'unknown', seq: 2, name: 'of_tomorrow' });
      expect((await next(lines)).type).to.equal('interrupted');
      expect(await failureOf(lines.next())).to.include({ reason: 'BAD_REPLY' });
    });
  });
});

function abortedWith(reason: Error): AbortController {
  const controller = new AbortController();
  controller.abort(reason);
  return controller;
}
