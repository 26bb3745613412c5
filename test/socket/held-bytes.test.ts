/** What all peers together make the daemon hold has a limit, and who holds little is spared. */

import { expect } from 'chai';
import { HELD_SPARED_BYTES, PATIENCE } from '../../src/protocol/limits.js';
import { Peer, replyTextOf, requestOf, useServedSocket } from './peers.js';

/** The beginning of a request, which the daemon must keep until the rest comes. */
const half = (bytes: number) => `{"service_name":"${'x'.repeat(bytes)}`;

describe('peers that together make the daemon hold too much', () => {
  const served = useServedSocket(PATIENCE, 100_000);

  it('make the greatest give way, who hears why', async () => {
    const { path } = served();
    const [great, small] = await Promise.all([Peer.connect(path), Peer.connect(path)]);
    await great.send(half(60_000));
    await small.send(half(30_000));
    await Peer.overtake(path);
    const third = await Peer.connect(path);
    await third.send(half(20_000));
    expect(JSON.parse(await great.farewell)).to.include({ version: '1.0', code: 'BUSY' });
    // What it held is free again.
    const fourth = await Peer.connect(path);
    await fourth.send(half(45_000));
    for (const peer of [small, third, fourth]) {
      await peer.send('"}');
      expect(JSON.parse(await peer.farewell)).to.include({ code: 'INVALID_REQUEST' });
    }
  });

  it('are served as ever if they themselves hold little', async () => {
    const { path, daemon } = served();
    daemon.padding = '';
    const many = await Promise.all(Array.from({ length: 20 }, () => Peer.connect(path)));
    for (const peer of many) await peer.send(half(HELD_SPARED_BYTES - 1_000));
    await Peer.overtake(path);
    expect(await Peer.askOnce(path, requestOf('a'))).to.equal(replyTextOf('a'));
    for (const peer of many) {
      await peer.send('"}');
      expect(JSON.parse(await peer.farewell)).to.include({ code: 'INVALID_REQUEST' });
    }
  });

  it('are cut off when they do not read, while one that reads is served', async () => {
    const { path, daemon } = served();
    daemon.padding = 'x'.repeat(60_000);
    const deaf = await Promise.all(Array.from({ length: 4 }, () => Peer.connect(path)));
    for (const peer of deaf) {
      peer.socket.pause();
      await peer.send(
        Array.from({ length: 40 }, (_, index) => `${requestOf(`n${index}`)}\n`).join(''),
      );
    }
    const reader = await Peer.connect(path);
    await reader.send(`${requestOf('r')}\n`);
    expect(await reader.lines(1)).to.deep.equal([replyTextOf('r', daemon.padding)]);
    const counts = await Promise.all(
      deaf.map(async ({ farewell, socket }) => {
        socket.resume();
        socket.end();
        return (await farewell.catch(() => '')).split('\n').length - 1;
      }),
    );
    expect(Math.min(...counts)).to.be.below(40);
  });
});
