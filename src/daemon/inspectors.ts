/**
 * Those who inspect: each has all actors and the whole picture first, then what the actors hear and
 * become, and between it what a watch tells, in the order in which it happens. The actors are not
 * looked at while nobody inspects.
 */

import type { ActorRefFrom, AnyActorRef, Subscription } from 'xstate';
import type { coordinatorMachine } from '../../actors/coordinator.js';
import type { TicketReply } from '../core/coordination.js';
import { invariant } from '../core/invariant.js';
import { InspectorLines } from '../inspect/inspector-lines.js';
import { inspected, shownReply } from '../inspect/shown.js';
import { isRefusal, type Refusal, refusal } from '../protocol/error-codes.js';
import type { RecordingLine } from '../protocol/inspect-line.js';
import { INSPECTORS_MAX, UNREAD_INSPECTION_MAX_BYTES } from '../protocol/limits.js';
import { PROTOCOL_VERSION, type WatchRequest } from '../protocol/request.js';
import type { Stream } from '../socket/connection.js';
import type { Logger } from './log.js';
import { DAEMON_VERSION } from './version.js';
import { tellOverrun, tooManyWatch, type Watchers } from './watchers.js';

const WATCH_ALL: WatchRequest = { action: 'watch', services: null };

/** The inspectors of a daemon. */
export class Inspectors {
  readonly #coordinator: ActorRefFrom<typeof coordinatorMachine>;
  readonly #watchers: Watchers;
  readonly #log: Logger;
  readonly #streams = new Set<Stream>();
  /** While somebody inspects. */
  #observation: Observation | null = null;

  constructor(
    coordinator: ActorRefFrom<typeof coordinatorMachine>,
    watchers: Watchers,
    log: Logger,
  ) {
    this.#coordinator = coordinator;
    this.#watchers = watchers;
    this.#log = log;
  }

  /** How many inspect. */
  get count(): number {
    return this.#streams.size;
  }

  /**
   * Begins to tell a stream; `BUSY` when too many inspect already.
   *
   * @returns how to end it
   */
  subscribe(stream: Stream): (() => void) | Refusal {
    if (this.#streams.size >= INSPECTORS_MAX) {
      return refusal('BUSY', `Too many inspect already: ${INSPECTORS_MAX}; try again`);
    }
    if (this.#watchers.isFull) return tooManyWatch();
    this.#observation ??= this.#observe();
    const { lines } = this.#observation;
    writeLine(stream, {
      type: 'inspection',
      version: PROTOCOL_VERSION,
      time: new Date().toISOString(),
      daemon_version: DAEMON_VERSION,
    });
    for (const actor of withThoseInside(this.#coordinator)) {
      writeLine(stream, lines.actor(inspected(actor), actor.getSnapshot()));
    }
    // How much may wait is said here alone.
    const watching = { unreadBytes: 0, write: stream.write, end: stream.end };
    const stopWatching = this.#watchers.subscribe(WATCH_ALL, watching);
    invariant(!isRefusal(stopWatching), 'who inspects cannot watch');
    this.#streams.add(stream);
    return () => {
      stopWatching();
      this.#streams.delete(stream);
      this.#endIfUnseen();
    };
  }

  #observe(): Observation {
    const { system, sessionId } = this.#coordinator;
    const lines = new InspectorLines(sessionId, Date.now);
    const subscriptions = [
      system.inspect((inspection) => this.#guard(() => this.#tell(lines.of(inspection)))),
      this.#coordinator.on('REPLIES', ({ replies }) => {
        for (const reply of replies) this.#guard(() => this.#tell(this.#replyLine(reply)));
      }),
    ];
    return { lines, subscriptions };
  }

  #replyLine({ ticket: { request }, outcome }: TicketReply): RecordingLine {
    return {
      type: 'reply',
      time: new Date().toISOString(),
      sessionId: this.#coordinator.sessionId,
      action: request.action,
      ...('serviceName' in request ? { service_name: request.serviceName } : {}),
      reply: shownReply(outcome),
    };
  }

  /** Whoever is told of an actor's doings is called within them: an error here would be theirs. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#log.error({ err: error }, 'the inspection failed and was ended');
      for (const stream of [...this.#streams]) stream.end();
    }
  }

  #tell(line: RecordingLine | null): void {
    if (line === null) return;
    const text = JSON.stringify(line);
    for (const stream of [...this.#streams]) {
      if (stream.unreadBytes <= UNREAD_INSPECTION_MAX_BYTES) stream.write(text);
      else tellOverrun(stream, UNREAD_INSPECTION_MAX_BYTES);
    }
  }

  #endIfUnseen(): void {
    if (this.#streams.size > 0) return;
    for (const subscription of this.#observation?.subscriptions ?? []) subscription.unsubscribe();
    this.#observation = null;
  }
}

/** What listens to the actors while somebody inspects. */
interface Observation {
  readonly lines: InspectorLines;
  readonly subscriptions: readonly Subscription[];
}

/** An actor, and all that it made or they made. */
function withThoseInside(actor: AnyActorRef): AnyActorRef[] {
  const { children = {} } = actor.getSnapshot() as { children?: Record<string, AnyActorRef> };
  return [actor, ...Object.values(children).flatMap(withThoseInside)];
}

function writeLine(stream: Stream, line: RecordingLine): void {
  stream.write(JSON.stringify(line));
}
