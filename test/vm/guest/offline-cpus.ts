/**
 * Takes CPUs offline and brings them back, and watches that none is granted meanwhile: whoever asks
 * after a CPU went offline must not get it before somebody begins to bring it back.
 */

import type { Wire } from '../../daemon/wire.js';
import { idsOf, isolatedCpus, onlineCpus, setOnline, setSmt } from './kernel.js';

/** The CPUs that are offline for certain. */
export class OfflineCpus {
  /** CPU → something that is different each time it goes offline. */
  readonly #absences = new Map<number, symbol>();
  /** How many grants were looked at, and how many of them while an isolated CPU was offline. */
  readonly tally = { grants: 0, grantsWhileOffline: 0 };

  async takeOffline(cpu: number): Promise<void> {
    await setOnline(cpu, false);
    this.noteGone([cpu]);
  }

  async bringBack(cpu: number): Promise<void> {
    this.#absences.delete(cpu);
    await setOnline(cpu, true);
  }

  /** Leaves each core one thread; gives the CPUs that went offline. */
  async turnSmtOff(): Promise<number[]> {
    const before = idsOf(onlineCpus());
    await setSmt(false);
    const after = idsOf(onlineCpus());
    const gone = before.filter((cpu) => !after.includes(cpu));
    this.noteGone(gone);
    return gone;
  }

  async turnSmtOn(): Promise<void> {
    this.#absences.clear();
    await setSmt(true);
  }

  /** Notes that CPUs are offline from now on, by whatever way. */
  noteGone(cpus: readonly number[]): void {
    for (const cpu of cpus) this.#absences.set(cpu, Symbol());
  }

  /** Carries a request; rejects when the reply grants what was offline all the time. */
  async judge(request: Wire, carry: (request: Wire) => Promise<Wire>): Promise<Wire> {
    const before = new Map(this.#absences);
    const reply = await carry(request);
    const granted = grantedCpus(reply);
    if (granted.length === 0) return reply;
    this.tally.grants++;
    const isolated = idsOf(isolatedCpus());
    if ([...before.keys()].some((cpu) => isolated.includes(cpu))) this.tally.grantsWhileOffline++;
    const absent = granted.filter(
      (cpu) => before.has(cpu) && this.#absences.get(cpu) === before.get(cpu),
    );
    if (absent.length === 0) return reply;
    throw new Error(`${absent} is offline, ${JSON.stringify(request)}: ${JSON.stringify(reply)}`);
  }
}

/** The CPUs that a reply says its service has got; in a node, or altogether. */
function grantedCpus(reply: Wire): number[] {
  const list = reply['allocated_cores'] ?? reply['cores_allocated'];
  return typeof list === 'string' ? idsOf(list) : [];
}
