/**
 * One peer: reads its requests, answers them in order, and ends it when it is done, idle, slow
 * or wrong. Never throws, and never makes another peer wait.
 */

import type { Socket } from 'node:net';
import type { Caller } from '../core/caller.js';
import { peerOf } from '../libc/peer.js';
import { isRefusal, type Refusal, refusal } from '../protocol/error-codes.js';
import {
  LINGER_MS,
  type Patience,
  SESSION_WAITING_MAX,
  UNREAD_REPLIES_MAX_BYTES,
} from '../protocol/limits.js';
import type { Reply } from '../protocol/reply.js';
import { isStream, type Request, type StreamRequest } from '../protocol/request.js';
import { descriptorOf } from './descriptor.js';
import { closeSoon, turnOfFarewell } from './farewell.js';
import { type Frame, Framer } from './framing.js';
import type { HeldBytes, Holder } from './held-bytes.js';
import { parseFrame } from './parse-frame.js';
import { replyText } from './reply-text.js';

/**
 * Answers one request; calls back once, at any later time.
 *
 * @param whoAsks asks the kernel for the peer; only while the request is being handed over
 */
export type Ask = (
  request: Exclude<Request, StreamRequest>,
  answer: (outcome: Reply | Refusal) => void,
  whoAsks: () => Caller,
) => void;

/** Where lines without an end go. */
export interface Stream {
  /** What waits for the reader beyond what it was told at the beginning. */
  readonly unreadBytes: number;
  /** Writes a line, given without its end. */
  write(line: string): void;
  /** Nothing follows. */
  end(): void;
}

/**
 * Begins a stream of lines; what is written before it returns is the beginning.
 *
 * @returns how to end it, when the peer is gone; or why there is none
 */
export type Subscribe = (request: StreamRequest, stream: Stream) => (() => void) | Refusal;

/** What stands behind a socket. */
export interface Backend {
  readonly ask: Ask;
  readonly subscribe: Subscribe;
  /** Hears why a peer was refused that was not understood, or not listened to. */
  readonly onRefused?: (because: Refusal) => void;
}

/** A reply in the order of the requests: not there yet, or its text. */
interface Slot {
  text: string | null;
}

/** What the peer is given time for. */
type Awaited = 'nothing' | 'request' | 'next request' | 'reading' | 'sign of life';

export class Connection implements Holder {
  readonly #socket: Socket;
  readonly #backend: Backend;
  readonly #framer = new Framer();
  /** Frames found but not asked yet, while the peer has too much under way. */
  readonly #backlog: Frame[] = [];
  /** Replies due, oldest first. */
  readonly #slots: Slot[] = [];
  /** What the peer follows, once all before is answered; `stop` is there when it has begun. */
  #stream: { readonly request: StreamRequest; readonly stop: (() => void) | null } | null = null;
  /** Nothing more is taken from the peer; it is ended once all is answered. */
  #isLast = false;
  #isTurnedAway = false;
  #isEnded = false;
  #isTaking = false;
  /** Who connected, once somebody asked. */
  #peer: Caller | null = null;
  readonly #patience: Patience;
  readonly #held: HeldBytes;
  /** Of the last chunk; what of it is not asked yet is in {@link #backlog}. */
  #chunkBytes = 0;
  #awaited: Awaited = 'nothing';
  /** When the socket may be closed: see {@link turnOfFarewell}. */
  #farewellTurn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, backend: Backend, patience: Patience, held: HeldBytes) {
    this.#socket = socket;
    this.#patience = patience;
    this.#held = held;
    this.#backend = backend;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#receiveEnd());
    socket.on('drain', () => this.#goOn());
    // A peer that leaves early is nobody's problem but its own; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isLast = true;
      this.#isEnded = true;
      this.#backlog.length = 0;
      this.#endStream();
      this.#held.note(this, 0);
      clearTimeout(this.#timer);
    });
    this.#wait('request');
  }

  /** Answers what was asked, takes nothing more, then ends. */
  finish(): void {
    this.#isLast = true;
    this.#endStream();
    this.#goOn();
  }

  /** Answers what was asked, then tells the peer why it must go, and ends. */
  turnAway(because: Refusal): void {
    this.#backend.onRefused?.(because);
    this.#dismiss(because);
    this.#goOn();
  }

  #dismiss(because: Refusal): void {
    this.#isLast = true;
    this.#isTurnedAway = true;
    this.#framer.end();
    this.#endStream();
    this.#backlog.length = 0;
    this.#answer(this.#newSlot(), because);
  }

  #receive(chunk: Buffer): void {
    if (this.#isLast) return;
    this.#chunkBytes = chunk.length;
    const frames = this.#framer.push(chunk);
    if (frames.length > 0) {
      // A session is closed when its peer has ended it, and sends nothing more.
      if (!this.#framer.isSession) this.#farewellTurn = turnOfFarewell();
      // The time for a request counts from where it begins.
      this.#wait('nothing');
    }
    this.#backlog.push(...frames);
    this.#goOn();
  }

  #receiveEnd(): void {
    if (!this.#isLast) this.#backlog.push(...this.#framer.end());
    this.#isLast = true;
    // Whether it has closed one side or both, only writing tells.
    if (this.#stream?.stop != null) this.#socket.write('\n');
    this.#goOn();
  }

  /** Does whatever can be done now: ask on, read on, wait, or end. */
  #goOn(): void {
    if (this.#isEnded || this.#isTaking) return;
    // A request may be answered within being taken: this loop, and not a deeper one, goes on then.
    this.#isTaking = true;
    while (this.#backlog.length > 0 && !this.#isBusy()) this.#take(this.#backlog.shift());
    this.#isTaking = false;
    if (this.#stream?.stop === null && this.#slots.length === 0) this.#startStream(this.#stream);
    if (this.#isBusy()) this.#socket.pause();
    else this.#socket.resume();
    const isDone = this.#slots.length === 0 && this.#backlog.length === 0 && this.#stream === null;
    if (isDone && (this.#isLast || this.#framer.isOver)) this.#end();
    else if (this.#stream !== null) this.#wait(this.#isLast ? 'sign of life' : 'nothing');
    // A peer that is not read from cannot complete anything, but it can read.
    else if (this.#isBusy()) this.#wait(this.#hasUnread() ? 'reading' : 'nothing');
    else if (this.#framer.hasPartial || this.#awaited === 'request') this.#wait('request');
    else this.#wait(isDone ? 'next request' : 'nothing');
    this.#noteHeld();
  }

  /** Says what this peer makes the daemon hold. */
  #noteHeld(): void {
    const unasked = this.#backlog.length > 0 ? this.#chunkBytes : 0;
    this.#held.note(this, this.#unreadBytes + unasked + this.#framer.partialBytes);
  }

  /** Replies that wait for the peer; below its own mark a socket does not say when fewer do. */
  get #unreadBytes(): number {
    return this.#socket.writableNeedDrain ? this.#socket.writableLength : 0;
  }

  /** Makes room: the daemon holds too much, and most of all for this peer. */
  giveWay(): void {
    // One that does not read would not hear why.
    if (this.#unreadBytes > 0 || this.#isLast) this.#socket.destroy();
    else this.turnAway(refusal('BUSY', 'Too much waits to be completed already; try again'));
  }

  #isBusy(): boolean {
    return this.#slots.length >= SESSION_WAITING_MAX || this.#hasUnread();
  }

  #hasUnread(): boolean {
    return this.#socket.writableLength > UNREAD_REPLIES_MAX_BYTES;
  }

  #take(frame: Frame | undefined): void {
    if (frame === undefined) return;
    if (frame.kind === 'violation') {
      this.#backend.onRefused?.(frame.refusal);
      this.#dismiss(frame.refusal);
      return;
    }
    const parsed = parseFrame(frame.bytes);
    if ('request' in parsed) {
      this.#handOver(parsed.request);
      return;
    }
    this.#backend.onRefused?.(parsed.refusal);
    if (parsed.isWellFormed) this.#answer(this.#newSlot(), parsed.refusal);
    else this.#dismiss(parsed.refusal);
  }

  #handOver(request: Request): void {
    if (isStream(request)) {
      // Whatever the peer sends behind it is not listened to.
      this.#framer.end();
      this.#backlog.length = 0;
      this.#stream = { request, stop: null };
      return;
    }
    const slot = this.#newSlot();
    const answer = (outcome: Reply | Refusal) => {
      this.#answer(slot, outcome);
      this.#goOn();
    };
    this.#backend.ask(request, answer, this.#whoAsks);
  }

  /** The kernel keeps who connected, so that one answer is good for all requests of a session. */
  readonly #whoAsks = (): Caller => {
    this.#peer ??= peerOf(descriptorOf(this.#socket));
    return this.#peer;
  };

  #startStream({ request }: { readonly request: StreamRequest }): void {
    const socket = this.#socket;
    // The beginning on a large machine alone may be more than may wait of what follows.
    let isBeginning = true;
    let beginningBytes = 0;
    const stream: Stream = {
      get unreadBytes() {
        return Math.max(socket.writableLength - beginningBytes, 0);
      },
      write: (line) => {
        if (this.#isEnded) return;
        if (isBeginning) beginningBytes += Buffer.byteLength(line) + 1;
        socket.write(`${line}\n`);
        this.#noteHeld();
      },
      end: () => this.finish(),
    };
    const outcome = this.#backend.subscribe(request, stream);
    isBeginning = false;
    if (isRefusal(outcome)) this.#dismiss(outcome);
    else this.#stream = { request, stop: outcome };
  }

  #endStream(): void {
    const stop = this.#stream?.stop;
    this.#stream = null;
    stop?.();
  }

  #newSlot(): Slot {
    const slot: Slot = { text: null };
    this.#slots.push(slot);
    return slot;
  }

  /** Fills a slot and sends what is due, in order. */
  #answer(slot: Slot, outcome: Reply | Refusal): void {
    slot.text = replyText(outcome);
    if (this.#framer.isSession) slot.text += '\n';
    let text = '';
    while (this.#slots[0]?.text != null) text += this.#slots.shift()?.text ?? '';
    if (text !== '' && !this.#isEnded) this.#socket.write(text);
  }

  #end(): void {
    this.#isEnded = true;
    this.#wait('nothing');
    const isAllRead = this.#framer.isOver && !this.#isTurnedAway;
    if (isAllRead && this.#socket.writableLength === 0) {
      // The kernel has the replies, and gives them to the peer also when the socket is closed.
      closeSoon(this.#socket, this.#farewellTurn);
      return;
    }
    const cutOffAfter = (limitMs: number) => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#socket.destroy(), limitMs);
    };
    // Until it has read its last reply, which may be longer than the kernel holds for it.
    cutOffAfter(this.#patience.requestMs);
    this.#socket.end(() => {
      // Closing with bytes unread would reset the peer before it has read its reply.
      if (this.#isTurnedAway) cutOffAfter(LINGER_MS);
      else this.#socket.destroy();
    });
  }

  #wait(awaited: Awaited): void {
    if (awaited === this.#awaited) {
      // A peer that goes on with a request gets no more time for it.
      if (awaited === 'next request') this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#awaited = awaited;
    if (awaited === 'nothing') return;
    const { requestMs, sessionIdleMs, signOfLifeMs } = this.#patience;
    const limitsMs = {
      request: requestMs,
      reading: requestMs,
      'next request': sessionIdleMs,
      'sign of life': signOfLifeMs,
    };
    this.#timer = setTimeout(() => this.#losePatience(), limitsMs[awaited]);
  }

  #losePatience(): void {
    if (this.#awaited === 'reading') {
      // It would not read why, either.
      this.#socket.destroy();
    } else if (this.#awaited === 'sign of life') {
      this.#socket.write('\n');
      this.#timer?.refresh();
    } else if (this.#framer.hasPartial) {
      const limitS = this.#patience.requestMs / 1_000;
      const message = `The request was not complete after ${limitS} s; its JSON object has no end`;
      this.turnAway(refusal('REQUEST_TIMEOUT', message));
    } else {
      this.finish();
    }
  }
}
