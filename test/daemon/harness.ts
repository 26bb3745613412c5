/** A real daemon on a simulated machine, in a directory of its own, and clients as today's are. */

import { mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { type RawSettings, readConfig } from '../../src/config/config.js';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.js';
import { checkReply } from './by-contract.js';
import { MachineDirectory } from './machine-directory.js';
import { readToEnd, type Wire } from './wire.js';

export { readLines, readOnce, readToEnd, type Wire } from './wire.js';

/** A machine in a temporary directory; daemons may be started on it one after the other. */
export class TestHost extends MachineDirectory {
  #daemon: Daemon | undefined;

  /** Writes one sysfs file, by its path below `/sys`. */
  writeSysfsFile(path: string, text: string): void {
    const target = join(this.sysfsRoot, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  /** Puts a directory where a file was, which not even root can read as one. */
  spoilSysfsFile(path: string): void {
    unlinkSync(join(this.sysfsRoot, path));
    mkdirSync(join(this.sysfsRoot, path));
  }

  mendSysfsFile(path: string, text: string): void {
    rmSync(join(this.sysfsRoot, path), { recursive: true });
    this.writeSysfsFile(path, text);
  }

  writeState(text: string): void {
    mkdirSync(this.stateDirectory, { recursive: true });
    writeFileSync(this.statePath, text);
  }

  async start(settings: RawSettings = {}): Promise<void> {
    const config = this.#configOf(settings);
    const sink = { write: (line: string) => void this.log.push(JSON.parse(line)) };
    this.#daemon = await startDaemon(config, pino({ level: 'debug', base: null }, sink));
  }

  /** Has the daemon take over other settings, as a re-read configuration does. */
  reconfigure(settings: RawSettings): void {
    this.#daemon?.reconfigure(this.#configOf(settings));
  }

  async stop(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    await daemon?.stop();
    await daemon?.ended;
  }

  /** One request as today's clients send it, and the whole reply; fails if that is not by the contract. */
  async ask(request: Wire): Promise<Wire> {
    const reply = JSON.parse(await this.send(JSON.stringify(request)));
    checkReply(request['action'], reply);
    return reply;
  }

  /** The allocations of a pool, service → CPUs. */
  async allocations(pool = 'isolated'): Promise<Record<string, string>> {
    const reply = await this.ask({ action: 'list_allocations', pool });
    return Object.fromEntries(
      reply['allocations'].map((listed: Wire) => [
        listed['service_name'],
        listed['allocated_cores'],
      ]),
    );
  }

  /** Sends text without a newline and without half-closing; reads to the end. */
  send(text: string | Buffer): Promise<string> {
    const socket = this.connect();
    socket.write(text);
    return readToEnd(socket);
  }

  connect(): Socket {
    return connect({ path: this.socketPath, allowHalfOpen: true });
  }

  #configOf(settings: RawSettings) {
    const { socketPath, stateDirectory, sysfsRoot } = this;
    return readConfig({ socketPath, stateDirectory, sysfsRoot, ...settings }, {}, undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.remove();
  }
}
