/**
 * A daemon that is abused, and what must be so after each abuse: it is the same process, it has let
 * go of every descriptor, it serves, what it shows is what is on disk, and its log has no complaint.
 */

import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { listedClaims, listedPages, storedState } from '../load/listings.js';
import { ProcessHost } from '../process/process-host.js';
import { readStored } from '../process/stored-copies.js';
import { until } from '../process/until.js';
import { statusOf } from '../process/watching.js';
import { descriptorsOf } from './process-resources.js';

/** Of pino: what asks something of the operator begins here. */
const LEVEL_WARN = 40;

/** How long the daemon may take to close what is over; it guards against waiting for ever. */
const DEADLINE_MS = 30_000;
/** Of what a daemon said before a test failed. */
const COMPLAINTS_MAX = 8;
/** Leaves the processor to those who are watched. */
const PAUSE_MS = 10;

/** A general pool of CPUs that the simulated machine of two sockets has not isolated. */
export const GENERAL_CPUS = '0,8,16,24';
export const TWO_POOLS = ['--cpu-pool', GENERAL_CPUS];

/**
 * V8 with a heap of so many MiB, of which as little as can be is for what is young: it then collects
 * garbage soon, so that what a process has of memory tells what it keeps; and a process that keeps
 * more than that ends.
 */
export function heapOfMib(mib: number): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--max-old-space-size=${mib} --max-semi-space-size=1` };
}

/** A daemon as a process of its own, with what it has open while nobody is connected. */
export class AbusedDaemon {
  readonly host: ProcessHost;
  #descriptorsAtRest = '';

  constructor(shape?: MachineShape) {
    this.host = new ProcessHost(shape);
  }

  get pid(): number {
    const { pid } = this.host.daemon.process;
    if (pid === undefined) throw new Error('the daemon could not be started');
    return pid;
  }

  /** Whether it has ended, in whatever way. */
  get isGone(): boolean {
    const { exitCode, signalCode } = this.host.daemon.process;
    return exitCode !== null || signalCode !== null;
  }

  /** @param environment as `NODE_OPTIONS`, which is none of the daemon's business */
  async start(options: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<void> {
    const { host } = this;
    await host.start(options, environment);
    // Nobody has connected yet; what it has begun to read and to write is closed again.
    const directory = realpathSync(host.directory);
    await until(() => {
      const open = descriptorsOf(this.pid);
      this.#descriptorsAtRest = open;
      const isReading = open.includes(join(directory, 'sys'));
      // The state directory is open once, for its lock.
      const isLockAlone = open.split(', ').includes(`1 × ${join(directory, 'state')}`);
      return !isReading && isLockAlone && !open.includes('.tmp');
    });
    host.log.length = 0;
  }

  /**
   * Resolves when nobody is connected any more, as far as descriptors tell.
   *
   * @throws Error that says what is open, when that takes too long
   */
  async atRest(): Promise<void> {
    const deadlineMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const open = descriptorsOf(this.pid);
      if (open === this.#descriptorsAtRest) return;
      if (performance.now() > deadlineMs) {
        throw new Error(`open was ${this.#descriptorsAtRest}; and now it is ${open}`);
      }
      await pause(PAUSE_MS);
    }
  }

  /** Shows that the daemon is as well as before. */
  async expectUnharmed(): Promise<void> {
    const { host } = this;
    await this.atRest();
    expect(await statusOf(host)).to.include({ pid: this.pid });
    const [isolated, general, memory] = await Promise.all([
      host.ask({ action: 'list_allocations' }),
      host.ask({ action: 'list_allocations', pool: 'general' }),
      host.ask({ action: 'get_memory_info' }),
    ]);
    // Without a list of its CPUs the general pool is refused.
    const claims = [
      ...listedClaims(isolated),
      ...('error' in general ? [] : listedClaims(general)),
    ];
    const stored = storedState(host.statePath);
    expect(new Map(claims), 'claims, as they are on disk').to.deep.equal(stored.claims);
    expect(listedPages(memory), 'pages, as they are on disk').to.deep.equal(stored.pages);
    const { texts } = readStored(host);
    expect(texts[1] === texts[0], 'the twin is equal').to.equal(true);
    expect(host.log.filter((line) => line['level'] >= LEVEL_WARN)).to.deep.equal([]);
    host.log.length = 0;
  }

  /** Ends it after a test has failed, and tells what it complained of. */
  async giveUp(): Promise<void> {
    const { host } = this;
    const hasEnded = this.isGone;
    await host.daemon.kill();
    // What is no line of its log has no level: V8's last words, when it has no memory left.
    const complaints = host.log.filter(
      ({ level = LEVEL_WARN, msg }) => level >= LEVEL_WARN && msg !== '',
    );
    for (const line of complaints.slice(0, COMPLAINTS_MAX)) {
      process.stdout.write(`      the daemon said: ${line['msg']}\n`);
    }
    if (hasEnded) process.stdout.write('      the daemon has ended\n');
  }
}

/** Starts a daemon for the surrounding `describe`; after each test it must be unharmed. */
export function useAbusedDaemon(
  shape?: MachineShape,
  options: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): () => AbusedDaemon {
  let daemon: AbusedDaemon;
  before(async () => {
    daemon = new AbusedDaemon(shape);
    await daemon.start(options, environment);
  });
  beforeEach(async () => {
    if (daemon.isGone) await daemon.start(options, environment);
  });
  afterEach(async function () {
    // What a test leaves behind that failed is not for the next one.
    if (this.currentTest?.state === 'failed') await daemon.giveUp();
    else await daemon.expectUnharmed();
  });
  after(async () => {
    if (!daemon.isGone) {
      expect(await daemon.host.daemon.stop(), 'the exit status of an orderly end').to.equal(0);
    }
    await daemon.host[Symbol.asyncDispose]();
  });
  return () => daemon;
}
