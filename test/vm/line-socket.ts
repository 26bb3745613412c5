/** A Unix socket at which the emulator connects once, and over which JSON lines go both ways. */

import { createServer, type Server, type Socket } from 'node:net';
import { readLines, type Wire } from '../daemon/wire.js';

/** One end of it. */
export class LineSocket implements Disposable {
  readonly #server: Server;
  #socket: Socket | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens.
   *
   * @param onLine hears of every line, in order
   */
  static async listen(path: string, onLine: (line: Wire) => void): Promise<LineSocket> {
    const server = createServer();
    const one = new LineSocket(server);
    server.on('connection', (socket) => {
      one.#socket = socket;
      void hear(socket, onLine);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve);
    });
    return one;
  }

  /** Sends a line to whoever has connected. */
  send(line: Wire): void {
    if (this.#socket === undefined) throw new Error('nobody has connected');
    this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  [Symbol.dispose](): void {
    this.#socket?.destroy();
    this.#server.close();
  }
}

async function hear(socket: Socket, onLine: (line: Wire) => void): Promise<void> {
  try {
    for await (const line of readLines(socket)) onLine(line);
  } catch {
    // The emulator is gone; whoever started it knows.
  }
}
