/** A peer that sent all it had to say, while the daemon is the one who takes its time. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { PATIENCE, SESSION_WAITING_MAX } from '../../src/protocol/limits.js';
import { type SocketServer, serveSocket } from '../../src/socket/server.js';
import { FakeDaemon, Peer, placeOf, replyTextOf, requestOf, useServedSocket } from './peers.js';

describe('a peer that the daemon is too busy to read from', () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
  let directory = '';
  let path = '';
  let daemon: FakeDaemon;
  let server: SocketServer;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'epa-socket-'));
    path = join(directory, 'epa.sock');
    daemon = new FakeDaemon();
    server = await serveSocket(placeOf(path), daemon, { ...PATIENCE, requestMs: 50 });
  });

  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Resolves when a peer that came later and says nothing has been given up. */
  async function outlastOthers(): Promise<void> {
    const later = await Peer.connect(path);
    expect(await later.farewell).to.equal('');
  }

  it('is not blamed for a request of which the daemon has read the half', async () => {
    const peer = await Peer.connect(path);
    await peer.send(names.map((name) => `${requestOf(name)}\n`).join(''));
    await daemon.wasAsked(SESSION_WAITING_MAX);
    await outlastOthers();
    daemon.answerAll();
    peer.socket.end();
    expect((await peer.farewell).trimEnd().split('\n')).to.deep.equal(
      names.map((name) => replyTextOf(name)),
    );
  });
});

describe('a peer that does not read its replies', () => {
  const served = useServedSocket({ ...PATIENCE, requestMs: 100 });

  it('is cut off, and is asked nothing more', async () => {
    const { path, daemon } = served();
    daemon.padding = 'x'.repeat(64 * 1024);
    const peer = await Peer.connect(path);
    peer.socket.pause();
    const requests = Array.from({ length: 60 }, (_, index) => `${requestOf(`n${index}`)}\n`);
    await peer.send(requests.join(''));
    // More than may wait for one peer.
    await daemon.wasAsked(17);
    const askedCount = daemon.asked.length;
    // Peers that came later, one after the other, were given up before.
    for (let count = 0; count < 2; count++) await (await Peer.connect(path)).farewell;
    peer.socket.resume();
    const lines = (await peer.farewell.catch(() => '')).split('\n');
    expect(lines.length).to.be.below(requests.length);
    expect(daemon.asked).to.have.length(askedCount);
  });
});
