/**
 * What all peers together make the daemon hold: requests that are not complete or not asked yet,
 * and replies that nobody reads.
 */

import { HELD_MAX_BYTES, HELD_SPARED_BYTES } from '../protocol/limits.js';

/** A peer for which something is held. */
export interface Holder {
  /** It holds more than any other, and must not any longer. */
  giveWay(): void;
}

/** The bytes of all peers of a socket. */
export class HeldBytes {
  readonly maxBytes: number;
  readonly #bytesOf = new Map<Holder, number>();
  #total = 0;

  /** @param maxBytes the limit, unless a test is in a hurry */
  constructor(maxBytes = HELD_MAX_BYTES) {
    this.maxBytes = maxBytes;
  }

  /** Held now. */
  get total(): number {
    return this.#total;
  }

  /** Says how much is held for a peer now. While all hold too much, the greatest gives way. */
  note(holder: Holder, bytes: number): void {
    this.#total += bytes - (this.#bytesOf.get(holder) ?? 0);
    if (bytes === 0) this.#bytesOf.delete(holder);
    else this.#bytesOf.set(holder, bytes);
    while (this.#total > this.maxBytes) {
      const greatest = this.#greatest();
      if (greatest === null) return;
      this.note(greatest, 0);
      greatest.giveWay();
    }
  }

  #greatest(): Holder | null {
    let greatest: Holder | null = null;
    let most = HELD_SPARED_BYTES;
    for (const [holder, bytes] of this.#bytesOf) {
      if (bytes <= most) continue;
      greatest = holder;
      most = bytes;
    }
    return greatest;
  }
}
