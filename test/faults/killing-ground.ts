/**
 * A host whose daemon is started and killed again and again, under load or during its start, and
 * what must be found there after each restart.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { judgeCopy } from '../../src/state/state-copies.js';
import { machineOf } from '../load/cpu-requests.js';
import { storedState } from '../load/listings.js';
import { choicesFrom, Load, type Prey } from '../load/load.js';
import type { DaemonProcess } from '../process/daemon-process.js';
import { FILES_AT_REST, ProcessHost, ROOM_FILES } from '../process/process-host.js';

/** Under load it is killed after so many answers at most, which is a few writes of all clients. */
const ANSWERS_MAX = 60;
/** And then so much later at most: anywhere within a write, or in what is between two. */
const LINGER_MAX_MS = 30;
/** One kill in so many comes during the start, or shortly after it. */
const START_KILL_EVERY = 5;
/** A start is killed within this multiple of the time that the last whole one took. */
const START_STRETCH = 1.4;

const moments = fc.record({
  isDuringStart: fc.integer({ min: 1, max: START_KILL_EVERY }).map((one) => one === 1),
  answerCount: fc.integer({ min: 0, max: ANSWERS_MAX }),
  // Of whole numbers, because each double is as likely as another, and most are next to nothing.
  fraction: fc.integer({ min: 0, max: 10_000 }).map((one) => one / 10_000),
});

/** When a daemon is killed. */
interface Moment {
  readonly isDuringStart: boolean;
  readonly answerCount: number;
  readonly fraction: number;
}

/** A host on which daemons are killed. */
export class KillingGround implements AsyncDisposable {
  readonly host = new ProcessHost();
  /** What happened to daemons, in numbers; the load has its own. */
  readonly tally = { rounds: 0, killsDuringStart: 0, interruptedWrites: 0, healedCopies: 0 };
  readonly #seed: number;
  readonly #nextMoment: () => Moment;
  #startMs = 0;
  #load: Load | undefined;

  /** @param seed of all choices, as far as they do not hang on how fast things go */
  constructor(seed: number) {
    this.#seed = seed;
    this.#nextMoment = choicesFrom(moments, seed);
  }

  get load(): Load {
    if (this.#load === undefined) throw new Error('nothing was started yet');
    return this.#load;
  }

  /** Finds out what the machine is. To be called once, before anything else. */
  async prepare(): Promise<void> {
    const daemon = await this.#startTimed();
    const topology = await this.host.ask({ action: 'get_topology' });
    this.#load = new Load(this.host, machineOf(topology), this.#seed);
    await daemon.kill();
  }

  /**
   * One start, one kill, and between them as much load as there is time for.
   *
   * @throws Error that tells when the daemon was killed, and what is there then that should not be
   */
  async round(): Promise<void> {
    const moment = this.#nextMoment();
    this.host.log.length = 0;
    try {
      if (moment.isDuringStart) await this.#killDuringStart(moment);
      else await this.#killUnderLoad(moment);
    } catch (cause) {
      const { message } = cause as Error;
      const which = `round ${this.tally.rounds + 1} of seed ${this.#seed}`;
      throw new Error(`${which}, ${JSON.stringify(moment)}: ${message}`, { cause });
    }
    this.tally.rounds++;
    this.tally.healedCopies += this.#healedCount;
    if (this.#isWriteInterrupted) this.tally.interruptedWrites++;
  }

  /** The last start, and an orderly end. */
  async end(): Promise<void> {
    // What the last round's daemons said is not what this one does.
    this.host.log.length = 0;
    await this.#startAndCompare();
    expect(await this.host.daemon.stop(), 'the exit status of an orderly end').to.equal(0);
    expect(this.host.files).to.deep.equal(['state.json', 'state.twin.json']);
    expect(readdirSync(this.host.directory).sort()).to.deep.equal(['state', 'sys']);
  }

  async #killUnderLoad({ answerCount, fraction }: Moment): Promise<void> {
    const daemon = await this.#startAndCompare();
    let answersLeft = answerCount;
    const prey: { isKilled: boolean; onAnswer?: () => void } = { isKilled: false };
    const enough = new Promise<void>((resolve) => {
      if (answersLeft === 0) resolve();
      prey.onAnswer = () => {
        if (--answersLeft === 0) resolve();
      };
    });
    const kill = enough.then(() => killAfter(fraction * LINGER_MAX_MS, daemon, prey));
    await Promise.all([kill, this.load.run(prey)]);
  }

  async #killDuringStart({ fraction }: Moment): Promise<void> {
    const daemon = this.host.launch();
    const prey = { isKilled: false };
    const use = async () => {
      await daemon.listening.catch((error: unknown) => {
        if (!prey.isKilled) throw error;
      });
      if (await this.load.settle(prey)) await this.load.run(prey);
    };
    const delayMs = fraction * this.#startMs * START_STRETCH;
    await Promise.all([killAfter(delayMs, daemon, prey), use()]);
    this.tally.killsDuringStart++;
  }

  async #startTimed(): Promise<DaemonProcess> {
    const launchedAtMs = performance.now();
    const daemon = await this.host.start();
    this.#startMs = performance.now() - launchedAtMs;
    return daemon;
  }

  /** Compares what is shown after a start, and all files, with what clients were told. */
  async #startAndCompare(): Promise<DaemonProcess> {
    // Of equal copies none is healed, nor where there is none at all.
    const isOneBehind = !this.#areCopiesEqual;
    const daemon = await this.#startTimed();
    expect(this.#healedCount, 'the copies healed').to.equal(isOneBehind ? 1 : 0);
    const shown = await this.load.settle({ isKilled: false });
    await this.#untilAtRest();
    const files = this.host.filesAtRest.join(' ');
    expect(files, 'the state directory').to.equal(FILES_AT_REST.join(' '));
    expect(readdirSync(this.host.directory).sort().join(' ')).to.equal('epa.sock state sys');
    expect(storedState(this.host.statePath), 'the first copy').to.deep.equal(shown);
    expect(this.#areCopiesEqual, 'the twin is equal').to.equal(true);
    return daemon;
  }

  /** Waits for the write that every start begins with. */
  async #untilAtRest(): Promise<void> {
    let state: string;
    do {
      state = (await this.host.ask({ action: 'get_status' }))['state'];
      expect(state).not.to.contain('readOnly');
    } while (!state.includes('durability ready'));
  }

  get #areCopiesEqual(): boolean {
    const [first, twin] = [this.host.statePath, this.host.twinPath].map((path) =>
      existsSync(path) ? readFileSync(path, 'utf8') : null,
    );
    return first === twin;
  }

  /** Whether something newer than the first copy is there, or half of something. */
  get #isWriteInterrupted(): boolean {
    const { host } = this;
    if (host.files.some((name) => name.endsWith('.old'))) return true;
    const stored = generationOf(host.statePath);
    return ROOM_FILES.some((name) => {
      const path = join(host.stateDirectory, name);
      return existsSync(path) && (generationOf(path) ?? Infinity) > (stored ?? 0);
    });
  }

  get #healedCount(): number {
    return this.host.log.filter(({ msg }) => msg === 'a copy of the state is healed from its twin')
      .length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.host[Symbol.asyncDispose]();
  }
}

/** Of what is in a file; `null` = nothing whole. */
function generationOf(path: string): number | null {
  if (!existsSync(path)) return null;
  const judged = judgeCopy(readFileSync(path));
  return judged.condition === 'whole' ? judged.state.generation : null;
}

async function killAfter(
  delayMs: number,
  daemon: DaemonProcess,
  prey: { isKilled: boolean } & Prey,
): Promise<void> {
  await pause(delayMs);
  prey.isKilled = true;
  await daemon.kill();
  expect(await daemon.ended, 'the exit status of a daemon that is killed').to.equal(null);
}
