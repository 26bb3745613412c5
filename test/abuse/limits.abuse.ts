/**
 * Requests at the limits of the contract and one step beyond, and what is no request at all; and a
 * reply that is longer than what the kernel holds for a peer.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { REQUEST_MAX_BYTES, REQUEST_MAX_DEPTH } from '../../src/protocol/limits.js';
import { nodeOf } from '../core/hosts.js';
import { readToEnd, type Wire } from '../daemon/harness.js';
import { nested, objectOf } from '../socket/json.js';
import { useAbusedDaemon } from './abused-daemon.js';
import { Model } from './model.js';
import { Workers } from './workers.js';

const LIST = JSON.stringify({ action: 'list_allocations' });

/** A request of exactly so many bytes. */
function listOf(length: number): string {
  const padding = length - JSON.stringify({ action: 'list_allocations', note: '' }).length;
  return JSON.stringify({ action: 'list_allocations', note: 'x'.repeat(padding) });
}

const ACTION = '"action":"list_allocations",';

/** What is sent → the code of the error, or `null` for the reply to a request to list. */
const CASES: readonly {
  readonly what: string;
  readonly bytes: Buffer;
  readonly code: string | null;
  /** Whether a session goes on behind it. */
  readonly isSurvived: boolean;
}[] = [
  ['a request of 64 KiB', listOf(REQUEST_MAX_BYTES), null, true],
  ['one byte more', listOf(REQUEST_MAX_BYTES + 1), 'REQUEST_TOO_LARGE', false],
  ['ten times as much', listOf(10 * REQUEST_MAX_BYTES), 'REQUEST_TOO_LARGE', false],
  ['64 KiB that are no request', objectOf(REQUEST_MAX_BYTES), 'INVALID_REQUEST', true],
  ['nesting 32 deep', nested(REQUEST_MAX_DEPTH, ACTION), null, true],
  ['nesting 33 deep', nested(REQUEST_MAX_DEPTH + 1, ACTION), 'INVALID_REQUEST', true],
  ['nesting 30,000 deep', nested(30_000, ACTION), 'INVALID_REQUEST', true],
  ['a word', 'hello', 'INVALID_REQUEST', false],
  ['an array', '[]', 'INVALID_REQUEST', false],
  ['brackets that do not fit', '{"action":]}', 'INVALID_REQUEST', false],
  ['no JSON within braces', '{action}', 'INVALID_REQUEST', false],
  ['no UTF-8', Buffer.from('{"action":"\xff"}', 'latin1'), 'INVALID_REQUEST', false],
  ['half a character', Buffer.from('{"action":"\xc3"}', 'latin1'), 'INVALID_REQUEST', false],
  ['a byte order mark', `\ufeff${LIST}`, 'INVALID_REQUEST', false],
  ['zeros', Buffer.alloc(100), 'INVALID_REQUEST', false],
].map(([what, bytes, code, isSurvived]) => ({
  what: String(what),
  bytes: Buffer.from(bytes as string | Buffer),
  code: code as string | null,
  isSurvived: Boolean(isSurvived),
}));

function expectCode(reply: Wire, code: string | null, what: string): void {
  if (code === null) expect(reply, what).to.include({ version: '1.0', pool: 'isolated' });
  else expect(reply, what).to.include({ version: '1.0', code });
}

describe('a daemon at the limits of the contract', () => {
  const daemon = useAbusedDaemon();

  it('answers each of them on a connection of its own, and ends it, while others work', async () => {
    const { host } = daemon();
    const workers = new Workers(host);
    for (let round = 0; round < 20; round++) {
      const texts = await Promise.all(CASES.map(({ bytes }) => host.send(bytes)));
      for (const [index, { what, code }] of CASES.entries()) {
        expectCode(JSON.parse(texts[index] ?? ''), code, what);
      }
    }
    await workers.goOnFor(1);
    await workers.stop();
  });

  it('answers each of them in a session, and ends it if it must, while others work', async () => {
    const { host } = daemon();
    const workers = new Workers(host);
    for (let round = 0; round < 20; round++) {
      const texts = await Promise.all(
        CASES.map(({ bytes }) => {
          const socket = host.connect();
          socket.write(
            Buffer.concat([Buffer.from(`${LIST}\n`), bytes, Buffer.from(`\n${LIST}\n`)]),
          );
          socket.end();
          return readToEnd(socket);
        }),
      );
      for (const [index, { what, code, isSurvived }] of CASES.entries()) {
        const replies = (texts[index] ?? '')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line));
        expect(replies, what).to.have.length(isSurvived ? 3 : 2);
        expectCode(replies[0], null, what);
        expectCode(replies[1], code, what);
        if (isSurvived) expectCode(replies[2], null, what);
      }
    }
    await workers.goOnFor(1);
    await workers.stop();
  });
});

describe('a daemon of a machine whose topology is a long reply', () => {
  const NODES = 256;
  const daemon = useAbusedDaemon({
    nodes: Array.from({ length: NODES }, (_, nodeId) => nodeOf(nodeId, 2, 2)),
    numbering: 'interleaved',
    isolated: `4-${4 * NODES - 1}`,
  });
  const topology = Buffer.from(JSON.stringify({ action: 'get_topology' }));

  /** Reads a little in each turn of the loop, and so makes the daemon wait. */
  async function readSlowly(socket: Socket): Promise<string> {
    const pieces: Buffer[] = [];
    let isOver = false;
    socket.once('end', () => {
      isOver = true;
    });
    await once(socket, 'readable');
    while (!isOver) {
      const piece: Buffer | null = socket.read(Math.min(2_048, socket.readableLength || 1));
      if (piece !== null) pieces.push(piece);
      await turn();
    }
    socket.destroy();
    return Buffer.concat(pieces).toString();
  }

  it('brings the whole of it to a reader who is slow, alone and in a session', async () => {
    const { host } = daemon();
    const [expected] = new Model(host.sysfsRoot).hear(topology).replies;
    const heldByKernel = Number(readFileSync('/proc/sys/net/core/wmem_default', 'utf8'));
    expect(String(expected).length, 'bytes of the reply').to.be.above(2 * heldByKernel);

    const single = host.connect();
    single.write(topology);
    const session = host.connect();
    session.end(`${topology}\n`.repeat(4));
    const [one, four] = await Promise.all([readSlowly(single), readSlowly(session)]);
    // Not as a diff: it would be too long to be of any use.
    expect(one === expected, 'the reply arrives whole').to.equal(true);
    expect(four === `${String(expected)}\n`.repeat(4), 'four replies arrive whole').to.equal(true);
  });
});
