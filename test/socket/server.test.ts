/** The socket as a whole: its file, many peers at once, and its end. */

import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import {
  type Place,
  SocketError,
  type SocketServer,
  serveSocket,
} from '../../src/socket/server.js';
import { FakeDaemon, Peer, placeOf, replyTextOf, requestOf, useServedSocket } from './peers.js';

/** How often the file is met before its modes are told. */
const SIGHTINGS = 500;

/** Looks at the mode of a file again and again, and tells in the end which modes it has met. */
const WATCHER = `
  const { lstatSync } = require('node:fs');
  const { parentPort, workerData } = require('node:worker_threads');
  const { path, sightings } = workerData;
  const modes = new Set();
  while (Atomics.load(sightings, 0) < ${SIGHTINGS}) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    modes.add(stats.mode & 0o777);
    Atomics.add(sightings, 0, 1);
  }
  parentPort.postMessage([...modes]);
`;

describe('the socket file', () => {
  let directory = '';
  let path = '';
  const daemon = new FakeDaemon();
  const servers: SocketServer[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'epa-socket-'));
    path = join(directory, 'epa.sock');
    daemon.padding = '';
  });

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    rmSync(directory, { recursive: true, force: true });
  });

  /** Serves a socket until the test ends, or closes it. */
  async function serve(at = path, place: Partial<Place> = {}): Promise<SocketServer> {
    const server = await serveSocket({ ...placeOf(at), ...place }, daemon);
    servers.push(server);
    return server;
  }

  /** Leaves the socket file of a daemon that was killed. */
  async function leaveStaleSocket(): Promise<void> {
    const killed = createServer();
    await new Promise<void>((resolve) => killed.listen(`${path}.old`, resolve));
    renameSync(`${path}.old`, path);
    await new Promise((resolve) => killed.close(resolve));
    expect(lstatSync(path).isSocket()).to.equal(true);
  }

  async function refusalOf(serving: Promise<unknown>): Promise<SocketError> {
    try {
      await serving;
    } catch (error) {
      if (error instanceof SocketError) return error;
      throw error;
    }
    throw new Error('it was served');
  }

  it('is open to owner and group only', async () => {
    await serve();
    expect(lstatSync(path).mode & 0o777).to.equal(0o660);
  });

  it('is as open as it is told to be', async () => {
    for (const mode of [0o600, 0o660, 0o666]) {
      const server = await serve(path, { mode });
      expect(lstatSync(path).mode & 0o777).to.equal(mode);
      await server.close();
    }
  });

  it('is at no moment more open than it is told to be', async () => {
    const sightings = new Int32Array(new SharedArrayBuffer(4));
    const watcher = new Worker(WATCHER, { eval: true, workerData: { path, sightings } });
    const watched = once(watcher, 'message');
    while (Atomics.load(sightings, 0) < SIGHTINGS) {
      const server = await serve(path, { mode: 0o640 });
      await server.close();
    }
    expect([0o600, 0o640]).to.include.members((await watched)[0]);
  });

  it('belongs to the group it is told, by name or number', async function () {
    if (process.getuid?.() !== 0) this.skip();
    for (const group of ['daemon', '1']) {
      const server = await serve(path, { mode: 0o660, group });
      expect(lstatSync(path).gid).to.equal(1);
      await server.close();
    }
  });

  it('is not served for a group that does not exist', async () => {
    const { message } = await refusalOf(serve(path, { mode: 0o660, group: 'no-such-group' }));
    expect(message).to.include(path).and.include('there is no group no-such-group');
    expect(existsSync(path)).to.equal(false);
  });

  it('does not change what other files are made with', async () => {
    const before = process.umask();
    await serve();
    expect(process.umask()).to.equal(before);
  });

  it('is made together with its directories, and is gone at the end', async () => {
    const deep = join(directory, 'a', 'b', 'epa.sock');
    const server = await serve(deep);
    expect(await Peer.askOnce(deep, requestOf('a'))).to.equal(replyTextOf('a'));
    await server.close();
    expect(existsSync(deep)).to.equal(false);
    expect(existsSync(dirname(deep))).to.equal(true);
  });

  it('replaces that of a daemon that was killed', async () => {
    await leaveStaleSocket();
    await serve();
    expect(await Peer.askOnce(path, requestOf('a'))).to.equal(replyTextOf('a'));
  });

  it('does not replace that of a daemon that serves', async () => {
    await serve();
    const { message } = await refusalOf(serve());
    expect(message).to.include(path).and.include('another daemon');
    expect(await Peer.askOnce(path, requestOf('a'))).to.equal(replyTextOf('a'));
  });

  it('replaces nothing that is no socket', async () => {
    writeFileSync(path, 'precious');
    const { message } = await refusalOf(serve());
    expect(message).to.include(path).and.include('no socket');
    expect(existsSync(path)).to.equal(true);
  });

  it('is not made below a file, and says so', async () => {
    writeFileSync(path, '');
    chmodSync(path, 0o600);
    const { message } = await refusalOf(serve(join(path, 'epa.sock')));
    expect(message).to.include('cannot listen on');
  });
});

describe('the served socket', () => {
  const served = useServedSocket();

  it('answers 1,000 peers that are there at once', async () => {
    const { path, daemon } = served();
    const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
    const peers = await Promise.all(names.map(() => Peer.connect(path)));
    await Promise.all(peers.map((peer, index) => peer.send(requestOf(names[index] ?? ''))));
    await daemon.wasAsked(1_000);
    for (const name of [...names].reverse()) daemon.answer(name);
    const replies = await Promise.all(peers.map((peer) => peer.farewell));
    expect(replies).to.deep.equal(names.map((name) => replyTextOf(name)));
  });

  it('answers 1,000 peers that connect and ask at the same moment', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
    const replies = await Promise.all(names.map((name) => Peer.askOnce(path, requestOf(name))));
    expect(replies).to.deep.equal(names.map((name) => replyTextOf(name)));
  });

  describe('when it closes', () => {
    it('answers what was asked, ends all peers, and removes its file', async () => {
      const { path, daemon, server } = served();
      const once = await Peer.connect(path);
      const session = await Peer.connect(path);
      const idle = await Peer.connect(path);
      const torn = await Peer.connect(path);
      await torn.send('{"action":');
      await once.send(requestOf('once'));
      await session.send(`${requestOf('a')}\n${requestOf('b')}\n`);
      await daemon.wasAsked(3);
      const closed = server.close();
      expect(existsSync(path)).to.equal(false);
      await session.send(`${requestOf('late')}\n`);
      expect([await idle.farewell, await torn.farewell]).to.deep.equal(['', '']);
      for (const name of ['b', 'once', 'a']) daemon.answer(name);
      expect(await once.farewell).to.equal(replyTextOf('once'));
      expect(await session.farewell).to.equal(`${replyTextOf('a')}\n${replyTextOf('b')}\n`);
      await closed;
      expect(daemon.asked).not.to.include('late');
    });

    it('takes no more peers', async () => {
      const { path, server } = served();
      await server.close();
      const refused = await Peer.connect(path).catch((error: NodeJS.ErrnoException) => error.code);
      expect(refused).to.equal('ENOENT');
    });

    it('does not wait for ever for a peer that never reads its reply', async function () {
      this.timeout(10_000);
      const { path, daemon, server } = served();
      daemon.padding = 'x'.repeat(4_000_000);
      const peer = await Peer.connect(path);
      peer.socket.pause();
      await peer.send(requestOf('a'));
      await daemon.wasAsked(1);
      await server.close();
    });
  });
});
