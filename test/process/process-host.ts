/**
 * The built daemon as a process of its own, on a simulated machine, with its real files: for tests
 * in which it is killed, its disk fails, or its clients do what they should not.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { readToEnd, type Wire } from '../daemon/harness.js';
import { MachineDirectory } from '../daemon/machine-directory.js';
import { DaemonProcess } from './daemon-process.js';
import { undoneInAnyCase } from './undone-in-any-case.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** What a state directory has while a daemon serves and nothing is being written. */
export const FILES_AT_REST = ['holder.json', 'state.json', 'state.twin.json'];
/** What a daemon that runs may keep beside them: what it replaced, as room for its next write. */
export const ROOM_FILES = ['state.json.tmp', 'state.twin.json.tmp'];

/** A machine and a state directory; daemons are started on them one after the other. */
export class ProcessHost extends MachineDirectory {
  #daemon: DaemonProcess | undefined;

  constructor(shape?: MachineShape) {
    super(shape);
    mkdirSync(this.stateDirectory);
  }

  /** The daemon that was started last. */
  get daemon(): DaemonProcess {
    if (this.#daemon === undefined) throw new Error('no daemon was started');
    return this.#daemon;
  }

  /** Starts a daemon, and does not wait for it. */
  launch(options: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): DaemonProcess {
    const words = ['serve', '--socket', this.socketPath, '--state-dir', this.stateDirectory];
    words.push('--sysfs-root', this.sysfsRoot, ...options);
    this.#daemon = startProcess(words, this.log, environment);
    return this.#daemon;
  }

  /** Starts a daemon; resolves when it answers, rejects with its log when it ends before. */
  async start(
    options: readonly string[] = [],
    environment: NodeJS.ProcessEnv = {},
  ): Promise<DaemonProcess> {
    const daemon = this.launch(options, environment);
    await daemon.listening;
    return daemon;
  }

  /** Runs another command of the program to its end. */
  cli(...words: string[]) {
    const child = spawn(process.execPath, [MAIN, ...words], {
      env: { PATH: process.env['PATH'], EPA_SOCKET: this.socketPath },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
    }
    return once(child, 'close').then(([status]) => ({ status, ...texts }));
  }

  /** One request as today's clients send it; rejects when the daemon is gone before its reply. */
  async ask(request: Wire, socketPath = this.socketPath): Promise<Wire> {
    return JSON.parse(await this.send(JSON.stringify(request), socketPath));
  }

  /** Sends text without a newline and without half-closing; reads to the end. */
  send(text: string | Buffer, socketPath = this.socketPath): Promise<string> {
    const socket = this.connect(socketPath);
    socket.write(text);
    return readToEnd(socket);
  }

  connect(socketPath = this.socketPath): Socket {
    return connect({ path: socketPath, allowHalfOpen: true });
  }

  /** Who holds what: allocations of both pools and page records, as the daemon lists them. */
  async holdings(): Promise<Wire> {
    const [topology, memory] = await Promise.all([
      this.ask({ action: 'get_topology' }),
      this.ask({ action: 'get_memory_info' }),
    ]);
    return { allocations: topology['allocations'], hugepages: memory['numa_hugepages'] };
  }

  /** The names in the state directory, sorted. */
  get files(): string[] {
    return readdirSync(this.stateDirectory).sort();
  }

  /** The same without {@link ROOM_FILES}. */
  get filesAtRest(): string[] {
    return this.files.filter((name) => !ROOM_FILES.includes(name));
  }

  /** Removes the room for the next write, which has to find some on the disk then. */
  removeRoom(): void {
    for (const name of ROOM_FILES) rmSync(join(this.stateDirectory, name), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.kill();
    this.remove();
  }
}

/** Starts a daemon that ends with the test, if it did not before. */
export function startProcess(
  words: readonly string[],
  log: Wire[],
  environment: NodeJS.ProcessEnv = {},
): DaemonProcess {
  const daemon = new DaemonProcess(words, log, environment);
  void daemon.ended.then(undoneInAnyCase(() => daemon.process.kill('SIGKILL')));
  return daemon;
}
