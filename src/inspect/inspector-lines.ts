/**
 * Lines in the form of XState's inspector, from what XState tells those who inspect a system.
 * Messages that say no more than the line beside them are left out: that an actor begins, and that
 * a promise hears of its own end.
 */

import type { AnyStateMachine, AnyTransitionDefinition, InspectionEvent } from 'xstate';
import type {
  ActorLine,
  EventLine,
  SnapshotLine,
  TakenTransition,
} from '../protocol/inspect-line.js';
import {
  definitionOf,
  type Inspected,
  inspected,
  machineOf,
  shownEvent,
  shownSnapshot,
} from './shown.js';
import { guardOf } from './statechart.js';
import { guardWords } from './statechart-words.js';

/** The version of @statelyai/inspect that has this form. */
const FORM_VERSION = '0.7.2';

const INIT = 'xstate.init';

/** Makes the lines of one inspection. */
export class InspectorLines {
  readonly #rootId: string;
  readonly #nowMs: () => number;
  readonly #definitions = new Map<AnyStateMachine, string>();
  /** Session → what it did since its last snapshot. */
  readonly #taken = new Map<string, TakenTransition[]>();
  #lastId = 0;

  /** @param rootId the session of the outermost actor */
  constructor(rootId: string, nowMs: () => number) {
    this.#rootId = rootId;
    this.#nowMs = nowMs;
  }

  /** The line of an actor as it is now. */
  actor(actor: Inspected, snapshot: unknown): ActorLine {
    const machine = machineOf(actor);
    return {
      type: '@xstate.actor',
      ...this.#stamp(actor),
      name: actor.id,
      parentId: actor._parent?.sessionId ?? null,
      definition: machine === null ? null : this.#definitionOf(machine),
      snapshot: shownSnapshot(actor, snapshot),
    };
  }

  /** What is to be told of what XState says; `null` = nothing, or nothing yet. */
  of(inspection: InspectionEvent): ActorLine | EventLine | SnapshotLine | null {
    const actor = inspected(inspection.actorRef);
    switch (inspection.type) {
      case '@xstate.event': {
        const { event, sourceRef } = inspection;
        if (isSilent(event.type)) return null;
        return {
          type: '@xstate.event',
          ...this.#stamp(actor),
          event: shownEvent(event),
          sourceId: sourceRef?.sessionId ?? null,
        };
      }
      case '@xstate.microstep': {
        const taken = this.#taken.get(actor.sessionId) ?? [];
        taken.push(...inspection._transitions.map(takenTransition));
        this.#taken.set(actor.sessionId, taken);
        return null;
      }
      case '@xstate.snapshot': {
        const transitions = this.#taken.get(actor.sessionId) ?? [];
        this.#taken.delete(actor.sessionId);
        // Before it has begun an actor has no snapshot, which its line must have.
        if (inspection.event.type === INIT) return this.actor(actor, inspection.snapshot);
        return {
          type: '@xstate.snapshot',
          ...this.#stamp(actor),
          event: { type: inspection.event.type },
          snapshot: shownSnapshot(actor, inspection.snapshot),
          ...(transitions.length === 0 ? {} : { transitions }),
        };
      }
      default:
        return null;
    }
  }

  #stamp({ sessionId }: Inspected) {
    return {
      _version: FORM_VERSION,
      id: `${++this.#lastId}`,
      createdAt: `${this.#nowMs()}`,
      rootId: this.#rootId,
      sessionId,
    };
  }

  #definitionOf(machine: AnyStateMachine): string {
    let definition = this.#definitions.get(machine);
    if (definition === undefined) {
      definition = definitionOf(machine);
      this.#definitions.set(machine, definition);
    }
    return definition;
  }
}

function isSilent(type: string): boolean {
  return type === INIT || type.startsWith('xstate.promise.');
}

function takenTransition(transition: AnyTransitionDefinition): TakenTransition {
  const guard = guardOf(transition.guard);
  return {
    from: transition.source.id,
    to: (transition.target ?? []).map(({ id }) => id),
    event: transition.eventType,
    guard: guard === null ? null : guardWords(guard),
  };
}
