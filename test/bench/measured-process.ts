/** The processes that are measured: the built daemon on a simulated machine, and the bare server. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writeSysfs } from '../../src/simulate/write-sysfs.js';
import { askAll, askOnce, type Wire } from '../daemon/wire.js';
import type { BenchMachine } from './machines.js';
import type { Usage } from './probe.js';
import type { Tools } from './tools.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** How soon it is seen that a process answers. */
const PAUSE_MS = 2;

/** A Node process with the probe in it. */
export class MeasuredProcess {
  readonly child: ChildProcess;
  /** When it was started, as `performance.now()` counts. */
  readonly startedMs: number;
  readonly #logPath: string;

  constructor({ node, probe, directory }: Tools, name: string, words: readonly string[]) {
    this.#logPath = join(directory, `${name}.log`);
    const log = openSync(this.#logPath, 'w');
    const probed = ['--import', probe, ...words];
    this.startedMs = performance.now();
    this.child = spawn(node, probed, { stdio: ['ignore', 'ignore', log, 'ipc'] });
    // One that outlives a run that was broken off would scan its machine beside the next.
    const kill = () => this.child.kill('SIGKILL');
    process.once('exit', kill);
    this.child.once('exit', () => process.off('exit', kill));
  }

  /** What it has used since it was asked last. */
  async usage(): Promise<Usage> {
    this.child.send('usage');
    const [usage] = await once(this.child, 'message');
    return usage;
  }

  /** Resolves when it answers on that socket; rejects when it ended. */
  async answers(socketPath: string): Promise<void> {
    while (!(await isServed(socketPath))) {
      if (this.child.exitCode !== null) {
        throw new Error(`it ended before it answered:\n${readFileSync(this.#logPath, 'utf8')}`);
      }
      await setTimeout(PAUSE_MS);
    }
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await ended;
  }
}

/** The daemon on a machine; what it serves, and its files. */
export class MeasuredDaemon extends MeasuredProcess {
  readonly machine: BenchMachine;
  readonly socketPath: string;

  private constructor(tools: Tools, name: string, machine: BenchMachine, options: string[]) {
    const socketPath = join(tools.directory, `${name}.sock`);
    const sysfsRoot = join(tools.directory, `${name}.sys`);
    const stateDirectory = join(tools.directory, `${name}.state`);
    writeSysfs(sysfsRoot, machine.shape);
    mkdirSync(stateDirectory, { recursive: true });
    const words = [MAIN, 'serve', '--socket', socketPath, '--state-dir', stateDirectory];
    super(tools, name, [...words, '--sysfs-root', sysfsRoot, ...options]);
    this.machine = machine;
    this.socketPath = socketPath;
  }

  /** Starts it; resolves when it answers and the machine's services have their CPUs. */
  static async start(
    tools: Tools,
    name: string,
    machine: BenchMachine,
    options: string[] = [],
  ): Promise<MeasuredDaemon> {
    const daemon = new MeasuredDaemon(tools, name, machine, options);
    await daemon.answers(daemon.socketPath);
    const names = Array.from({ length: machine.serviceCount }, (_, index) => `service-${index}`);
    const replies = await daemon.askAll(
      names.map((service_name) => ({ action: 'allocate_cores', service_name, num_of_cores: 1 })),
    );
    const refused = replies.find((reply) => 'error' in reply);
    if (refused !== undefined) throw new Error(`${machine.name}: ${JSON.stringify(refused)}`);
    return daemon;
  }

  ask(request: Wire): Promise<Wire> {
    return askOnce(this.socketPath, request);
  }

  /** Asks in one session; gives the replies in order. */
  askAll(requests: readonly Wire[]): Promise<Wire[]> {
    return askAll(this.socketPath, requests);
  }

  /** How often it has written its state. */
  async generation(): Promise<number> {
    const { store } = await this.ask({ action: 'get_status' });
    return store.generation;
  }
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const settle = (isOpen: boolean) => {
      probe.destroy();
      resolve(isOpen);
    };
    probe.once('connect', () => settle(true));
    probe.once('error', () => settle(false));
  });
}
