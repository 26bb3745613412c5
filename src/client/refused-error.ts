/** The daemon said no, as an error for those who asked for something. */

import type { ErrorCode } from '../protocol/error-codes.js';
import type { ErrorAnswer } from './replies.js';

/**
 * The daemon said no. `message` is its sentence for people; `code` and `details` are for programs, as
 * `docs/protocol.md` has them.
 */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** One of the codes that this version knows, or of a newer daemon; absent from one that has none. */
  readonly code: ErrorCode | (string & {}) | undefined;
  /** What a program can act on; empty where there is nothing. */
  readonly details: Readonly<Record<string, unknown>>;
  /** As it was answered. */
  readonly answer: ErrorAnswer;
  /** The reply as it came. */
  readonly text: string;

  constructor(answer: ErrorAnswer, text: string) {
    super(answer.error);
    this.code = answer.code;
    this.details = answer.details ?? {};
    this.answer = answer;
    this.text = text;
  }
}
