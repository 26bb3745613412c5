/**
 * Accepts with more than one server while many peers come at once. libuv accepts one peer for each
 * server and turn of its loop, and each turn costs: with some servers at the same socket, one brings as
 * many peers. A peer that comes alone would pay for it, since all servers try to accept it, so that there
 * is one again when peers come one after another.
 */

import type { Server } from 'node:net';
import { duplicate } from '../libc/duplicate.js';
import { LISTEN_BACKLOG } from '../protocol/limits.js';
import { descriptorOf } from './descriptor.js';
import { turnNumber } from './turns.js';

/** Servers beside each that listens, while many come: `docs/decisions/0018`. More bring nothing. */
const HELPERS = 7;

/** Peers that came in a crowd, beyond those that came alone, until there are helpers. */
const CROWD = 64;

/** So long after the last that came in a crowd, helpers are needed no more, whether others come or none. */
const QUIET_MS = 1_000;

/** Who comes so many turns behind the peer before, or more, comes alone. */
const TURNS = 2;

/** The servers of a socket, and those that help them. */
export class Acceptors {
  readonly #newServer: () => Server;
  #served: readonly Server[] = [];
  #helpers: Server[] = [];
  #lastTurn = Number.NEGATIVE_INFINITY;
  /** 0 = peers come one after another; {@link CROWD} = many at once. */
  #crowdedness = 0;
  /** Runs while there are helpers. */
  #quiet: NodeJS.Timeout | null = null;

  /** @param newServer makes one that hands its peers on like those that are helped */
  constructor(newServer: () => Server) {
    this.#newServer = newServer;
  }

  /** Helps these from now on. */
  help(served: Iterable<Server>): void {
    this.#served = [...served];
  }

  /** Hears of each peer. Who comes within a turn of the one before has waited for it. */
  noteAccepted(): void {
    const turn = turnNumber(TURNS);
    const isCrowded = turn - this.#lastTurn < TURNS;
    this.#lastTurn = turn;
    if (isCrowded) {
      this.#crowdedness = Math.min(this.#crowdedness + 1, CROWD);
      if (this.#quiet !== null) this.#quiet.refresh();
      else if (this.#crowdedness === CROWD) this.#gather();
    } else if (this.#crowdedness > 0) {
      this.#crowdedness--;
      if (this.#crowdedness === 0) this.#dismiss();
    }
  }

  /** Goes on without help. What helpers have accepted stays connected. */
  #dismiss(): void {
    this.#crowdedness = 0;
    clearTimeout(this.#quiet ?? undefined);
    this.#quiet = null;
    for (const helper of this.#helpers.splice(0)) helper.close();
  }

  #gather(): void {
    this.#quiet = setTimeout(() => this.#dismiss(), QUIET_MS).unref();
    for (const server of this.#served.filter(({ listening }) => listening)) {
      for (let count = 0; count < HELPERS; count++) this.#addHelper(server);
    }
  }

  #addHelper(server: Server): void {
    const descriptor = descriptorOf(server);
    let fd: number;
    try {
      fd = duplicate(descriptor);
    } catch {
      // Too many files are open: it goes on as it is.
      return;
    }
    const helper = this.#newServer();
    this.#helpers.push(helper);
    helper.once('error', () => {
      this.#helpers = this.#helpers.filter((other) => other !== helper);
    });
    // It is the same socket: with a smaller backlog the peers of all would be refused.
    helper.listen({ fd }, LISTEN_BACKLOG);
  }
}
