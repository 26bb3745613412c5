/**
 * What clients were told, and so what a daemon must show of it: every acknowledged state, the one
 * request that is under way, and what a list has shown of it before its reply came.
 */

import { inspect, isDeepStrictEqual } from 'node:util';
import type { Wire } from '../daemon/wire.js';
import type { Held } from './listings.js';

/** A request that is under way, or was when the daemon was killed. */
export interface Asked<T> {
  readonly request: Wire;
  /** Why `after` cannot be what becomes of `before` when it is granted; `null` = it can. */
  readonly objection: (before: Held<T>, after: Held<T>) => string | null;
}

/** One client, who asks one thing at a time, and all the names that nobody else asks for. */
export class Account<T> {
  readonly names: readonly string[];
  /** Every state that was acknowledged, oldest first. */
  readonly #told: Held<T>[] = [new Map()];
  #asked: Asked<T> | null = null;
  /** The outcome of the request under way, which a list has shown: a promise too. */
  #foretold: Held<T> | null = null;

  constructor(names: readonly string[]) {
    this.names = names;
  }

  /** What was acknowledged last. */
  get held(): Held<T> {
    return this.#told.at(-1) ?? new Map();
  }

  /** How old a state may be that a list shows which is asked for from now on. */
  get floor(): number {
    return this.#told.length - (this.#foretold === null ? 1 : 0);
  }

  /** Notes a request that is about to be sent. */
  ask(asked: Asked<T>): void {
    this.#asked = asked;
  }

  /** Notes that the request was granted; says whether that changed anything. */
  grant(after: Held<T>): boolean {
    const objection = this.#asked?.objection(this.held, after);
    if (objection !== null) throw this.#fault(`granted, ${objection}`, after);
    const isSame = this.#foretold === null || isDeepStrictEqual(this.#foretold, after);
    if (!isSame) throw this.#fault('granted otherwise than a list has shown', after);
    const isChange = !isDeepStrictEqual(this.held, after);
    this.#conclude(after);
    return isChange;
  }

  /** Notes that the request was refused, or never reached the daemon. */
  refuse(): void {
    if (this.#foretold !== null) throw this.#fault('refused after a list has shown it', this.held);
    this.#asked = null;
  }

  /**
   * Checks what a list shows of this account; says whether it is ahead of what was acknowledged.
   *
   * @param floor {@link floor} when the list was asked for
   */
  see(shown: Held<T>, floor: number): boolean {
    if (this.#told.slice(floor).some((told) => isDeepStrictEqual(told, shown))) return false;
    this.#admit(shown, 'listed');
    this.#foretold = shown;
    return true;
  }

  /**
   * Checks what a daemon shows that was started after the one that was asked had been killed;
   * from then on it is known what became of the request under way.
   */
  settle(shown: Held<T>): 'nothing was in doubt' | 'not there' | 'there' {
    const wasInDoubt = this.#asked !== null;
    const isAsTold = isDeepStrictEqual(this.held, shown);
    if (!isAsTold || this.#foretold !== null) this.#admit(shown, 'found after the restart');
    this.#conclude(shown);
    if (!wasInDoubt) return 'nothing was in doubt';
    return isAsTold ? 'not there' : 'there';
  }

  /** Lets only the outcome of the request under way pass. */
  #admit(shown: Held<T>, how: string): void {
    if (this.#asked === null) throw this.#fault(`${how}, though nothing was asked for`, shown);
    if (this.#foretold !== null) {
      if (isDeepStrictEqual(this.#foretold, shown)) return;
      throw this.#fault(`${how} after a list has shown another outcome`, shown);
    }
    const objection = this.#asked.objection(this.held, shown);
    if (objection !== null) throw this.#fault(`${how}, ${objection}`, shown);
  }

  #conclude(after: Held<T>): void {
    this.#told.push(after);
    this.#asked = null;
    this.#foretold = null;
  }

  #fault(what: string, shown: Held<T>): Error {
    return new Error(
      `${inspect(shown)} is ${what}\n  acknowledged: ${inspect(this.held)}\n` +
        `  under way: ${inspect(this.#asked?.request ?? null)}\n` +
        `  shown by a list: ${inspect(this.#foretold)}`,
    );
  }
}

/** The accounts of all clients, which one list shows together. */
export class Ledger<T> {
  readonly #accounts: Account<T>[] = [];

  /** Opens the account of a client. */
  open(...names: string[]): Account<T> {
    const account = new Account<T>(names);
    this.#accounts.push(account);
    return account;
  }

  /** To be taken when a list is asked for. */
  floors(): readonly number[] {
    return this.#accounts.map(({ floor }) => floor);
  }

  /** Checks a list; says whether it is ahead of what was acknowledged, for anybody. */
  see(shown: Held<T>, floors: readonly number[]): boolean {
    const aheadOf = this.#accounts.filter((account, index) =>
      account.see(this.#share(account, shown), floors[index] ?? 0),
    );
    this.#refuseStrangers(shown);
    return aheadOf.length > 0;
  }

  /** Checks the first list after a restart; gives what became of each account's last request. */
  settle(shown: Held<T>) {
    this.#refuseStrangers(shown);
    return this.#accounts.map((account) => account.settle(this.#share(account, shown)));
  }

  #share({ names }: Account<T>, shown: Held<T>): Held<T> {
    return new Map([...shown].filter(([name]) => names.includes(name)));
  }

  #refuseStrangers(shown: Held<T>): void {
    const known = new Set(this.#accounts.flatMap(({ names }) => names));
    const strangers = [...shown.keys()].filter((name) => !known.has(name));
    if (strangers.length > 0) throw new Error(`nobody asked for ${strangers.join(', ')}`);
  }
}
