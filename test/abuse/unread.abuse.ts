/**
 * Peers that ask and ask and never read. What the daemon keeps for each of them is bounded, they are
 * cut off, and others are served meanwhile.
 */

import type { Socket } from 'node:net';
import { expect } from 'chai';
import { SESSION_WAITING_MAX, UNREAD_REPLIES_MAX_BYTES } from '../../src/protocol/limits.js';
import { heapOfMib, useAbusedDaemon } from './abused-daemon.js';
import { forgetPeak, peakResidentKb, residentKb } from './process-resources.js';
import { Workers } from './workers.js';

const PEERS = 40;
/** Requests of one write: some 40 KiB. */
const REQUESTS_AT_ONCE = 1_500;
const TOPOLOGY = '{"action":"get_topology"}\n';

/** Twice what the daemon keeps for all of them, and what it needs for itself. */
const HEAP_MIB = 128;

describe('a daemon whose peers do not read', () => {
  const daemon = useAbusedDaemon(undefined, [], heapOfMib(HEAP_MIB));

  it('keeps a bounded amount for each, serves others, and cuts them off', async () => {
    const { host, pid } = daemon();
    const replyBytes = Buffer.byteLength(await host.send(TOPOLOGY.trimEnd()));
    // The limit may be passed by the replies to what was taken on before it was reached.
    const keptForOneKb = (UNREAD_REPLIES_MAX_BYTES + SESSION_WAITING_MAX * replyBytes) / 1_024;
    // What waits to be sent is once in the heap, and once outside, where the kernel takes it from.
    const boundKb = residentKb(pid) + HEAP_MIB * 1_024 + PEERS * keptForOneKb;
    forgetPeak(pid);

    const workers = new Workers(host);
    const peers = Array.from({ length: PEERS }, () => host.connect());
    const cutOff = peers.map(askWithoutEnd);
    await workers.goOnFor(2);
    await Promise.all(cutOff);
    await workers.goOnFor(1);
    await workers.stop();

    const peakKb = peakResidentKb(pid);
    process.stdout.write(
      `      ${Math.round(peakKb / 1_024)} MiB at most, of ${Math.round(boundKb / 1_024)} allowed\n`,
    );
    expect(peakKb, 'the most memory that the daemon had, in KiB').to.be.below(boundKb);
  });
});

/** Asks as fast as it is let and reads nothing; resolves when the connection is gone. */
async function askWithoutEnd(socket: Socket): Promise<void> {
  socket.pause();
  // It is told by an error that it was cut off.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const requests = TOPOLOGY.repeat(REQUESTS_AT_ONCE);
  const ask = (error?: Error | null) => {
    if (error == null) socket.write(requests, ask);
  };
  ask();
  await closed;
}
