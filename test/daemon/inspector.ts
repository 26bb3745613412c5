/** One who inspects a daemon: its lines, and what is seen when they were read. */

import { connect, type Socket } from 'node:net';
import { parseRecordingLine } from '../../src/client/recording-lines.js';
import type { RecordingLine } from '../../src/protocol/inspect-line.js';
import { NOTHING_SEEN, type Seen, seenAfter } from '../../src/recording/seen.js';
import { readLines } from './wire.js';

export class Inspector {
  readonly socket: Socket;
  /** All that was read so far. */
  readonly lines: RecordingLine[] = [];
  seen: Seen = NOTHING_SEEN;
  readonly #wires: AsyncGenerator<unknown>;

  constructor(socketPath: string) {
    this.socket = connect({ path: socketPath, allowHalfOpen: true });
    this.socket.write('{"action":"inspect"}\n');
    this.#wires = readLines(this.socket);
  }

  /** Reads a line, and holds it against what a reader relies on. */
  async next(): Promise<RecordingLine> {
    const { value, done } = await this.#wires.next();
    if (done === true) throw new Error('the inspection has ended');
    const parsed = parseRecordingLine(value);
    if ('fault' in parsed || parsed.line === null) {
      throw new Error(`${'fault' in parsed ? parsed.fault : 'unknown'}: ${JSON.stringify(value)}`);
    }
    this.lines.push(parsed.line);
    this.seen = seenAfter(this.seen, parsed.line);
    return parsed.line;
  }

  /** Reads up to the first line of which this is so, and gives all that were read. */
  async until(isLast: (line: RecordingLine) => boolean): Promise<RecordingLine[]> {
    const lines: RecordingLine[] = [];
    do lines.push(await this.next());
    while (!isLast(lines.at(-1) as RecordingLine));
    return lines;
  }

  /** Reads what there is to begin with. */
  async begin(): Promise<this> {
    await this.until(({ type }) => type === 'snapshot');
    return this;
  }

  /** The session of an actor that is there. */
  sessionOf(name: string): string {
    const found = [...this.seen.actors.values()].find(({ line }) => line.name === name);
    if (found === undefined) throw new Error(`there is no actor ${name}`);
    return found.line.sessionId;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Whether a line tells what became of an actor when it had heard a message of that type. */
export const isAfter =
  (sessionId: string, type: string) =>
  (line: RecordingLine): boolean =>
    line.type === '@xstate.snapshot' && line.sessionId === sessionId && line.event.type === type;
