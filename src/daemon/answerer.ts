/** Sends requests to the coordinator, with a glance at the machine, and brings its replies back. */

import type { ActorRefFrom } from 'xstate';
import type { coordinatorMachine } from '../../actors/coordinator.js';
import type { Caller } from '../core/caller.js';
import { type Ticket, type TicketReply, wantedFor } from '../core/coordination.js';
import { messageOf } from '../core/quoting.js';
import { isRefusal, type Refusal, refusal } from '../protocol/error-codes.js';
import { REQUESTS_WAITING_MAX } from '../protocol/limits.js';
import type { Reply } from '../protocol/reply.js';
import { isChanging } from '../protocol/request.js';
import { Register } from '../socket/register.js';
import type { ScanPool } from '../sysfs/scan-pool.js';
import type { Answerer } from './backend.js';
import { Gatherer } from './gatherer.js';
import type { Logger } from './log.js';
import type { Tally } from './tally.js';

/** A request under way. */
interface Waiting {
  /** Never used twice; of it, the rest by the number of places is its place in the register. */
  ticketId: number;
  readonly caller: Caller | null;
  readonly answer: (outcome: Reply | Refusal) => void;
}

/**
 * Makes it.
 *
 * @param looks where glances are counted
 */
export function createAnswerer(
  coordinator: ActorRefFrom<typeof coordinatorMachine>,
  scanPool: ScanPool,
  looks: Tally,
  log: Logger,
): Answerer {
  const waiting = new Register<Waiting>();
  const gatherer = new Gatherer<Ticket>((tickets) => {
    const beganMs = performance.now();
    const look = scanPool.glance(wantedFor(tickets));
    if (look !== null) looks.noteSuccess(beganMs);
    coordinator.send({ type: 'REQUEST', tickets, look });
  });
  let count = 0;
  const deliver = ({ ticket: { ticketId }, outcome }: TicketReply) => {
    const request = waiting.take(
      ticketId % REQUESTS_WAITING_MAX,
      (one) => one.ticketId === ticketId,
    );
    if (request === null) return;
    if (isRefusal(outcome) && outcome.code === 'NOT_PERMITTED') {
      log.debug({ caller: request.caller, reason: outcome.message }, 'refused');
    }
    request.answer(outcome);
  };
  coordinator.on('REPLIES', ({ replies }) => {
    for (const reply of replies) deliver(reply);
  });
  const ask: Answerer['ask'] = (request, answer, whoAsks) => {
    if (waiting.size >= REQUESTS_WAITING_MAX) {
      answer(refusal('BUSY', `Too many requests wait: ${REQUESTS_WAITING_MAX}; try again`));
      return;
    }
    let caller: Caller | null = null;
    try {
      if (isChanging(request)) caller = whoAsks();
    } catch (error) {
      answer(refusal('INTERNAL', `internal: who asks cannot be told: ${messageOf(error)}`));
      return;
    }
    const one: Waiting = { ticketId: 0, caller, answer };
    const ticketId = ++count * REQUESTS_WAITING_MAX + waiting.add(one);
    one.ticketId = ticketId;
    gatherer.add({ ticketId, request, caller });
  };
  return { ask, waitingCount: () => waiting.size };
}
