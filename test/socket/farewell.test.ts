import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { closeSoon, turnOfFarewell } from '../../src/socket/farewell.js';

describe('a socket that is closed soon', () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'epa-farewell-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  /**
   * Answers a peer that sends a newline at that moment; gives what was read of it by the end, and what
   * the peer read: on some versions of Node.js it meets a reset only when it reads on.
   */
  const farewellOf = async (close: (socket: Socket, dueTurn: number) => void) => {
    const path = join(directory, 'one');
    const server = createServer({ allowHalfOpen: true }).listen(path);
    await once(server, 'listening');
    const peer = connect(path);
    const [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('data', (bytes) => {
      if (!bytes.includes('request')) return;
      const dueTurn = turnOfFarewell();
      socket.write('reply');
      // The kernel has it when this returns, and nobody has read it yet.
      peer.write('\n');
      close(socket, dueTurn);
    });
    peer.write('request');
    const heard = await text(peer).catch((error: NodeJS.ErrnoException) => error.code);
    server.close();
    await once(server, 'close');
    return { bytesRead: socket.bytesRead, heard };
  };

  it('is read to what its peer sent behind the request, or that would read a reset', async () => {
    const closedSoon = await farewellOf(closeSoon);
    expect(closedSoon).to.deep.equal({ bytesRead: 'request\n'.length, heard: 'reply' });
    const closedAtOnce = await farewellOf((socket) => socket.destroy());
    expect(closedAtOnce.bytesRead).to.equal('request'.length);
    expect(closedAtOnce.heard).to.be.oneOf(['reply', 'ECONNRESET']);
  });

  it('is closed at once when its turn is over', async () => {
    const dueTurn = turnOfFarewell();
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    const socket = new Socket();
    closeSoon(socket, dueTurn);
    expect(socket.destroyed).to.equal(true);
  });

  it('is closed, and so is each that comes while others wait', async () => {
    const count = 20;
    const path = join(directory, 'many');
    let closed = 0;
    const server = createServer((socket) => {
      socket.on('close', () => closed++);
      socket.write('reply');
      closeSoon(socket, turnOfFarewell());
    }).listen(path);
    await once(server, 'listening');
    const replies = await Promise.all(Array.from({ length: count }, () => text(connect(path))));
    expect(replies).to.deep.equal(Array(count).fill('reply'));
    server.close();
    await once(server, 'close');
    expect(closed).to.equal(count);
  });
});
