/**
 * Peers that watch and never read, and others that come and go at once, while clients work. Each that
 * is too slow is told so in its last line and gets nothing more; what it has is without a gap.
 */

import type { Socket } from 'node:net';
import { expect } from 'chai';
import { WATCHERS_MAX } from '../../src/protocol/limits.js';
import { readToEnd } from '../daemon/harness.js';
import { until } from '../process/until.js';
import { statusOf } from '../process/watching.js';
import { useAbusedDaemon } from './abused-daemon.js';
import { Workers } from './workers.js';

const DEAF = 40;
const FLEETING = 400;

describe('a daemon that is watched by those who do not read', () => {
  const daemon = useAbusedDaemon();

  /** One who watches and does not read; resolves when the daemon has taken it on. */
  function watchDeaf(): Socket {
    const socket = daemon().host.connect();
    socket.pause();
    socket.write('{"action":"watch"}');
    return socket;
  }

  const watcherCount = async () => (await statusOf(daemon().host))['watchers'];

  it('tells them that they were too slow, serves others, and forgets those who go', async () => {
    const { host } = daemon();
    const workers = new Workers(host);
    const deaf = Array.from({ length: DEAF }, watchDeaf);
    await until(async () => (await watcherCount()) === DEAF);
    for (let count = 0; count < FLEETING; count++) {
      const socket = host.connect();
      socket.on('error', () => undefined);
      socket.write('{"action":"watch"}\n', () => socket.destroy());
    }
    await workers.goOnFor(1);
    await until(async () => (await watcherCount()) === 0);
    // A peer has 10 s for its last word.
    const texts = await Promise.all(
      deaf.map((socket) => {
        const everything = readToEnd(socket);
        socket.resume();
        return everything;
      }),
    );
    await workers.stop();
    for (const text of texts) {
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.map(({ seq }) => seq)).to.deep.equal(lines.map((_, index) => index + 1));
      expect(lines[0]).to.include({ type: 'snapshot' });
      expect(lines.at(-1)).to.include({ type: 'overrun' });
    }
  });

  it('takes on as many as it says, and tells the next one', async () => {
    const { host } = daemon();
    const watching = Array.from({ length: WATCHERS_MAX }, watchDeaf);
    await until(async () => (await watcherCount()) === WATCHERS_MAX);
    expect(JSON.parse(await host.send('{"action":"watch"}'))).to.include({ code: 'BUSY' });
    for (const socket of watching) socket.destroy();
    await until(async () => (await watcherCount()) === 0);
    const again = host.connect();
    again.write('{"action":"watch"}');
    await until(async () => (await watcherCount()) === 1);
    again.destroy();
  });
});
