/**
 * Finds requests in a stream of bytes: one JSON object whose end the server must recognise by
 * itself, and behind it, when a newline follows in the same chunk, a session of lines.
 * Knows nothing of sockets or of what a request means.
 */

import { type Refusal, refusal } from '../protocol/error-codes.js';
import { REQUEST_MAX_BYTES } from '../protocol/limits.js';
import { ByteBuffer } from './byte-buffer.js';

/** What the framer found. */
export type Frame =
  /** The bytes of one request. */
  | { readonly kind: 'request'; readonly bytes: Buffer }
  /** The stream cannot go on: say this and close. */
  | { readonly kind: 'violation'; readonly refusal: Refusal };

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Follows one JSON object, byte by byte, over as many chunks as it comes in. */
export class ObjectScanner {
  #depth = 0;
  #maxDepth = 0;
  #isInString = false;
  #isEscaped = false;

  /** How deep the object nests, as far as it was seen; 1 = flat. */
  get maxDepth(): number {
    return this.#maxDepth;
  }

  /** Reads on from `start`. Returns the index behind the object's end, or -1 if it goes on. */
  scan(chunk: Buffer, start: number): number {
    for (let index = start; index < chunk.length; index++) {
      const byte = chunk[index];
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInString = false;
      } else if (byte === QUOTE) {
        this.#isInString = true;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.#depth++;
        if (this.#depth > this.#maxDepth) this.#maxDepth = this.#depth;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#depth--;
        if (this.#depth <= 0) return index + 1;
      }
    }
    return -1;
  }
}

/** Splits what a peer sends into requests. */
export class Framer {
  readonly #partial = new ByteBuffer();
  readonly #scanner = new ObjectScanner();
  #state: 'first' | 'session' | 'over' = 'first';
  #isSession = false;

  /** Whether the peer made the connection a session; stays so to its end. */
  get isSession(): boolean {
    return this.#isSession;
  }

  /** Whether no further request can come: what was found before was the last. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Whether a request has begun and is not complete. */
  get hasPartial(): boolean {
    return this.#state !== 'over' && this.#partial.length > 0;
  }

  /** Bytes of a request that has begun and is not complete. */
  get partialBytes(): number {
    return this.#partial.length;
  }

  /** Takes the next chunk. Behind a violation, or a request outside a session, all is ignored. */
  push(chunk: Buffer): Frame[] {
    if (this.#state === 'over') return [];
    return this.#state === 'first' ? this.#pushFirst(chunk) : this.#pushLines(chunk);
  }

  /** The peer will send no more: in a session, what it sent last need not end with a newline. */
  end(): Frame[] {
    const rest = this.#partial.take();
    this.#state = 'over';
    if (isBlank(rest)) return [];
    if (this.#isSession) return [{ kind: 'request', bytes: rest }];
    return [violation('INVALID_REQUEST', 'Invalid request: it ends within its JSON object')];
  }

  #pushFirst(chunk: Buffer): Frame[] {
    let start = 0;
    if (this.#partial.length === 0) {
      while (start < chunk.length && isBlankByte(chunk[start])) start++;
      if (start === chunk.length) return [];
      if (chunk[start] !== OPEN_BRACE) {
        return this.#stop('INVALID_REQUEST', 'Invalid request: it is not a JSON object');
      }
    }
    const end = this.#scanner.scan(chunk, start);
    const part = chunk.subarray(start, end < 0 ? chunk.length : end);
    if (this.#partial.length + part.length > REQUEST_MAX_BYTES) return this.#stopTooLarge();
    if (end < 0) {
      this.#partial.append(part);
      return [];
    }
    const bytes = this.#partial.length === 0 ? part : this.#partial.append(part).take();
    if (chunk[end] !== NEWLINE) {
      this.#state = 'over';
      return [{ kind: 'request', bytes }];
    }
    this.#state = 'session';
    this.#isSession = true;
    return [{ kind: 'request', bytes }, ...this.#pushLines(chunk.subarray(end + 1))];
  }

  #pushLines(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      const part = chunk.subarray(start, end < 0 ? chunk.length : end);
      if (this.#partial.length + part.length > REQUEST_MAX_BYTES) {
        return [...frames, ...this.#stopTooLarge()];
      }
      if (end < 0) {
        if (this.#partial.length > 0 || !isBlank(part)) this.#partial.append(part);
        return frames;
      }
      const line = this.#partial.length === 0 ? part : this.#partial.append(part).take();
      if (!isBlank(line)) frames.push({ kind: 'request', bytes: line });
      start = end + 1;
    }
  }

  #stopTooLarge(): Frame[] {
    return this.#stop(
      'REQUEST_TOO_LARGE',
      `The request is too large: at most ${REQUEST_MAX_BYTES} bytes are read`,
    );
  }

  #stop(code: 'INVALID_REQUEST' | 'REQUEST_TOO_LARGE', message: string): Frame[] {
    this.#state = 'over';
    this.#partial.take();
    return [violation(code, message)];
  }
}

function violation(code: 'INVALID_REQUEST' | 'REQUEST_TOO_LARGE', message: string): Frame {
  return { kind: 'violation', refusal: refusal(code, message) };
}

function isBlankByte(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === NEWLINE || byte === 0x0d;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every(isBlankByte);
}
