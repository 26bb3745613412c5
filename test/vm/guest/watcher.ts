/** One who watches the daemon from the start on, and keeps what the lines make of the first picture. */

import { connect } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { WatchEvent, WatchPicture } from '../../../src/protocol/watch-event.js';
import { applyLine, freshTables, type WatchTables } from '../../core/watch-tables.js';
import { readLines, type Wire } from '../../daemon/wire.js';
import { until } from '../../process/until.js';

export class Watcher {
  /** Lines about the machine, oldest first; those about services are too many. */
  readonly machineLines: Wire[] = [];
  /** Lines on CPUs that were taken by force. */
  readonly preemptions: Wire[] = [];
  /** What was wrong first; `null` = nothing. */
  fault: string | null = null;
  #tables: WatchTables | undefined;
  readonly #socketPath: string;

  private constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Begins to watch; resolves when the first picture is there. */
  static async start(socketPath: string): Promise<Watcher> {
    const watcher = new Watcher(socketPath);
    // It ends with the daemon, which the scenarios kill.
    void watcher.#listen().catch((error: Error) => {
      watcher.fault ??= error.message;
    });
    await until(() => watcher.#tables !== undefined || watcher.fault !== null);
    return watcher;
  }

  async #listen(): Promise<void> {
    let seq = 0;
    for await (const line of linesOf(this.#socketPath)) {
      seq++;
      if (line['seq'] !== seq) throw new Error(`line ${line['seq']} came after ${seq - 1}`);
      if (this.#tables === undefined) {
        this.#tables = freshTables(line as WatchPicture);
        continue;
      }
      applyLine(this.#tables, line as WatchEvent);
      if (line['type'] === 'preempted') this.preemptions.push(line);
      if (!('service_name' in line)) this.machineLines.push(line);
    }
  }

  /** Resolves when what the lines made of the machine is what a daemon says to one who comes now. */
  async agrees(): Promise<void> {
    await until(async () => {
      if (this.fault !== null) throw new Error(`the watch is wrong: ${this.fault}`);
      const fresh = freshTables(await pictureNow(this.#socketPath));
      return isDeepStrictEqual(machineOf(this.#tables), machineOf(fresh));
    });
  }
}

/** What one hears who comes now. */
async function pictureNow(socketPath: string): Promise<WatchPicture> {
  for await (const line of linesOf(socketPath)) {
    if (line['type'] === 'snapshot') return line as WatchPicture;
    throw new Error(`a watch begins with ${JSON.stringify(line)}`);
  }
  throw new Error('a watch ended before it began');
}

async function* linesOf(socketPath: string): AsyncGenerator<Wire> {
  const socket = connect(socketPath);
  try {
    socket.write('{"action":"watch"}\n');
    yield* readLines(socket);
  } finally {
    socket.destroy();
  }
}

/** The crowd goes on claiming meanwhile: only the machine can be compared. */
function machineOf(tables: WatchTables | undefined) {
  if (tables === undefined) return null;
  const { online, pools, nodes, hugepages } = tables;
  return {
    online: [...online].sort((a, b) => a - b),
    pools,
    nodes,
    hugepages: totalsOf(hugepages),
  };
}

/** Shortfalls follow the crowd's records. */
function totalsOf(hugepages: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...hugepages].map(([key, value]) => [key, value.split(' ')[0] ?? '']));
}
