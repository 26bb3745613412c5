/** Boots the guest, lets its driver run all scenarios, and hands on what the driver reports. */

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Wire } from '../daemon/wire.js';
import { makeInitramfs } from './initramfs.js';
import { LineSocket } from './line-socket.js';
import { kernelWords, machineWords } from './machine.js';
import { obtainPackages, type Packages } from './packages.js';

/** A boot with all scenarios takes some two minutes on a busy machine; more than this is a hang. */
const LIMIT_MS = 540_000;

/**
 * The driver says that it is there within half a minute. Now and then an emulator hangs before its kernel
 * has said a word; such a guest is started again.
 */
const START_LIMIT_MS = 150_000;
const STARTS_MAX = 2;

/** How much of the guest's console is told when something goes wrong. */
const CONSOLE_LINES = 40;

/** What became of a scenario. */
type Outcome = { readonly report: Wire } | { readonly error: string };

/** A guest that runs, or has run. */
export class Boot {
  readonly #outcomes = new Map<string, Outcome>();
  #ending: string | undefined;
  #isUp = false;
  readonly #news = new EventEmitter();

  private constructor() {}

  /**
   * Starts a guest, which ends by itself.
   *
   * @throws Missing when this machine cannot run one
   */
  static async start(): Promise<Boot> {
    const packages = await obtainPackages();
    const boot = new Boot();
    void boot.#run(packages).then(
      (ending) => boot.#end(ending),
      (error: Error) => boot.#end(error.stack ?? error.message),
    );
    return boot;
  }

  /** What a scenario reports; rejects when it failed, or when the guest ended without it. */
  async report(scenario: string): Promise<Wire> {
    for (;;) {
      const outcome = this.#outcomes.get(scenario);
      if (outcome !== undefined) {
        if ('report' in outcome) return outcome.report;
        throw new Error(`in the guest: ${outcome.error}`);
      }
      if (this.#ending !== undefined) throw new Error(this.#ending);
      await once(this.#news, 'news');
    }
  }

  async #run(packages: Packages): Promise<string> {
    for (let starts = 1; ; starts++) {
      const ending = await this.#start(packages);
      if (this.#isUp || starts === STARTS_MAX) return ending;
      process.stdout.write('  the guest did not come up; it is started again\n');
    }
  }

  async #start(packages: Packages): Promise<string> {
    const scratch = mkdtempSync(join(tmpdir(), 'epa-vm-'));
    const clean = () => rmSync(scratch, { recursive: true, force: true });
    process.once('exit', clean);
    try {
      return await this.#emulate(packages, scratch);
    } finally {
      clean();
      process.off('exit', clean);
    }
  }

  async #emulate(packages: Packages, scratch: string): Promise<string> {
    const path = (name: string) => join(scratch, name);
    const initramfs = await makeInitramfs(packages, scratch);
    // Plugging is the driver's to ask for, and the emulator's to do.
    using control = await LineSocket.listen(path('control'), (line) => {
      if ('QMP' in line) control.send({ execute: 'qmp_capabilities' });
      else if (line['id'] !== undefined) link.send(line);
    });
    using link = await LineSocket.listen(path('link'), (line) => {
      if (line['execute'] !== undefined) control.send(line);
      else this.#note(line);
    });
    const words = [
      ...machineWords(),
      ...packages.firmwareDirectories.flatMap((directory) => ['-L', directory]),
      ...['-kernel', packages.kernel, '-initrd', initramfs, '-append', kernelWords()],
      ...['-chardev', `file,id=console,path=${path('console')}`, '-serial', 'chardev:console'],
      ...['-chardev', `socket,id=link,path=${path('link')}`, '-serial', 'chardev:link'],
      ...['-chardev', `socket,id=control,path=${path('control')}`],
      ...['-mon', 'chardev=control,mode=control'],
    ];
    // It ends with this process, however that ends.
    const emulator = spawn('setpriv', ['--pdeathsig', 'KILL', packages.emulator, ...words], {
      env: packages.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    const giveUp = setTimeout(() => {
      if (!this.#isUp) emulator.kill('SIGKILL');
    }, START_LIMIT_MS);
    let complaints = '';
    emulator.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    const [status, signal] = await once(emulator, 'close');
    clearTimeout(giveUp);
    const how = signal === null ? `with status ${status}` : `by ${signal}`;
    return [
      `the guest ended ${how}, and had not reported that`,
      complaints,
      tail(path('console')),
    ].join('\n');
  }

  #note({ scenario, ...outcome }: Wire): void {
    this.#isUp = true;
    if (scenario === undefined) return;
    this.#outcomes.set(scenario, outcome as Outcome);
    this.#news.emit('news');
  }

  #end(how: string): void {
    this.#ending = how;
    this.#news.emit('news');
  }
}

function tail(path: string): string {
  if (!existsSync(path)) return 'its console said nothing';
  const lines = readFileSync(path, 'utf8').split('\n').slice(-CONSOLE_LINES);
  return `its console said last:\n${lines.join('\n')}`;
}
