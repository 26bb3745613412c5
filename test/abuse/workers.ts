/**
 * Clients that go on working while others misbehave. Each has a service of its own that takes CPUs
 * nobody else asks for, so that it knows what every reply must be.
 */

import { expect } from 'chai';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { countCpus } from '../../src/core/cpu-set.js';
import { listedClaims, listedPages, pageRecordName } from '../load/listings.js';
import type { ProcessHost } from '../process/process-host.js';

/** On the simulated machine of two sockets there is one CPU for each, and more. */
export const WORKERS = 16;

/** Clients at work, until they are told to stop. */
export class Workers {
  /** Rounds that each of them has finished: a round is five requests, and their right replies. */
  readonly rounds: number[] = Array.from({ length: WORKERS }, () => 0);
  readonly #host: ProcessHost;
  readonly #onRound: () => void;
  readonly #ended: Promise<unknown>;
  /** Those who wait for rounds; each says whether it need not wait any more. */
  readonly #waiting = new Set<() => boolean>();
  #isOver = false;

  /** @param onRound hears of every round */
  constructor(host: ProcessHost, onRound: () => void = () => undefined) {
    this.#host = host;
    this.#onRound = onRound;
    this.#ended = Promise.all(this.rounds.map((_, index) => this.#work(index)));
    // Whoever waits for the rounds or for the end hears of it.
    this.#ended.catch(() => undefined);
  }

  /** Resolves when each has finished that many more rounds; rejects when a reply was wrong. */
  async goOnFor(rounds: number): Promise<void> {
    const goals = this.rounds.map((done) => done + rounds);
    const areThere = new Promise<void>((resolve) => {
      this.#waiting.add(() => {
        const isSo = this.rounds.every((done, index) => done >= (goals[index] ?? 0));
        if (isSo) resolve();
        return isSo;
      });
    });
    await Promise.race([this.#ended, areThere]);
  }

  /** Resolves when all have finished the round they are at; rejects when a reply was wrong. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #work(index: number): Promise<void> {
    const name = `worker-${index}`;
    const node_id = index % 2;
    const pages = { action: 'allocate_hugepages', service_name: name, node_id, size_kb: 2048 };
    const cores = { action: 'allocate_cores', service_name: name };
    const host = this.#host;
    for (let round = 0; !this.#isOver; round++) {
      const taken = await host.ask({ ...cores, num_of_cores: 1 });
      expect(taken).to.include({ service_name: name, cores_allocated: 1, pool: 'isolated' });
      const cpu: string = taken['allocated_cores'];
      expect(countCpus(parseCpuList(cpu))).to.equal(1);
      const listed = listedClaims(await host.ask({ action: 'list_allocations' }));
      expect(listed.get(name)?.cpus, name).to.equal(cpu);
      const count = 1 + (round % 9);
      const recorded = await host.ask({ ...pages, hugepages_requested: count });
      expect(recorded).to.include({ service_name: name, allocation_successful: true });
      const records = listedPages(await host.ask({ action: 'get_memory_info' }));
      expect(records.get(pageRecordName(name, node_id, 2048)), name).to.equal(count);
      const released = await host.ask({ ...cores, num_of_cores: -1 });
      expect(released).to.include({ service_name: name, cores_allocated: 0 });
      const done = this.rounds[index] ?? 0;
      this.rounds[index] = done + 1;
      this.#onRound();
      for (const isOver of this.#waiting) if (isOver()) this.#waiting.delete(isOver);
    }
  }
}
