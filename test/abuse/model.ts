/**
 * What a daemon must say and store, by its own pure parts and without any of its others: framing,
 * parsing and the decision, on the machine that a directory shows, one request after the other.
 */

import type { Caller } from '../../src/core/caller.js';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { decide, isAboutMachine } from '../../src/core/decide.js';
import { Holdings } from '../../src/core/holdings.js';
import { DEFAULT_SIZE_HEURISTIC } from '../../src/core/size-heuristic.js';
import { type View, viewOf } from '../../src/core/view.js';
import { isRefusal, type Refusal } from '../../src/protocol/error-codes.js';
import { errorReply, type Reply } from '../../src/protocol/reply.js';
import { isAboutDaemon } from '../../src/protocol/request.js';
import { type Frame, Framer } from '../../src/socket/framing.js';
import { parseFrame } from '../../src/socket/parse-frame.js';
import { formatState } from '../../src/state/state-format.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import { sysfsFilesAt } from '../../src/sysfs/sysfs-files.js';

/** What stands for the replies that only the daemon itself can give. */
export const STATUS = Symbol('the status of the daemon');
export const METRICS = Symbol('the metrics of the daemon');

type OfDaemon = typeof STATUS | typeof METRICS;

/** What a peer hears. */
export interface Heard {
  /** The texts of the replies, in order, without the newlines of a session. */
  readonly replies: readonly (string | OfDaemon)[];
  readonly isSession: boolean;
}

/** A machine and who holds what on it. */
export class Model {
  /** Requests of each kind of outcome: granted, or refused with that code. */
  readonly outcomes = new Map<string, number>();
  readonly #caller: Caller = {
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    pid: process.pid,
    label: null,
  };
  #view: View;

  /** @param general the CPU list of the general pool; `null` = not configured */
  constructor(sysfsRoot: string, general: string | null = null) {
    const facts = readMachine(sysfsFilesAt(sysfsRoot));
    const poolLists = { general: general === null ? null : parseCpuList(general) };
    const settings = { poolLists, access: null, sizeHeuristic: DEFAULT_SIZE_HEURISTIC };
    this.#view = viewOf(facts, settings, [], Holdings.none);
  }

  /** What becomes of bytes that a peer sends in one write before it half-closes. */
  hear(bytes: Buffer): Heard {
    const framer = new Framer();
    const frames = [...framer.push(bytes), ...framer.end()];
    const replies: (string | OfDaemon)[] = [];
    for (const frame of frames) {
      const { outcome, isLast } = this.#take(frame);
      replies.push(typeof outcome === 'symbol' ? outcome : textOf(outcome));
      if (isLast) break;
    }
    return { replies, isSession: framer.isSession };
  }

  /** The text of a copy of the state that has this generation, written at that time. */
  stateText(generation: number, updatedAt: string): string {
    const { holdings, homes } = this.#view;
    return formatState({ holdings, homes, generation }, new Date(updatedAt));
  }

  /** What comes of one frame, and whether the daemon takes more from the peer then. */
  #take(frame: Frame): { outcome: Reply | Refusal | OfDaemon; isLast: boolean } {
    if (frame.kind === 'violation') {
      this.#count(`framing: ${frame.refusal.code}`);
      return { outcome: frame.refusal, isLast: true };
    }
    const parsed = parseFrame(frame.bytes);
    if ('refusal' in parsed) {
      this.#count(parsed.refusal.code);
      return { outcome: parsed.refusal, isLast: !parsed.isWellFormed };
    }
    const { request } = parsed;
    if (isAboutDaemon(request)) {
      this.#count(request.action);
      return { outcome: request.action === 'get_status' ? STATUS : METRICS, isLast: false };
    }
    if (!isAboutMachine(request)) throw new Error('a watch has no end that could be compared');
    const decision = decide(this.#view, request, this.#caller, null);
    this.#count(isRefusal(decision) ? decision.code : request.action);
    if (isRefusal(decision)) return { outcome: decision, isLast: false };
    this.#view = { ...this.#view, holdings: decision.holdings };
    return { outcome: decision.reply, isLast: false };
  }

  #count(what: string): void {
    this.outcomes.set(what, (this.outcomes.get(what) ?? 0) + 1);
  }
}

function textOf(outcome: Reply | Refusal): string {
  return JSON.stringify(isRefusal(outcome) ? errorReply(outcome) : outcome);
}
