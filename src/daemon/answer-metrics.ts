/** The reply to `get_metrics`. What makes the text is loaded when somebody asks for the first time. */

import { messageOf } from '../core/quoting.js';
import { type Refusal, refusal } from '../protocol/error-codes.js';
import type { GetMetricsReply, GetStatusReply } from '../protocol/reply.js';
import { PROTOCOL_VERSION } from '../protocol/request.js';
import type { Counters } from './counters.js';
import type { MetricsText } from './metrics-text.js';

/** Makes the text of what the status says, and of how long things took. */
export async function makeMetrics(
  status: GetStatusReply,
  counters: Counters,
): Promise<MetricsText> {
  const { metricsText } = await import('./metrics-text.js');
  return metricsText(status, counters);
}

/** Answers, at some later time. */
export function answerMetrics(
  status: GetStatusReply,
  counters: Counters,
  answer: (outcome: GetMetricsReply | Refusal) => void,
): void {
  makeMetrics(status, counters).then(
    ({ contentType, text }) =>
      answer({ version: PROTOCOL_VERSION, content_type: contentType, metrics: text }),
    (error) => answer(refusal('INTERNAL', `internal: no metrics can be made: ${messageOf(error)}`)),
  );
}
