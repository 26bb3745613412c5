/**
 * A host on which the snap is installed, as far as processes of the snap can tell: the variables and
 * directories that snapd gives them, a simulated machine, and a `snapctl` that answers. What snapd
 * does around a hook, it does here: changes are kept when the hook succeeds, and then the services
 * do what the hook asked for.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { MachineDirectory } from '../daemon/machine-directory.js';
import { askOnce, type Wire } from '../daemon/wire.js';
import { undoneInAnyCase } from '../process/undone-in-any-case.js';
import { until } from '../process/until.js';
import { readSnapcraft, unsquashedSnap } from './packed-snap.js';
import type { Snapcraft } from './snapcraft-schema.js';
import { snapcraftSchema } from './snapcraft-schema.js';

/** What a process of the snap said, and how it ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const SNAPCTL = `#!${process.execPath}
const fs = require('node:fs');
const path = require('node:path');
const home = path.dirname(__dirname);
const [command, ...words] = process.argv.slice(2);
const fail = (sentence) => {
  process.stderr.write('error: ' + sentence + '\\n');
  process.exit(1);
};
if (process.env.SNAP_COOKIE !== 'a-cookie') fail('no valid context cookie');
const broken = path.join(home, 'snapctl-broken');
if (fs.existsSync(broken) && fs.readFileSync(broken, 'utf8') === command) fail('snapd is not well');
if (command === 'get') {
  const names = words.filter((word) => word !== '-d');
  if (names.length === 0) fail('get which option?');
  if (!words.includes('-d')) fail('only documents here');
  const options = JSON.parse(fs.readFileSync(path.join(home, 'proposed.json'), 'utf8'));
  const shown = Object.fromEntries(names.flatMap((n) => (n in options ? [[n, options[n]]] : [])));
  process.stdout.write(JSON.stringify(shown, null, '\\t') + '\\n');
} else if (command === 'services') {
  const current = fs.existsSync(path.join(home, 'active')) ? 'active' : 'inactive';
  process.stdout.write('Service  Startup  Current  Notes\\n' + words[0] + '  enabled  ' + current + '  -\\n');
} else if (command === 'restart') {
  fs.appendFileSync(path.join(home, 'asked'), words.join(' ') + '\\n');
} else {
  fail('unknown command ' + command);
}
`;

/** One installed snap. */
export class SnapHost extends MachineDirectory implements AsyncDisposable {
  readonly dataDirectory = join(this.directory, 'var/snap/epa-orchestrator/x1');
  readonly commonDirectory = join(this.directory, 'var/snap/epa-orchestrator/common');
  readonly sharedDirectory = join(this.dataDirectory, 'data');
  readonly configPath = join(this.dataDirectory, 'config.json');
  readonly snapSocketPath = join(this.sharedDirectory, 'epa.sock');
  readonly snapStatePath = join(this.sharedDirectory, 'state.json');
  /** What is set, as snapd has it. */
  options: Wire = {};
  readonly snapDirectory: string;
  readonly #project: Snapcraft;
  readonly #snapd = join(this.directory, 'snapd');
  #daemon: ChildProcess | undefined;
  #daemonEnded: Promise<number | null> = Promise.resolve(null);

  private constructor(snapDirectory: string, shape?: MachineShape) {
    super(shape);
    this.snapDirectory = snapDirectory;
    this.#project = snapcraftSchema.parse(readSnapcraft());
    mkdirSync(this.dataDirectory, { recursive: true });
    mkdirSync(this.commonDirectory, { recursive: true });
    mkdirSync(join(this.#snapd, 'bin'), { recursive: true });
    writeFileSync(join(this.#snapd, 'bin/snapctl'), SNAPCTL, { mode: 0o755 });
  }

  /** A host on which the snap is unpacked, and no hook has run yet. */
  static async unpacked(shape?: MachineShape): Promise<SnapHost> {
    return new SnapHost(await unsquashedSnap(), shape);
  }

  /** In snapd's order: the hook `install`, the daemon on its defaults, the hook `configure`. */
  static async installed(shape?: MachineShape): Promise<SnapHost> {
    const host = await SnapHost.unpacked(shape);
    host.#expectDone(host.hook('install'));
    await host.startDaemon();
    host.#expectDone(host.hook('configure'));
    return host;
  }

  /** As snapd has it; without the variables that say where things are, nothing is inherited. */
  get environment(): NodeJS.ProcessEnv {
    return {
      HOME: '/root',
      PATH: `${this.#snapd}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      SNAP: this.snapDirectory,
      SNAP_NAME: 'epa-orchestrator',
      SNAP_INSTANCE_NAME: 'epa-orchestrator',
      SNAP_INSTANCE_KEY: '',
      SNAP_REVISION: 'x1',
      SNAP_VERSION: this.#project.version,
      SNAP_ARCH: 'amd64',
      SNAP_DATA: this.dataDirectory,
      SNAP_COMMON: this.commonDirectory,
      SNAP_USER_DATA: '/root/snap/epa-orchestrator/x1',
      SNAP_USER_COMMON: '/root/snap/epa-orchestrator/common',
      SNAP_COOKIE: 'a-cookie',
      // The one thing that is not as in a snap: the machine is a simulated one.
      EPA_SYSFS_ROOT: this.sysfsRoot,
    };
  }

  /** Runs a hook, with what is proposed as options. */
  hook(name: string, proposed: Wire = this.options): Ended {
    writeFileSync(join(this.#snapd, 'proposed.json'), JSON.stringify(proposed));
    return this.#run([join(this.snapDirectory, 'meta/hooks', name)]);
  }

  /** `snap set`, or `snap unset` where the value is `undefined`. */
  set(options: Wire): Ended {
    const merged = { ...this.options, ...options };
    const proposed = Object.fromEntries(
      Object.entries(merged).filter(([, value]) => value !== undefined),
    );
    const ended = this.hook('configure', proposed);
    if (ended.status === 0) {
      this.options = proposed;
      this.#doAsAsked();
    }
    return ended;
  }

  /** Has `snapctl COMMAND` fail, or none. */
  breakSnapctl(command: string): void {
    writeFileSync(join(this.#snapd, 'snapctl-broken'), command);
  }

  /** Runs an app that ends by itself. */
  app(name: string, ...words: string[]): Ended {
    return this.#run([this.#pathOf(this.#project.apps[name]?.command), ...words]);
  }

  /** Starts the service `daemon`; resolves when it answers. */
  async startDaemon(before: readonly string[] = [], more: NodeJS.ProcessEnv = {}): Promise<void> {
    const [program = '', ...words] = [
      ...before,
      this.#pathOf(this.#project.apps['daemon']?.command),
    ];
    const child = spawn(program, words, {
      env: { ...this.environment, ...more },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#daemon = child;
    this.#daemonEnded = once(child, 'close').then(([status]) => status);
    void this.#daemonEnded.then(undoneInAnyCase(() => child.kill('SIGKILL')));
    writeFileSync(join(this.#snapd, 'active'), '');
    // What the daemon before it said is not what this one says.
    this.log.length = 0;
    let rest = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        this.log.push(line.startsWith('{') ? JSON.parse(line) : { msg: line });
    });
    let isGone = false;
    void this.#daemonEnded.then(() => {
      isGone = true;
    });
    await until(() => {
      if (isGone) throw new Error(`the daemon ended: ${JSON.stringify(this.log)}`);
      return this.log.some(({ msg }) => msg === 'listening');
    });
  }

  /** Stops it as systemd does; gives its exit status. */
  async stopDaemon(): Promise<number | null> {
    this.#daemon?.kill('SIGTERM');
    return this.#daemonEnded;
  }

  /** Waits for a line of the daemon's log, and takes it out. */
  async logged(message: string): Promise<Wire> {
    const find = () => this.log.findIndex(({ msg }) => msg === message);
    await until(() => find() >= 0);
    const [line] = this.log.splice(find(), 1);
    return line ?? {};
  }

  ask(request: Wire): Promise<Wire> {
    return askOnce(this.snapSocketPath, request);
  }

  /** The services do what a hook asked of them, when it has succeeded. */
  #doAsAsked(): void {
    const path = join(this.#snapd, 'asked');
    const asked = existsSync(path) ? readFileSync(path, 'utf8') : '';
    writeFileSync(path, '');
    for (const line of asked.split('\n').filter((text) => text !== '')) {
      if (line !== '--reload epa-orchestrator.daemon') throw new Error(`snapctl restart ${line}`);
      const command = this.#pathOf(this.#project.apps['daemon']?.['reload-command']);
      this.#expectDone(this.#run([command], { MAINPID: String(this.#daemon?.pid) }));
    }
  }

  #pathOf(command: string | undefined): string {
    if (command === undefined) throw new Error('there is no such app');
    return join(this.snapDirectory, command);
  }

  #run(words: readonly string[], more: NodeJS.ProcessEnv = {}): Ended {
    const [program = '', ...rest] = words;
    const env = { ...this.environment, ...more };
    const { status, stdout, stderr } = spawnSync(program, rest, { env, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  #expectDone({ status, stderr }: Ended): void {
    if (status !== 0) throw new Error(`ended with ${status}: ${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#daemon?.kill('SIGKILL');
    await this.#daemonEnded;
    this.remove();
  }
}
