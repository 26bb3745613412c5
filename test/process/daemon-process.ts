/** The built daemon as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Wire } from '../daemon/wire.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** A daemon as a process. Nobody ends it but who started it. */
export class DaemonProcess {
  readonly process: ChildProcess;
  /** Resolves when it answers on its socket; rejects when it ends before. */
  readonly listening: Promise<void>;
  /** Resolves when it is gone: with its exit status, or `null` when a signal killed it. */
  readonly ended: Promise<number | null>;

  constructor(words: readonly string[], log: Wire[], environment: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [MAIN, ...words], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.ended = once(this.process, 'close').then(([status]) => status);
    this.listening = new Promise((resolve, reject) => {
      let rest = '';
      const said: string[] = [];
      this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          said.push(line);
          log.push(line.startsWith('{') ? JSON.parse(line) : { msg: line });
          if (line.includes('"msg":"listening"')) resolve();
        }
      });
      void this.ended.then((status) => {
        reject(
          new Error(`the daemon ended with ${status} before it answered:\n${said.join('\n')}`),
        );
      });
    });
    // Whoever does not wait for it does not care.
    this.listening.catch(() => undefined);
  }

  /** Ends it as a power cut does, without a chance to do anything; resolves when it is gone. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to end; gives its exit status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.process.kill(signal);
    return this.ended;
  }
}
