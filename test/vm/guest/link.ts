/** The line to the host, over the second serial port: reports go out, the emulator's answers come. */

import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ReadStream } from 'node:tty';
import type { Wire } from '../../daemon/wire.js';

const PORT = '/dev/ttyS1';

/** The guest's end of the line. */
export class Link {
  readonly #descriptor = openSync(PORT, 'w');
  readonly #waiting = new Map<number, (answer: Wire) => void>();
  #lastId = 0;

  constructor() {
    // A read that blocks would keep this program from its end.
    const lines = createInterface({ input: new ReadStream(openSync(PORT, 'r+')) });
    lines.on('line', (text) => {
      const answer: Wire = JSON.parse(text);
      this.#waiting.get(answer['id'])?.(answer);
      this.#waiting.delete(answer['id']);
    });
  }

  /** Tells the host something. */
  send(line: Wire): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(this.#descriptor, bytes, sent);
  }

  /** Has the emulator do something to this machine (QMP); rejects when it does not. */
  async execute(command: string, words: Wire = {}): Promise<Wire> {
    const id = ++this.#lastId;
    const answered = new Promise<Wire>((resolve) => this.#waiting.set(id, resolve));
    this.send({ execute: command, arguments: words, id });
    const answer = await answered;
    if ('error' in answer) throw new Error(`${command}: ${answer['error'].desc}`);
    return answer['return'];
  }
}
