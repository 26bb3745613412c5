/** The Unix socket: accepts peers, hands their requests on, and ends in order. */

import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { dirname, resolve as resolvePath } from 'node:path';
import { messageOf } from '../core/quoting.js';
import { groupId } from '../libc/group-id.js';
import { refusal } from '../protocol/error-codes.js';
import { FAREWELL_MS, LISTEN_BACKLOG, PATIENCE, type Patience } from '../protocol/limits.js';
import { Acceptors } from './acceptors.js';
import { type Backend, Connection } from './connection.js';
import { handedOverPath } from './handed-over.js';
import { HeldBytes } from './held-bytes.js';
import { Register } from './register.js';
import { Traffic } from './traffic.js';

/** The socket cannot be served. `message` says which and why. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
}

/** Nobody but the owner: the mode of a socket until it has its group. */
const PRIVATE_MODE = 0o600;

/** Which peers may connect. */
export interface SocketAccess {
  /** As the bits of a file mode. */
  readonly mode: number;
  /** The group of the socket, by name or number; empty = that of the process. */
  readonly group: string;
}

/** Where peers connect, and which of them may. */
export interface Place extends SocketAccess {
  readonly path: string;
  /** Descriptors of listening sockets that somebody else has opened; they stay as they are. */
  readonly handedOver: readonly number[];
}

/** A socket that is being served. */
export interface SocketServer {
  /**
   * Takes no more peers and no more requests, answers what was asked, removes the socket file.
   * Resolves when the last peer has its reply, or did not read it in time.
   */
  close(): Promise<void>;
  /**
   * Lets others connect to the path, from now on. Has no effect on one that was handed over.
   *
   * @throws SocketError when there is no such group, or it cannot be given to it
   */
  share(access: SocketAccess): void;
}

/**
 * Serves a Unix socket, and those that were handed over. The socket file of a daemon that was killed
 * is replaced; that of one that answers is not. A socket that was handed over for the same path
 * serves it.
 *
 * @param patience how long peers are waited for; the contract's, unless a test is in a hurry
 * @param held what all peers may make the daemon hold
 * @param traffic where connections are counted
 * @throws SocketError when another daemon serves the path, something else is there, there is no
 * such group, or what was handed over cannot be served
 */
export async function serveSocket(
  place: Place,
  backend: Backend,
  patience: Patience = PATIENCE,
  held = new HeldBytes(),
  traffic = new Traffic(),
): Promise<SocketServer> {
  const connections = new Register<{ readonly socket: Socket; readonly connection: Connection }>();
  const { connectionsMax } = traffic;
  const accept = (socket: Socket) => {
    acceptors.noteAccepted();
    const connection = new Connection(socket, backend, patience, held);
    const number = connections.add({ socket, connection });
    traffic.openCount = connections.size;
    traffic.acceptedCount++;
    socket.on('close', () => {
      connections.take(number);
      traffic.openCount = connections.size;
    });
    if (connections.size > connectionsMax) {
      traffic.turnedAwayCount++;
      connection.turnAway(
        refusal('BUSY', `Too many connections: ${connectionsMax} are open; try again`),
      );
    }
  };
  /** Those that listen, and those that have peers left. */
  const servers = new Set<Server>();
  const newServer = () => {
    const server = createServer({ allowHalfOpen: true }, accept);
    servers.add(server);
    server.once('close', () => servers.delete(server));
    return server;
  };
  const acceptors = new Acceptors(newServer);
  const close = async () => {
    // Closing a server also removes its socket file, unless it was handed over.
    const closed = [...servers].map((server) => new Promise((resolve) => server.close(resolve)));
    for (const { connection } of connections) connection.finish();
    const cutOff = () => {
      for (const { socket } of connections) socket.destroy();
    };
    setTimeout(cutOff, FAREWELL_MS).unref();
    await Promise.all(closed);
  };
  let isOwnPath = false;
  try {
    const paths = await listenHandedOver(place.handedOver, newServer);
    isOwnPath = !paths.includes(resolvePath(place.path));
    if (isOwnPath) await listenPrivately(place, newServer());
    acceptors.help(servers);
  } catch (error) {
    await close();
    throw error;
  }
  return { close, share: (access) => isOwnPath && share(place.path, access) };
}

/** Serves what was handed over; gives its paths. */
async function listenHandedOver(
  descriptors: readonly number[],
  newServer: () => Server,
): Promise<string[]> {
  const paths: string[] = [];
  for (const descriptor of descriptors) {
    const what = `descriptor ${descriptor}, which was handed over`;
    try {
      paths.push(resolvePath(handedOverPath(descriptor)));
    } catch (error) {
      throw new SocketError(`cannot listen on ${what}: ${messageOf(error)}`);
    }
    await listen(newServer(), { fd: descriptor }, what);
  }
  return paths;
}

/** Serves the path, first for its owner alone, then for all that may connect. */
async function listenPrivately(place: Place, server: Server): Promise<void> {
  const { path } = place;
  groupOf(path, place);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    await removeStaleSocket(path);
  } catch (error) {
    if (error instanceof SocketError) throw error;
    throw new SocketError(`cannot listen on ${path}: ${messageOf(error)}`);
  }
  const umask = process.umask(0o777 & ~PRIVATE_MODE);
  // The file is made before listen() gives back a promise.
  const listening = listen(server, { path }, path);
  process.umask(umask);
  await listening;
  share(path, place);
}

/** Gives a socket file its group and mode, and is at no moment more open than either is alone. */
function share(path: string, access: SocketAccess): void {
  const gid = groupOf(path, access);
  try {
    const known = lstatSync(path);
    if (gid !== known.gid) {
      // The old group must not have what is meant for the new one, nor the new one what the old had.
      chmodSync(path, PRIVATE_MODE);
      chownSync(path, known.uid, gid);
    }
    chmodSync(path, access.mode);
  } catch (error) {
    throw new SocketError(`cannot let others use ${path}: ${messageOf(error)}`);
  }
}

function groupOf(path: string, { group }: SocketAccess): number {
  const gid = group === '' ? process.getegid?.() : groupId(group);
  if (gid == null) throw new SocketError(`cannot listen on ${path}: there is no group ${group}`);
  return gid;
}

function listen(
  server: Server,
  where: ListenOptions | { readonly fd: number },
  what: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new SocketError(`cannot listen on ${what}: ${error.message}`));
    });
    server.once('listening', resolve);
    // As an argument of its own: within the options Node.js overlooks it where a descriptor is given.
    server.listen(where, LISTEN_BACKLOG);
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
