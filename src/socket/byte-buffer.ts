/** Bytes that come in pieces. Grows by doubling, so that a peer who sends single bytes is cheap. */

const FIRST_SIZE = 1_024;

export class ByteBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Adds a copy of `part`. */
  append(part: Buffer): this {
    const needed = this.#length + part.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(FIRST_SIZE, needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    part.copy(this.#bytes, this.#length);
    this.#length = needed;
    return this;
  }

  /** Hands out all bytes and is empty again. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }
}
