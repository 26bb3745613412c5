/** Who comes in a crowd is accepted by more servers than one, and nobody notices but for the speed. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { descriptorTargets } from '../process/descriptor-targets.js';
import { until } from '../process/until.js';
import { Peer, replyTextOf, requestOf, useServedSocket } from './peers.js';

const ALONE = 1;
const HELPED = 8;

/** How many descriptors of this process are of the socket that listens at a path. */
function listenersAt(path: string): number {
  const line = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((text) => text.split(/ +/))
    // The flag says that it listens: `__SO_ACCEPTCON` in `<linux/net.h>`.
    .find((words) => words[7] === path && words[3] === '00010000');
  const target = `socket:[${line?.[6]}]`;
  return descriptorTargets(process.pid).filter((one) => one === target).length;
}

describe('a socket to which many come at once', () => {
  const served = useServedSocket();
  const names = (what: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${what}-${index}`);
  const crowd = async (count: number) => {
    const { path } = served();
    const all = names('crowd', count);
    const replies = await Promise.all(all.map((name) => Peer.askOnce(path, requestOf(name))));
    expect(replies).to.deep.equal(all.map((name) => replyTextOf(name)));
  };
  const helpedCrowd = async () => {
    await crowd(200);
    expect(listenersAt(served().path)).to.equal(HELPED);
  };
  const oneAfterAnother = async (count: number) => {
    const { path } = served();
    for (const name of names('single', count)) {
      expect(await Peer.askOnce(path, requestOf(name))).to.equal(replyTextOf(name));
    }
  };

  beforeEach(() => {
    served().daemon.padding = '';
  });

  it('is accepted from more than once a turn, until they come one after another again', async () => {
    const { path } = served();
    expect(listenersAt(path)).to.equal(ALONE);
    await oneAfterAnother(100);
    expect(listenersAt(path)).to.equal(ALONE);
    await helpedCrowd();
    await oneAfterAnother(100);
    expect(listenersAt(path)).to.equal(ALONE);
    await helpedCrowd();
  });

  it('has no helpers for long when nobody comes any more', async () => {
    const { path } = served();
    await helpedCrowd();
    await until(() => listenersAt(path) === ALONE);
    await helpedCrowd();
  });

  it('keeps as many waiting as before', async () => {
    await helpedCrowd();
    // All of them connect before the first is accepted.
    await crowd(1_000);
  });

  it('keeps those who were accepted by a server that is needed no more', async () => {
    const { path } = served();
    const peers = await Promise.all(names('peer', 200).map(() => Peer.connect(path)));
    await Peer.overtake(path);
    expect(listenersAt(path)).to.equal(HELPED);
    await oneAfterAnother(100);
    expect(listenersAt(path)).to.equal(ALONE);
    await Promise.all(peers.map((peer, index) => peer.send(requestOf(`peer-${index}`))));
    const replies = await Promise.all(peers.map(({ farewell }) => farewell));
    expect(replies).to.deep.equal(names('peer', 200).map((name) => replyTextOf(name)));
  });

  it('is closed with all its servers, and waits for the peers of each', async () => {
    const { path, daemon, server } = served();
    daemon.padding = null;
    const peers = await Promise.all(names('peer', 200).map(() => Peer.connect(path)));
    await Promise.all(peers.map((peer, index) => peer.send(requestOf(`peer-${index}`))));
    await daemon.wasAsked(200);
    let isClosed = false;
    const closed = server.close().then(() => {
      isClosed = true;
    });
    expect(listenersAt(path)).to.equal(0);
    expect(isClosed).to.equal(false);
    daemon.answerAll();
    const replies = await Promise.all(peers.map(({ farewell }) => farewell));
    expect(replies).to.deep.equal(names('peer', 200).map((name) => replyTextOf(name)));
    await closed;
  });
});
