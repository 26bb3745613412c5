/** What stands behind the socket: who answers which request; and it counts how each ends. */

import type { ActorRefFrom } from 'xstate';
import type { coordinatorMachine } from '../../actors/coordinator.js';
import type { Caller } from '../core/caller.js';
import type { MachineRequest } from '../core/decide.js';
import { isRefusal, type Refusal } from '../protocol/error-codes.js';
import type { Reply } from '../protocol/reply.js';
import { isAboutDaemon } from '../protocol/request.js';
import type { Ask, Backend, Subscribe } from '../socket/connection.js';
import { answerMetrics, makeMetrics } from './answer-metrics.js';
import { NO_ACTION } from './counters.js';
import type { MetricsText } from './metrics-text.js';
import { type About, describeStatus } from './status.js';

/** Answers what is about the machine. */
export interface Answerer {
  ask(
    request: MachineRequest,
    answer: (outcome: Reply | Refusal) => void,
    whoAsks: () => Caller,
  ): void;
  /** Requests that wait for a decision or for the disk. */
  waitingCount(): number;
}

/** Makes it. `metrics` gives what `get_metrics` says. */
export function createBackend(
  coordinator: ActorRefFrom<typeof coordinatorMachine>,
  about: About,
  answerer: Answerer,
): Backend & { readonly metrics: () => Promise<MetricsText> } {
  const { counters, watchers, inspectors } = about;
  const status = () => describeStatus(coordinator, about, answerer.waitingCount(), Date.now());
  const ask: Ask = (request, answer, whoAsks) => {
    const { action } = request;
    const beganMs = performance.now();
    const counted: typeof answer = (outcome) => {
      const code = isRefusal(outcome) ? outcome.code : 'OK';
      counters.noteReply(action, code, performance.now() - beganMs);
      answer(outcome);
    };
    if (!isAboutDaemon(request)) answerer.ask(request, counted, whoAsks);
    else if (request.action === 'get_status') counted(status());
    else answerMetrics(status(), counters, counted);
  };
  const subscribe: Subscribe = (request, stream) => {
    const outcome =
      request.action === 'watch'
        ? watchers.subscribe(request, stream)
        : inspectors.subscribe(stream);
    counters.noteOutcome(request.action, isRefusal(outcome) ? outcome.code : 'OK');
    return outcome;
  };
  return {
    ask,
    subscribe,
    onRefused: ({ code }) => counters.noteOutcome(NO_ACTION, code),
    metrics: () => makeMetrics(status(), counters),
  };
}
