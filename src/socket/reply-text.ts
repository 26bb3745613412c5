/** What is written for a reply. */

import { isRefusal, type Refusal } from '../protocol/error-codes.js';
import { errorReply, type Reply } from '../protocol/reply.js';

const listText = new WeakMap<Reply, string>();

/** The JSON of a reply; of a list that many get, made once. */
export function replyText(outcome: Reply | Refusal): string {
  if (isRefusal(outcome)) return JSON.stringify(errorReply(outcome));
  if (!('total_allocations' in outcome)) return JSON.stringify(outcome);
  let text = listText.get(outcome);
  if (text === undefined) {
    text = JSON.stringify(outcome);
    listText.set(outcome, text);
  }
  return text;
}
