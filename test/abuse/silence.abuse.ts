/**
 * Peers that say nothing, or never come to an end: they are ended after the daemon's patience of
 * ten seconds, and until then nobody else notices them. Peers that are slow, and do come to an end,
 * are answered.
 */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { readToEnd, type Wire } from '../daemon/harness.js';
import { singleBytesOf } from '../socket/json.js';
import { Peer, requestOf } from '../socket/peers.js';
import { useAbusedDaemon } from './abused-daemon.js';
import { Workers } from './workers.js';

const SILENT = 250;
const HALF_WAY = 250;
const ENDLESS = 50;
const BYTE_BY_BYTE = 200;

const LIST = JSON.stringify({ action: 'list_allocations' });
const LINE = `${LIST}\n`;

/** What comes last of what a peer was told. */
function lastOf(text: string): Wire {
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
}

describe('a daemon that waits for peers', () => {
  const daemon = useAbusedDaemon();
  let sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
  });

  /** Connects so many, each of which sends that (if anything), and reads. */
  async function connectAll(count: number, text = ''): Promise<Socket[]> {
    const { host } = daemon();
    const connected = Array.from({ length: count }, () => host.connect());
    sockets.push(...connected);
    await Promise.all(connected.map((socket) => once(socket, 'connect')));
    for (const socket of connected) if (text !== '') socket.write(text);
    return connected;
  }

  it('serves others while 550 say nothing, half of something, or something without end', async () => {
    const { host } = daemon();
    let isAnyOver = false;
    const hear = async (those: readonly Socket[]) => {
      const texts = those.map(readToEnd);
      void Promise.race(texts).then(
        () => (isAnyOver = true),
        () => (isAnyOver = true),
      );
      return Promise.all(texts);
    };
    const silent = hear(await connectAll(SILENT));
    const halfWay = hear(await connectAll(HALF_WAY / 2, '{"action": "list_allo'));
    const halfALine = hear(await connectAll(HALF_WAY / 2, `${LINE}{"action": "list_allo`));
    const endless = [
      ...(await connectAll(ENDLESS / 2, '{"note": "')),
      ...(await connectAll(ENDLESS / 2, `${LINE}{"note": "`)),
    ];
    const endlessTexts = hear(endless);

    // They go on, a byte at a time, as long as they are let.
    const workers = new Workers(host, () => {
      for (const socket of endless) if (socket.writable) socket.write('x');
    });
    await workers.goOnFor(1);
    expect(isAnyOver, 'a peer was given up before others had their turn').to.equal(false);

    expect(await silent).to.deep.equal(Array.from({ length: SILENT }, () => ''));
    for (const text of await halfWay) {
      expect(JSON.parse(text)).to.include({ code: 'REQUEST_TIMEOUT' });
    }
    for (const text of [...(await halfALine), ...(await endlessTexts)]) {
      expect(lastOf(text)).to.include({ code: 'REQUEST_TIMEOUT' });
    }
    await workers.stop();
  });

  it('answers 200 that send their requests byte by byte at the same time', async () => {
    const { host } = daemon();
    const workers = new Workers(host);
    const sendSlowly = async (index: number): Promise<Wire> => {
      const peer = await Peer.connect(host.socketPath);
      sockets.push(peer.socket);
      const request = { action: 'get_memory_info', service_name: `ü"{[${index}` };
      await peer.sendPieces(singleBytesOf(JSON.stringify(request)));
      return JSON.parse(await peer.farewell);
    };
    const replies = await Promise.all(
      Array.from({ length: BYTE_BY_BYTE }, (_, i) => sendSlowly(i)),
    );
    expect(replies.map((reply) => reply['service_name'])).to.deep.equal(
      replies.map((_, index) => `ü"{[${index}`),
    );
    await workers.stop();
  });

  it('answers sessions that send their lines byte by byte', async () => {
    const { host } = daemon();
    const names = Array.from({ length: 20 }, (_, index) => `slow-${index}`);
    const texts = await Promise.all(
      names.map(async (name) => {
        const peer = await Peer.connect(host.socketPath);
        sockets.push(peer.socket);
        // What makes it a session comes in one piece with the object.
        const pieces = [LINE, ...singleBytesOf(`${requestOf(name)}\n\n${requestOf(name)}`)];
        await peer.sendPieces(pieces);
        peer.socket.end();
        return peer.farewell;
      }),
    );
    for (const [index, text] of texts.entries()) {
      const replies: Wire[] = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(replies).to.have.length(3);
      const [, first, second] = replies;
      expect(first).to.include({ service_name: names[index], cores_allocated: 1 });
      // Others have come meanwhile; what this one has stays the same.
      expect(second?.['allocated_cores']).to.equal(first?.['allocated_cores']);
    }
    for (const name of names) {
      await host.ask({ action: 'allocate_cores', service_name: name, num_of_cores: -1 });
    }
  });
});
