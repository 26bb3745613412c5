/** A connection that watches: it goes on until somebody ends it, and holds nobody up. */

import { expect } from 'chai';
import { PATIENCE, UNREAD_REPLIES_MAX_BYTES } from '../../src/protocol/limits.js';
import type { Stream } from '../../src/socket/connection.js';
import { Peer, replyTextOf, requestOf, useServedSocket } from './peers.js';

const WATCH = '{"action":"watch"}';

describe('a peer that has watched', () => {
  const served = useServedSocket();

  it('is forgotten as soon as it has gone, also when nothing is left to tell it', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    await peer.send(`${WATCH}\n`);
    await peer.lines(1);
    peer.socket.destroy();
    await daemon.isWatchedBy(0);
  });
});

describe('a peer that watches', () => {
  const served = useServedSocket({
    ...PATIENCE,
    requestMs: 100,
    sessionIdleMs: 100,
    signOfLifeMs: 40,
  });

  /** The stream of the only one who watches. */
  const onlyStream = (): Stream => {
    const [stream] = served().daemon.streams;
    if (stream === undefined) throw new Error('nobody watches');
    return stream;
  };

  for (const [how, text] of [
    ['in a session', `${WATCH}\n`],
    ['with a single object', WATCH],
  ] as const) {
    it(`has lines ${how}, for longer than any peer is waited for`, async () => {
      const { path, daemon } = served();
      const peer = await Peer.connect(path);
      await peer.send(text);
      expect(await peer.lines(1)).to.deep.equal(['{"type":"snapshot"}']);
      // One that says nothing came later, and is given up before.
      await (await Peer.connect(path)).farewell;
      await (await Peer.connect(path)).farewell;
      onlyStream().write('{"seq":2}');
      onlyStream().write('{"seq":3}');
      expect(await peer.lines(3)).to.deep.equal(['{"type":"snapshot"}', '{"seq":2}', '{"seq":3}']);
      peer.socket.destroy();
      await daemon.isWatchedBy(0);
    });
  }

  it('has its first line behind the replies to what it asked before', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    await peer.send(`${requestOf('a')}\n${requestOf('b')}\n${WATCH}\n${requestOf('c')}\n`);
    await daemon.wasAskedFor('b');
    daemon.answer('b');
    daemon.answer('a');
    expect(await peer.lines(3)).to.deep.equal([
      replyTextOf('a'),
      replyTextOf('b'),
      '{"type":"snapshot"}',
    ]);
    // What it sends behind the watch is not listened to.
    await Peer.overtake(path);
    expect(daemon.asked).to.deep.equal(['a', 'b']);
  });

  it('goes on after it has closed its own side, and is forgotten when it is gone', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    await peer.send(`${WATCH}\n`);
    peer.socket.end();
    await daemon.isWatchedBy(1);
    onlyStream().write('{"seq":2}');
    // A blank line now and then, which readers skip, shows whether it is still there.
    const lines = await peer.lines(5);
    expect(lines.filter((line) => line !== '')).to.deep.equal(['{"type":"snapshot"}', '{"seq":2}']);
    peer.socket.destroy();
    await daemon.isWatchedBy(0);
  });

  it('is told when there can be no watch, and is ended', async () => {
    const { path, daemon } = served();
    const text = await Peer.askOnce(path, '{"action":"watch","services":["nobody"]}');
    expect(JSON.parse(text)).to.include({ code: 'BUSY' });
    expect(daemon.streams.size).to.equal(0);
  });

  it('is told what is wrong with its request', async () => {
    const { path } = served();
    for (const [services, field] of [
      ['a', 'services'],
      [[], 'services'],
      [['a', 1], 'services[1]'],
      [[''], 'services[0]'],
      [Array(65).fill('a'), 'services'],
    ] as const) {
      const text = await Peer.askOnce(path, JSON.stringify({ action: 'watch', services }));
      expect(JSON.parse(text)).to.include({ code: 'INVALID_REQUEST' });
      expect(JSON.parse(text)['details']).to.deep.equal({ field });
    }
  });

  it('lets what it does not read be counted, and can be ended then', async () => {
    const { path, daemon } = served();
    const peer = await Peer.connect(path);
    peer.socket.pause();
    await peer.send(`${WATCH}\n`);
    await daemon.isWatchedBy(1);
    const stream = onlyStream();
    const line = `{"x":"${'x'.repeat(10_000)}"}`;
    let count = 0;
    for (; stream.unreadBytes <= UNREAD_REPLIES_MAX_BYTES; count++) stream.write(line);
    expect(count * line.length).to.be.above(UNREAD_REPLIES_MAX_BYTES);
    stream.write('{"type":"overrun"}');
    stream.end();
    await daemon.isWatchedBy(0);
    stream.write('never seen');
    peer.socket.resume();
    const lines = (await peer.farewell).trimEnd().split('\n');
    expect(lines).to.have.length(count + 2);
    expect(lines.at(-1)).to.equal('{"type":"overrun"}');
  });

  it('does not count a first line that it does not read', async () => {
    const { path, daemon } = served();
    daemon.picture = `{"x":"${'x'.repeat(2 * UNREAD_REPLIES_MAX_BYTES)}"}`;
    const peer = await Peer.connect(path);
    peer.socket.pause();
    await peer.send(`${WATCH}\n`);
    await daemon.isWatchedBy(1);
    expect(onlyStream().unreadBytes).to.equal(0);
    onlyStream().write('{"seq":2}');
    peer.socket.resume();
    expect(await peer.lines(2)).to.deep.equal([daemon.picture, '{"seq":2}']);
  });

  it('is ended in order with the daemon', async () => {
    const { path, daemon, server } = served();
    const peer = await Peer.connect(path);
    await peer.send(`${WATCH}\n`);
    await daemon.isWatchedBy(1);
    onlyStream().write('{"seq":2}');
    await server.close();
    expect(await peer.farewell).to.equal('{"type":"snapshot"}\n{"seq":2}\n');
    expect(daemon.streams.size).to.equal(0);
  });
});
