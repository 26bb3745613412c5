/** A served socket whose answers the test gives, and peers that talk to it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Refusal, refusal } from '../../src/protocol/error-codes.js';
import { HELD_MAX_BYTES, PATIENCE, type Patience } from '../../src/protocol/limits.js';
import type { Reply } from '../../src/protocol/reply.js';
import type { Ask, Backend, Stream, Subscribe } from '../../src/socket/connection.js';
import { HeldBytes } from '../../src/socket/held-bytes.js';
import { type Place, type SocketServer, serveSocket } from '../../src/socket/server.js';

/** A request by which the test knows it again: one of a service of that name. */
export function requestOf(name: string): string {
  return JSON.stringify({ action: 'allocate_cores', service_name: name, num_of_cores: 1 });
}

/** The reply to {@link requestOf}, as it stands on the wire. */
export function replyTextOf(name: string, padding = ''): string {
  return JSON.stringify(replyOf(name, padding));
}

function replyOf(name: string, padding = ''): Reply {
  return {
    version: '1.0',
    service_name: name,
    ...(padding ? { padding } : {}),
  } as unknown as Reply;
}

/** Those who wait until something is so. */
class Waiting {
  readonly #all = new Set<{ readonly isMet: () => boolean; readonly resolve: () => void }>();

  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.#all.add({ isMet, resolve }));
  }

  /** To be called whenever something happened. */
  check(): void {
    for (const one of this.#all) {
      if (!one.isMet()) continue;
      this.#all.delete(one);
      one.resolve();
    }
  }
}

/** A place to serve, where a test does not care who may connect. */
export const placeOf = (path: string): Place => ({ path, mode: 0o660, group: '', handedOver: [] });

/** What stands behind a socket that nobody watches. */
export const backendOf = (ask: Ask): Backend => ({
  ask,
  subscribe: () => refusal('BUSY', 'nobody can watch here'),
});

/** What stands behind a socket: gathers what is asked, and answers when it is told to. */
export class FakeDaemon implements Backend {
  /** Service names in the order in which they were asked for. */
  readonly asked: string[] = [];
  /** Answers as soon as it is asked, with that much padding; `null` = when the test says so. */
  padding: string | null = null;
  readonly #answers = new Map<string, (outcome: Reply | Refusal) => void>();
  readonly #waiting = new Waiting();

  readonly ask: Ask = (request, answer) => {
    const name = 'serviceName' in request ? request.serviceName : request.action;
    this.asked.push(name);
    if (this.padding !== null) answer(replyOf(name, this.padding));
    else this.#answers.set(name, answer);
    this.#waiting.check();
  };

  /** The first line of those who watch. */
  picture = '{"type":"snapshot"}';
  /** The streams of those who watch, until they are gone. */
  readonly streams = new Set<Stream>();

  readonly subscribe: Subscribe = (request, stream) => {
    const services = request.action === 'watch' ? request.services : null;
    if (services?.includes('nobody') === true) return refusal('BUSY', 'too many watch');
    this.streams.add(stream);
    stream.write(this.picture);
    this.#waiting.check();
    return () => {
      this.streams.delete(stream);
      this.#waiting.check();
    };
  };

  /** Resolves when so many watch. */
  isWatchedBy(count: number): Promise<void> {
    return this.#waiting.until(() => this.streams.size === count);
  }

  /** Resolves when it was asked that often. */
  wasAsked(count: number): Promise<void> {
    return this.#waiting.until(() => this.asked.length >= count);
  }

  /** Resolves when it was asked by that service. */
  wasAskedFor(name: string): Promise<void> {
    return this.#waiting.until(() => this.#answers.has(name));
  }

  /** Answers the request of that service. */
  answer(name: string): void {
    const answer = this.#answers.get(name);
    if (answer === undefined) throw new Error(`nobody asks for ${name}`);
    this.#answers.delete(name);
    answer(replyOf(name));
  }

  /** Answers whoever waits, and from now on everybody at once. */
  answerAll(): void {
    this.padding = '';
    for (const name of [...this.#answers.keys()]) this.answer(name);
  }
}

/** Of all peers of a test, so that none outlives it. */
const sockets = new Set<Socket>();

/** Somebody who connects. */
export class Peer {
  readonly socket: Socket;
  /** Resolves with all that came, when the daemon has ended the connection. */
  readonly farewell: Promise<string>;
  #text = '';
  readonly #waiting = new Waiting();

  private constructor(socket: Socket) {
    this.socket = socket;
    sockets.add(socket);
    socket.on('data', (chunk) => {
      this.#text += chunk;
      this.#waiting.check();
    });
    this.farewell = new Promise((resolve, reject) => {
      socket.once('end', () => resolve(this.#text));
      socket.once('error', reject);
    });
    // Only who waits for the end minds how it came.
    this.farewell.catch(() => undefined);
  }

  /** Connects; the peer reads what comes, unless it is paused. */
  static connect(path: string): Promise<Peer> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Peer(socket));
      });
    });
  }

  /** Sends; resolves when the kernel has taken all of it. */
  send(text: string | Buffer): Promise<void> {
    return new Promise((resolve) => this.socket.write(text, () => resolve()));
  }

  /** Sends pieces one after the other, each as a chunk by itself as far as the kernel lets it. */
  async sendPieces(pieces: readonly (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) {
      await this.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends one request as today's clients do; resolves with all that came back. */
  static async askOnce(path: string, text: string): Promise<string> {
    const peer = await Peer.connect(path);
    await peer.send(text);
    return peer.farewell;
  }

  /** Resolves when the daemon has seen what all others sent before. */
  static async overtake(path: string): Promise<void> {
    await Peer.askOnce(path, '{}');
  }

  /** Resolves with the first `count` lines that came. */
  async lines(count: number): Promise<string[]> {
    await this.#waiting.until(() => this.#text.split('\n').length > count);
    return this.#text.split('\n').slice(0, count);
  }
}

/** Where a test serves a socket. */
export interface Served {
  readonly path: string;
  readonly daemon: FakeDaemon;
  readonly server: SocketServer;
}

/** Serves a new socket for each test, in a directory of its own. */
export function useServedSocket(
  patience: Patience = PATIENCE,
  heldMaxBytes = HELD_MAX_BYTES,
): () => Served {
  let served: Served;
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'epa-socket-'));
    const path = join(directory, 'data', 'epa.sock');
    const daemon = new FakeDaemon();
    const held = new HeldBytes(heldMaxBytes);
    const server = await serveSocket(placeOf(path), daemon, patience, held);
    served = { path, daemon, server };
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await served.server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return () => served;
}
