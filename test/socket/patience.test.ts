import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { PATIENCE } from '../../src/protocol/limits.js';
import { type SocketServer, serveSocket } from '../../src/socket/server.js';
import { readToEnd } from '../daemon/harness.js';
import { backendOf, placeOf } from './peers.js';

const ONE_REQUEST = '{"action":"get_topology"}';

describe('the patience with a peer', () => {
  const directory = mkdtempSync(join(tmpdir(), 'epa-'));
  const path = join(directory, 'epa.sock');
  let server: SocketServer;
  before(async () => {
    const answer = { version: '1.0' } as never;
    const hurry = { ...PATIENCE, requestMs: 60, sessionIdleMs: 120 };
    const backend = backendOf((_request, reply) => reply(answer));
    server = await serveSocket(placeOf(path), backend, hurry);
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });
  const peer = (): Socket => connect({ path, allowHalfOpen: true });

  it('is that of the contract unless a test is in a hurry', () => {
    expect(PATIENCE).to.deep.include({ requestMs: 10_000, sessionIdleMs: 300_000 });
  });

  it('ends, without a word, for one that says nothing', async () => {
    expect(await readToEnd(peer())).to.equal('');
  });

  it('ends with an error for one that began a request', async () => {
    const socket = peer();
    socket.write('{"action": ');
    expect(JSON.parse(await readToEnd(socket))).to.include({ code: 'REQUEST_TIMEOUT' });
  });

  it('is not renewed by more bytes of the same request', async () => {
    const socket = peer();
    const reply = readToEnd(socket);
    const dripping = setInterval(() => socket.write(' '), 5);
    socket.write('{');
    expect(JSON.parse(await reply)).to.include({ code: 'REQUEST_TIMEOUT' });
    clearInterval(dripping);
  });

  it('ends, without a word, for a session in which nothing comes any more', async () => {
    const socket = peer();
    socket.write(`${ONE_REQUEST}\n`);
    expect(await readToEnd(socket)).to.equal('{"version":"1.0"}\n');
  });

  it('ends with an error for a session in which a line is never finished', async () => {
    const socket = peer();
    socket.write(`${ONE_REQUEST}\n{"action"`);
    const [first, second] = (await readToEnd(socket)).trim().split('\n');
    expect(first).to.equal('{"version":"1.0"}');
    expect(JSON.parse(second ?? '')).to.include({ code: 'REQUEST_TIMEOUT' });
  });

  it('lasts as long as an answer takes', async () => {
    const slow = join(directory, 'slow.sock');
    const answers: (() => void)[] = [];
    const slowServer = await serveSocket(
      placeOf(slow),
      backendOf((_request, reply) => {
        answers.push(() => reply({ version: '1.0' } as never));
      }),
      { ...PATIENCE, requestMs: 20, sessionIdleMs: 20 },
    );
    const socket = connect({ path: slow, allowHalfOpen: true });
    socket.write(ONE_REQUEST);
    // Peers that come later lose their patience first: then this one has outlasted its own.
    const later = connect({ path: slow, allowHalfOpen: true });
    await once(later, 'connect');
    await readToEnd(later);
    const reply = readToEnd(socket);
    answers[0]?.();
    expect(await reply).to.equal('{"version":"1.0"}');
    await slowServer.close();
  });
});
