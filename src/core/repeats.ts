/**
 * Requests that may be repeated: a caller names a request by a `request_id`, and whoever repeats it
 * gets the first reply. What is remembered is part of the holdings, so that a reply and what it
 * promised are stored together, and undone together.
 */

import { createHash } from 'node:crypto';
import { refusal } from '../protocol/error-codes.js';
import type { ChangingReply } from '../protocol/reply.js';
import type { ChangingRequest } from '../protocol/request.js';
import { changeWords } from '../protocol/request-words.js';
import { type Caller, isSameOwner, type OwnerKey } from './caller.js';
import type { RememberedReply } from './holdings.js';
import { answer, type Decision, type Plan } from './plan.js';
import type { View } from './view.js';

/** Replies that are remembered, of all callers. A client repeats within minutes, or never. */
export const REPLIES_REMEMBERED_MAX = 256;

/**
 * The bytes of JSON that remembered replies come to; each write of the state carries them. The
 * newest is kept whatever its length.
 */
export const REPLIES_REMEMBERED_MAX_BYTES = 128 * 1024;

/**
 * What a repeated request gets: the first reply, or `INVALID_REQUEST` where its id was given to
 * another request; `null` = it is the first of its kind.
 */
export function findRepeat(
  view: View,
  request: ChangingRequest,
  caller: Caller,
): Decision<ChangingReply> | null {
  const { requestId } = request;
  if (requestId === null) return null;
  const known = view.holdings.replies.find(
    (reply) => reply.requestId === requestId && isSameOwner(reply, caller),
  );
  if (known === undefined) return null;
  if (known.fingerprint === fingerprintOf(request)) return answer(known.reply, view.holdings);
  return refusal(
    'INVALID_REQUEST',
    `Invalid request: request_id ${JSON.stringify(requestId)} belongs to another request of yours, ` +
      'which was granted; every request needs its own',
    { field: 'request_id' },
  );
}

/** The plan, with its reply to be remembered. */
export function rememberReply(
  plan: Plan<ChangingReply>,
  request: ChangingRequest,
  caller: Caller,
): Plan {
  const { requestId } = request;
  if (requestId === null) return plan;
  const { uid, label } = caller;
  const fingerprint = fingerprintOf(request);
  const replies = [
    ...plan.holdings.replies,
    { uid, label, requestId, fingerprint, reply: plan.reply },
  ];
  const holdings = plan.holdings.withReplies(withinLimits(replies));
  return { ...plan, holdings, remembersReply: true };
}

/** Drops the oldest of the caller that has the most, so that nobody makes others' be forgotten. */
function withinLimits(replies: readonly RememberedReply[]): readonly RememberedReply[] {
  const kept = replies.map((reply) => ({ reply, sizeBytes: sizeBytesOf(reply) }));
  const total = () => kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  while (
    kept.length > 1 &&
    (kept.length > REPLIES_REMEMBERED_MAX || total() > REPLIES_REMEMBERED_MAX_BYTES)
  ) {
    const caller = greediest(kept);
    const oldest = kept.slice(0, -1).findIndex(({ reply }) => isSameOwner(reply, caller));
    kept.splice(Math.max(oldest, 0), 1);
  }
  return kept.map(({ reply }) => reply);
}

/** The caller whose replies come to the most bytes. */
function greediest(
  kept: readonly { readonly reply: RememberedReply; readonly sizeBytes: number }[],
): OwnerKey {
  const sums = new Map<string, { caller: RememberedReply; sizeBytes: number }>();
  for (const { reply, sizeBytes } of kept) {
    const key = `${reply.uid} ${reply.label}`;
    sums.set(key, { caller: reply, sizeBytes: (sums.get(key)?.sizeBytes ?? 0) + sizeBytes });
  }
  const [first] = [...sums.values()].sort((a, b) => b.sizeBytes - a.sizeBytes);
  return first?.caller ?? { uid: 0, label: null };
}

/** Replies never change, so each is measured once. */
const sizes = new WeakMap<ChangingReply, number>();

function sizeBytesOf({ reply }: RememberedReply): number {
  const known = sizes.get(reply);
  if (known !== undefined) return known;
  const sizeBytes = Buffer.byteLength(JSON.stringify(reply));
  sizes.set(reply, sizeBytes);
  return sizeBytes;
}

function fingerprintOf(request: ChangingRequest): string {
  return createHash('sha256')
    .update(JSON.stringify(changeWords(request)))
    .digest('hex');
}
