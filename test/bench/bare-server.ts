/**
 * Limit 1: what Node.js can do on this machine. Whatever a peer asks, it gets the same 200 bytes;
 * nothing is parsed, nothing is known.
 */

import { createServer } from 'node:net';

const REPLY_BYTES = 200;
const line = Buffer.from(`${'x'.repeat(REPLY_BYTES - 1)}\n`);

const [singlePath, sessionPath] = process.argv.slice(2);

/** A connection for each request. To destroy it, once all is written, is the cheapest way to end. */
createServer((socket) => {
  socket.on('data', () => socket.end(line, () => socket.destroy()));
  socket.on('error', () => undefined);
}).listen({ path: singlePath, backlog: 4096 });

/** Sessions of lines. */
createServer((socket) => {
  socket.on('data', () => socket.write(line));
  socket.on('error', () => undefined);
}).listen({ path: sessionPath, backlog: 4096 });
