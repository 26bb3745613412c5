/** What goes over a daemon's socket, as a client that is no part of this project sends and reads it. */

import { connect, type Socket } from 'node:net';

/** A reply as a client sees it. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into replies of every action
export type Wire = Record<string, any>;

/** One request as today's clients send it; rejects when the daemon is gone before its reply. */
export async function askOnce(socketPath: string, request: Wire): Promise<Wire> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.write(JSON.stringify(request));
  return JSON.parse(await readToEnd(socket));
}

/** Everything the daemon says until it closes. */
export function readToEnd(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString());
    });
    socket.on('error', reject);
  });
}

/** The first read, as clients do that read once. */
export function readOnce(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk) => resolve(chunk.toString()));
    socket.once('error', reject);
  });
}

/** The lines of a session, one at a time. */
export async function* readLines(socket: Socket): AsyncGenerator<Wire> {
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
    }
  }
}

/** Requests of one session, without waiting between them; gives the replies in order. */
export async function askAll(socketPath: string, requests: readonly Wire[]): Promise<Wire[]> {
  if (requests.length === 0) return [];
  const socket = connect(socketPath);
  // Not all at once: a session becomes one with a request and its newline in one piece.
  for (const request of requests) socket.write(`${JSON.stringify(request)}\n`);
  socket.end();
  const replies: Wire[] = [];
  for await (const reply of readLines(socket)) replies.push(reply);
  return replies;
}
