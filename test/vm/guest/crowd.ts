/**
 * Clients that allocate and release all the time, whatever a scenario does to the machine, and
 * check every reply and every list. They stop for good at the first that is wrong.
 */

import { setTimeout } from 'node:timers/promises';
import type { Wire } from '../../daemon/wire.js';
import { machineOf } from '../../load/cpu-requests.js';
import { type Carrier, Load } from '../../load/load.js';
import { until } from '../../process/until.js';

/** Of all random choices; what becomes of them hangs on the machine all the same. */
const SEED = 20_261_125;

/** How long a client pauses before each request, so that an emulated daemon has time for others. */
const PAUSE_MS = 500;

/** What scenarios claim and record for themselves has names that begin like this. */
export const SCENARIO = 'scenario-';

const CIRCUMSTANCES = {
  protectedClients: 3,
  pageClients: 1,
  claimListers: 1,
  // A service that holds a CPU which is offline gets no other until it releases.
  isRefusal: ({ code }: Wire) =>
    ['INSUFFICIENT_CPUS', 'INSUFFICIENT_HUGEPAGES', 'CPUS_UNAVAILABLE'].includes(code),
  isOthers: (name: string) => name.startsWith(SCENARIO),
};

/** All of them. */
export class Crowd {
  readonly #load: Load;
  #prey = { isKilled: false, onAnswer: () => this.#count() };
  #running: Promise<void> = Promise.resolve();
  #answers = 0;
  /** What was wrong first; `null` = nothing. */
  fault: string | null = null;

  /** @param topology of the machine as it is at the start: the reply of a daemon */
  constructor(carrier: Carrier, topology: Wire) {
    const machine = { ...machineOf(topology), eligibleCount: null };
    const unhurried: Carrier = {
      ask: async (request) => {
        await setTimeout(PAUSE_MS);
        return carrier.ask(request);
      },
    };
    this.#load = new Load(unhurried, machine, SEED, CIRCUMSTANCES);
  }

  get tally() {
    return { answers: this.#answers, ...this.#load.tally };
  }

  /** Checks what a daemon shows that was just started, and lets all clients ask. */
  async start(): Promise<void> {
    this.#prey = { ...this.#prey, isKilled: false };
    await this.#load.settle(this.#prey);
    this.#running = this.#load.run(this.#prey).catch((error: Error) => {
      this.fault ??= error.message;
    });
  }

  /** Resolves when so many more requests were answered; rejects when an answer was wrong. */
  async answers(count: number): Promise<void> {
    const enough = this.#answers + count;
    await until(() => this.#answers >= enough || this.fault !== null);
    this.throwFault();
  }

  /** Throws when a reply or a list was wrong: what is left of the crowd shows nothing any more. */
  throwFault(): void {
    if (this.fault !== null) throw new Error(`the clients stopped: ${this.fault}`);
  }

  /** Ends the daemon in their midst; resolves when all of them have noticed. */
  async lose(kill: () => Promise<void>): Promise<void> {
    this.#prey.isKilled = true;
    await kill();
    await this.#running;
  }

  #count(): void {
    this.#answers++;
  }
}
