/** The client against servers that behave well, badly, or not at all. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ClientError, connectionError } from '../../src/client/client-error.js';
import { ask } from '../../src/client/request.js';

/** A reply that says as little as one may. */
const MEMORY = '{"version":"1.0","service_name":"","numa_hugepages":{}}';

describe('the client', () => {
  const directory = mkdtempSync(join(tmpdir(), 'epa-client-'));
  const path = join(directory, 'epa.sock');
  let server: Server | undefined;

  after(() => rmSync(directory, { recursive: true, force: true }));
  afterEach(async () => {
    const { promise, resolve } = withResolvers();
    if (server === undefined) resolve();
    else server.close(() => resolve());
    server = undefined;
    await promise;
  });

  const serve = async (onPeer: (socket: Socket) => void) => {
    const { promise, resolve } = withResolvers();
    server = createServer(onPeer).listen(path, resolve);
    await promise;
  };
  /** Serves peers that are told `text` once they have asked, in as many writes as chunks. */
  const serveReply = (...chunks: readonly (string | Buffer)[]) =>
    serve((socket) => {
      socket.once('data', () => {
        for (const chunk of chunks) socket.write(chunk);
        socket.end();
      });
    });
  const askMemory = (timeoutMs = 5_000) => ask(path, { action: 'get_memory_info' }, { timeoutMs });
  const failureOf = async (asking: Promise<unknown>): Promise<ClientError> => {
    try {
      await asking;
    } catch (error) {
      if (error instanceof ClientError) return error;
      throw error;
    }
    throw new Error('it did not fail');
  };

  it('sends one object, without a newline and without what is undefined', async () => {
    let sent = '';
    await serve((socket) => {
      socket.on('data', (chunk) => {
        sent += chunk;
        if (sent.endsWith('}')) socket.end(MEMORY);
      });
    });
    await ask(path, { action: 'get_memory_info', service_name: undefined }, { timeoutMs: 5_000 });
    expect(sent).to.equal('{"action":"get_memory_info"}');
  });

  it('reads to end of file, whatever the pieces, and gives the text as it came', async () => {
    const text = '{"later": "ä", "version": "1.0", "service_name": "", "numa_hugepages": {}}';
    const bytes = Buffer.from(text);
    await serveReply(bytes.subarray(0, 5), bytes.subarray(5, 12), bytes.subarray(12));
    expect(await askMemory()).to.deep.equal({
      isGranted: true,
      reply: JSON.parse(MEMORY),
      text,
    });
  });

  it('tells a refusal from a grant', async () => {
    const text = '{"version":"1.0","error":"No","code":"BUSY","details":{"a":[1]}}';
    await serveReply(text);
    expect(await askMemory()).to.deep.equal({
      isGranted: false,
      error: { error: 'No', code: 'BUSY', details: { a: [1] } },
      text,
    });
  });

  it('says that there is no socket', async () => {
    for (const missing of [path, join(directory, 'no', 'epa.sock')]) {
      const error = await failureOf(ask(missing, { action: 'get_status' }, { timeoutMs: 5_000 }));
      expect(error.reason).to.equal('NO_SOCKET');
      expect(error.message).to.equal(
        `cannot reach the daemon: there is no socket ${missing}. Is the daemon running? If not, ` +
          'start it with `epa-orchestrator serve`, or name its socket with --socket or EPA_SOCKET',
      );
    }
  });

  it('says that nobody serves the socket any more', async () => {
    const stale = join(directory, 'stale');
    writeFileSync(stale, '');
    const error = await failureOf(ask(stale, { action: 'get_status' }, { timeoutMs: 5_000 }));
    expect(error.reason).to.equal('NOT_SERVED');
    expect(error.message).to.include(`nothing serves ${stale} any more`);
  });

  for (const [code, reason, words] of [
    ['EACCES', 'NOT_PERMITTED', 'this user may not open /s. Its owner and group may'],
    ['EAGAIN', 'FAILED', 'too many clients wait at /s; try again'],
    ['ECONNRESET', 'CLOSED_EARLY', 'closed the connection before its reply was whole'],
    ['EMFILE', 'FAILED', 'cannot reach the daemon at /s: as node says it'],
  ] as const) {
    it(`has a sentence for ${code}`, () => {
      const error = connectionError('/s', Object.assign(new Error('as node says it'), { code }));
      expect(error.reason).to.equal(reason);
      expect(error.message).to.include(words);
    });
  }

  it('gives up on a daemon that does not answer', async () => {
    const peers: Socket[] = [];
    await serve((socket) => peers.push(socket));
    const error = await failureOf(askMemory(50));
    expect(error.reason).to.equal('TIMEOUT');
    expect(error.message).to.include('gave no reply within 0.05 s');
    for (const peer of peers) peer.destroy();
  });

  it('says that the daemon went away before its reply was whole', async () => {
    for (const part of ['', '{"version":"1.']) {
      await serveReply(part);
      const error = await failureOf(askMemory());
      expect(error.reason).to.equal('CLOSED_EARLY');
      expect(error.message).to.include('closed the connection before its reply was whole');
      server?.close();
    }
    await serve((socket) => socket.destroy());
    expect((await failureOf(askMemory())).reason).to.equal('CLOSED_EARLY');
  });

  it('says that what came is no reply', async () => {
    for (const [text, because] of [
      ['HTTP/1.1 400 Bad Request', 'it is not JSON'],
      ['[]', '(Invalid input'],
      [MEMORY.replace('{}', '1'), 'numa_hugepages: Invalid input'],
    ] as const) {
      await serveReply(text);
      const error = await failureOf(askMemory());
      expect(error.reason).to.equal('BAD_REPLY');
      expect(error.message).to.include(because);
      server?.close();
    }
  });
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
