/** SIGTERM and SIGINT: under load, while the disk fails, and while it does not answer. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { readToEnd, type Wire } from '../daemon/harness.js';
import { FILES_AT_REST, ProcessHost } from '../process/process-host.js';
import { readStored } from '../process/stored-copies.js';
import { useTally } from '../process/tally.js';
import { until } from '../process/until.js';
import { storeIs } from '../process/watching.js';
import { Peer } from '../socket/peers.js';
import { CHANGES, CROWD_OPTIONS, Crowd } from './crowd.js';
import { DiskTrace } from './disk-trace.js';
import { expectOrderlyEnd } from './failing-write.js';
import { requireTools } from './require-tools.js';
import { SmallDisk } from './small-disk.js';

const CLIENT_COUNT = 8;
/** So many replies, and the load is at its height. */
const REPLIES_BEFORE_SIGNAL = 150;

/** What a client hears instead of a reply when the daemon is gone, or goes. */
const NO_REPLY = ['ECONNRESET', 'ECONNREFUSED', 'ENOENT', 'EPIPE'];

/** One request on a connection of its own; `null` = no byte of a reply came. */
async function replyOrNull(host: ProcessHost, request: Wire): Promise<Wire | null> {
  const socket = connect({ path: host.socketPath, allowHalfOpen: true });
  socket.write(JSON.stringify(request));
  try {
    const text = await readToEnd(socket);
    return text === '' ? null : JSON.parse(text);
  } catch (error) {
    if (error instanceof Error && 'code' in error && NO_REPLY.includes(String(error.code))) {
      return null;
    }
    throw error;
  }
}

/** A service that changes its claim again and again, and remembers what it was told last. */
class BusyClient {
  readonly serviceName: string;
  replyCount = 0;
  /** As last acknowledged; `''` = it holds nothing. */
  cpus = '';

  constructor(index: number) {
    this.serviceName = `client-${index}`;
  }

  /** Resolves when it was not answered. */
  async work(host: ProcessHost): Promise<void> {
    for (let turn = 0; ; turn++) {
      const reply = await replyOrNull(host, {
        ...{ action: 'allocate_cores', service_name: this.serviceName },
        num_of_cores: [1, 3, 2, -1][turn % 4],
      });
      if (reply === null) return;
      expect(reply).not.to.have.property('error');
      this.cpus = reply['allocated_cores'];
      this.replyCount++;
    }
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Resolves when the daemon's log has that line, without asking the daemon. */
async function hears(host: ProcessHost, message: string): Promise<void> {
  while (!host.log.some((line) => line['msg'].includes(message))) {
    const { stderr } = host.daemon.process;
    if (stderr === null) throw new Error('the daemon has no log');
    await once(stderr, 'data');
  }
}

describe('a daemon that is asked to end', function () {
  requireTools();
  this.timeout(60_000);
  const tally = useTally();

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    for (const round of [1, 2]) {
      it(`keeps its word to all, and answers whom it has heard: ${signal}, round ${round}`, async () => {
        await using host = new ProcessHost();
        await host.start();
        const clients = Array.from({ length: CLIENT_COUNT }, (_, index) => new BusyClient(index));
        const idle = await Promise.all([1, 2, 3].map(() => Peer.connect(host.socketPath)));
        const session = await Peer.connect(host.socketPath);
        await session.send('{"action":"get_status"}\n');
        await session.lines(1);
        const work = clients.map((client) => client.work(host));
        const replyCount = () => sum(clients.map((client) => client.replyCount));
        await until(() => replyCount() >= REPLIES_BEFORE_SIGNAL);
        host.daemon.process.kill(signal);
        await Promise.all(work);
        expect(await Promise.all(idle.map((peer) => peer.farewell))).to.deep.equal(['', '', '']);
        expect((await session.farewell).split('\n')).to.have.length(2);
        expect(await host.daemon.ended).to.equal(0);
        await host.start();
        const { allocations } = await host.ask({ action: 'list_allocations' });
        const held = allocations.map((one: Wire) => [one['service_name'], one['allocated_cores']]);
        const acknowledged = clients.flatMap(({ serviceName, cpus }) =>
          cpus === '' ? [] : [[serviceName, cpus]],
        );
        expect(held).to.deep.equal(acknowledged);
        await expectOrderlyEnd(host, signal);
        tally(`× ${signal} under load`);
        tally('replies before the signal took effect, all of them true afterwards', replyCount());
      });
    }

    it(`finishes what the disk holds up, when it answers in time: ${signal}`, async () => {
      await using host = new ProcessHost();
      await host.start();
      const hold = await DiskTrace.hold(host.daemon, 'fdatasync', `${host.twinPath}.tmp`);
      const change = host.ask({ action: 'allocate_cores', service_name: 'nova', num_of_cores: 3 });
      await storeIs(host, 'writing alone');
      host.daemon.process.kill(signal);
      await hears(host, 'stopping');
      await hold.detach();
      const reply = await change;
      expect(reply).to.include({ cores_allocated: 3 });
      expect(await host.daemon.ended).to.equal(0);
      expect(host.files).to.deep.equal(['state.json', 'state.twin.json']);
      await host.start();
      const { allocations } = await host.ask({ action: 'list_allocations' });
      expect(allocations[0]).to.include({ allocated_cores: reply['allocated_cores'] });
    });
  }

  for (const [what, call, pathOf] of [
    ['before anything is replaced', 'fdatasync', (host: ProcessHost) => `${host.statePath}.tmp`],
    ['after both copies are replaced', 'fsync', (host: ProcessHost) => host.stateDirectory],
  ] as const) {
    it(`ends in order while every write fails ${what}`, async () => {
      await using host = new ProcessHost();
      await host.start(CROWD_OPTIONS);
      await Crowd.settle(host);
      const acknowledged = await host.holdings();
      const before = readStored(host);
      const trace = await DiskTrace.attach(host.daemon, {
        ...{ path: pathOf(host), calls: { [call]: 'error=EIO' } },
      });
      await endsWhileStoreFails(host);
      expect(trace.failedCallCount).to.be.above(0);
      await trace.detach();
      expect(host.files).to.deep.equal(['state.json', 'state.twin.json']);
      expect(readStored(host).contents).to.deep.equal(before.contents);
      await host.start(CROWD_OPTIONS);
      expect(await host.holdings()).to.deep.equal(acknowledged);
    });
  }

  for (const [what, strike, lift] of [
    ['full', (disk: SmallDisk) => disk.fill(), (disk: SmallDisk) => disk.makeRoom()],
    [
      'read-only',
      (disk: SmallDisk) => disk.makeReadOnly(),
      (disk: SmallDisk) => disk.makeWritable(),
    ],
  ] as const) {
    it(`ends in order while its disk is ${what}`, async () => {
      await using host = new ProcessHost();
      using disk = new SmallDisk(host.stateDirectory);
      await host.start(CROWD_OPTIONS);
      await Crowd.settle(host);
      const acknowledged = await host.holdings();
      const before = readStored(host);
      host.removeRoom();
      strike(disk);
      await endsWhileStoreFails(host);
      lift(disk);
      expect(host.files.filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
      expect(readStored(host).texts).to.deep.equal(before.texts);
      await host.start(CROWD_OPTIONS);
      expect(await host.holdings()).to.deep.equal(acknowledged);
      await expectOrderlyEnd(host);
    });
  }

  for (const [first, second, status] of [
    ['SIGTERM', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
    // npm passes a Ctrl-C on that the terminal has sent already: at first it is the same one.
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGTERM', null, 1],
  ] as const) {
    const title =
      second === null ? 'when its time is over' : `at once at a second signal, ${second},`;

    it(`ends ${title} after ${first} though the disk does not answer`, async () => {
      await using host = new ProcessHost();
      await host.start(CROWD_OPTIONS);
      await Crowd.settle(host);
      const acknowledged = await host.holdings();
      // Opening a pipe that nobody reads waits for a reader.
      host.removeRoom();
      execFileSync('mkfifo', [`${host.statePath}.tmp`]);
      const change = replyOrNull(host, CHANGES[0] ?? {});
      await storeIs(host, 'writing alone');
      const { daemon } = host;
      daemon.process.kill(first);
      await hears(host, 'stopping');
      if (second === null) await hears(host, 'ended by force');
      else await signalUntilEnd(host, second);
      expect(await daemon.ended).to.equal(status);
      expect(await change).to.equal(null);
      await host.start(CROWD_OPTIONS);
      expect(await host.holdings()).to.deep.equal(acknowledged);
      await storeIs(host, 'clean');
      expect(host.filesAtRest).to.deep.equal(FILES_AT_REST);
      await expectOrderlyEnd(host);
    });
  }
});

/** Many change things, and the daemon is asked to end when the first of them hears that it failed. */
async function endsWhileStoreFails(host: ProcessHost): Promise<void> {
  const replies = await Promise.all(
    CHANGES.map(async (request) => {
      const reply = await replyOrNull(host, request);
      if (reply !== null) host.daemon.process.kill('SIGTERM');
      return reply;
    }),
  );
  expect(replies.some((reply) => reply !== null)).to.equal(true);
  for (const reply of replies) {
    if (reply !== null) expect(reply['code']).to.be.oneOf(['STORAGE_FAILED', 'READ_ONLY']);
  }
  expect(await host.daemon.ended).to.equal(0);
}

/** Sends a signal again and again until the daemon is gone. */
async function signalUntilEnd(host: ProcessHost, signal: NodeJS.Signals): Promise<void> {
  const { daemon } = host;
  let isGone = false;
  void daemon.ended.then(() => {
    isGone = true;
  });
  await until(() => {
    daemon.process.kill(signal);
    return isGone;
  });
}
