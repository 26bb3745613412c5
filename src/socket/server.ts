/** The Unix socket: accepts peers, hands their requests on, and ends in order. */

import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { refusal } from '../protocol/error-codes.js';
import { CONNECTIONS_MAX, LISTEN_BACKLOG, PATIENCE, type Patience } from '../protocol/limits.js';
import { type Ask, Connection } from './connection.js';

/** The socket cannot be served. `message` says which and why. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
}

/** Owner and group may speak to the daemon. */
const SOCKET_MODE = 0o660;

/** Peers that have not read their reply this long after the end was announced are cut off. */
const FAREWELL_MS = 2_000;

/** A socket that is being served. */
export interface SocketServer {
  /**
   * Takes no more peers and no more requests, answers what was asked, removes the socket file.
   * Resolves when the last peer has its reply, or did not read it in time.
   */
  close(): Promise<void>;
}

/**
 * Serves a Unix socket. The socket file of a daemon that was killed is replaced; that of one that
 * answers is not.
 *
 * @param patience how long peers are waited for; the contract's, unless a test is in a hurry
 * @throws SocketError when another daemon serves the path, or something else is there
 */
export async function serveSocket(
  path: string,
  ask: Ask,
  patience: Patience = PATIENCE,
): Promise<SocketServer> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    await removeStaleSocket(path);
  } catch (error) {
    if (error instanceof SocketError || !(error instanceof Error)) throw error;
    throw new SocketError(`cannot listen on ${path}: ${error.message}`);
  }
  const connections = new Map<Socket, Connection>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new Connection(socket, ask, patience);
    connections.set(socket, connection);
    socket.on('close', () => connections.delete(socket));
    if (connections.size > CONNECTIONS_MAX) {
      connection.turnAway(
        refusal('BUSY', `Too many connections: ${CONNECTIONS_MAX} are open; try again`),
      );
    }
  });
  await listen(server, path);
  return {
    close: () =>
      new Promise((resolve) => {
        // Closing a server also removes its socket file.
        server.close(() => resolve());
        for (const connection of connections.values()) connection.finish();
        const cutOff = () => {
          for (const socket of connections.keys()) socket.destroy();
        };
        setTimeout(cutOff, FAREWELL_MS).unref();
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new SocketError(`cannot listen on ${path}: ${error.message}`));
    });
    server.once('listening', resolve);
    // The file is made within listen(), so it is never more open than meant.
    const umask = process.umask(0o777 & ~SOCKET_MODE);
    server.listen({ path, backlog: LISTEN_BACKLOG });
    process.umask(umask);
  });
}

/** Removes a socket file that nobody serves. */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new SocketError(`cannot listen on ${path}: something that is no socket is there`);
  }
  if (await answers(path)) {
    throw new SocketError(`cannot listen on ${path}: another daemon serves it`);
  }
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe: Socket = connect(path);
    const settle = (isServed: boolean) => {
      probe.destroy();
      resolve(isServed);
    };
    probe.once('connect', () => settle(true));
    probe.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'EAGAIN'));
  });
}
