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

  /** Answers a peer that sends a newline at that moment; gives what was read of it by the end. */
  const bytesReadOf = async (close: (socket: Socket, dueTurn: number) => void) => {
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
    expect(await text(peer)).to.equal('reply');
    server.close();
    await once(server, 'close');
    return socket.bytesRead;
  };

  it('is read to what its peer sent behind the request, or that would read a reset', async () => {
    expect(await bytesReadOf(closeSoon)).to.equal('request\n'.length);
    expect(await bytesReadOf((socket) => socket.destroy())).to.equal('request'.length);
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
