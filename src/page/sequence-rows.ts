/**
 * The recording as a sequence between actors: a row for each message, with what became of who heard
 * it; for each reply; and for each thing that a watch tells. Made as the lines come, once.
 */

import type {
  ActorLine,
  EventLine,
  RecordingLine,
  SnapshotLine,
} from '../protocol/inspect-line.js';
import type { Recording } from '../recording/recording.js';
import { timeOf } from '../recording/seen.js';
import { sayingOf } from '../words/event-words.js';
import { messageDetail, replyWords, servicesIn } from './line-words.js';
import { eventWords, stateWords } from './state-words.js';

/** The lifelines; all nodes share one, and so do the tasks that actors start. */
export const COLUMNS = ['clients', 'coordinator', 'nodes', 'store', 'scanner', 'tasks'] as const;
export type Column = (typeof COLUMNS)[number];

/** A row of the sequence. */
export interface SequenceRow {
  /** The number of its line. */
  readonly first: number;
  /** The number of the last line that tells what became of it. */
  readonly last: number;
  readonly atMs: number;
  /** From whom to whom; `null` = it is no message, but what a watch or the recording says. */
  readonly way: { readonly from: Column; readonly to: Column } | null;
  readonly tone: 'plain' | 'bad' | 'good';
  readonly title: string;
  readonly detail: string;
  /** Such as `coordinator: durability ready → committing`. */
  readonly changes: readonly string[];
  readonly actors: readonly string[];
  readonly services: readonly string[];
}

type OpenRow = { -readonly [K in keyof SequenceRow]: SequenceRow[K] };

interface KnownActor {
  readonly line: ActorLine;
  /** The words of its states; empty for a task. */
  readonly states: readonly string[];
}

/** The rows of one recording, as far as it was read. */
export class SequenceRows {
  /** In the order of their lines. Those whose lines are not kept any more are dropped. */
  readonly rows: SequenceRow[] = [];
  /** How many were dropped. */
  droppedCount = 0;
  readonly #actors = new Map<string, KnownActor>();
  /** Session → rows of messages of which it is not told yet what became of who heard them. */
  readonly #open = new Map<string, OpenRow[]>();
  /** Tasks → the row that says that they are done, which is told before they are gone. */
  readonly #farewells = new Map<string, OpenRow>();
  #next = 0;
  #beginning: OpenRow | null = null;

  /** Reads on, up to the end of the recording. */
  read(recording: Recording): void {
    if (this.#next < recording.first) this.#skipTo(recording);
    for (; this.#next < recording.end; this.#next++) {
      this.#take(this.#next, recording.at(this.#next));
    }
    const dropped = this.rows.findIndex(({ first }) => first >= recording.first);
    const count = dropped === -1 ? this.rows.length : dropped;
    if (count > 0) {
      this.rows.splice(0, count);
      this.droppedCount += count;
    }
  }

  /** Lines that were never read are gone: who was there then is seen from what is kept. */
  #skipTo(recording: Recording): void {
    this.#next = recording.first;
    this.#open.clear();
    for (const { line, snapshot } of recording.seenBefore(this.#next).actors.values()) {
      this.#meet({ ...line, snapshot });
    }
  }

  #take(number: number, line: RecordingLine): void {
    switch (line.type) {
      case 'inspection':
        this.#begin(number, line.daemon_version, timeOf(line));
        break;
      case '@xstate.actor':
        this.#welcome(number, line);
        break;
      case '@xstate.event':
        this.#message(number, line);
        break;
      case '@xstate.snapshot':
        this.#become(number, line);
        break;
      case 'snapshot':
        if (this.#beginning !== null) this.#beginning.last = number;
        this.#beginning = null;
        break;
      case 'reply': {
        const { text, isBad } = replyWords(line);
        this.#add(number, line, {
          way: { from: 'coordinator', to: 'clients' },
          tone: isBad ? 'bad' : 'plain',
          title: isBad ? 'refused' : 'reply',
          detail: text === '' ? line.action : `${line.action}: ${text}`,
          actors: ['coordinator'],
        });
        break;
      }
      case 'inspection_ended':
        this.#add(number, line, {
          tone: 'bad',
          title: 'the inspection ended',
          detail: line.reason,
        });
        break;
      case 'overrun':
        this.#add(number, line, { tone: 'bad', title: 'cut off', detail: line.reason });
        break;
      default: {
        const { text, tone } = sayingOf(line);
        this.#add(number, line, { tone, title: text });
      }
    }
  }

  #begin(number: number, version: string, atMs: number): void {
    this.#actors.clear();
    this.#open.clear();
    const title = 'the inspection begins';
    this.#beginning = this.#push({
      first: number,
      last: number,
      atMs,
      title,
      detail: `of a daemon ${version}`,
    });
  }

  #welcome(number: number, line: ActorLine): void {
    this.#meet(line);
    if (this.#beginning !== null) this.#beginning.last = number;
    else if (line.definition !== null) {
      this.#add(number, line, { title: `${line.name} comes`, actors: [line.name] });
    }
  }

  #meet(line: ActorLine): void {
    const { value } = line.snapshot;
    const states = value === undefined ? [] : stateWords(value);
    this.#actors.set(line.sessionId, { line, states });
  }

  #message(number: number, line: EventLine): void {
    const { sessionId, sourceId, event } = line;
    const [from, to] = [this.#nameOf(sourceId), this.#nameOf(sessionId)];
    const row = this.#add(number, line, {
      way: { from: this.#columnOf(sourceId), to: this.#columnOf(sessionId) },
      title: eventWords(event.type),
      detail: messageDetail(line),
      actors: from === to ? [to] : [from, to],
    });
    this.#open.set(sessionId, [...(this.#open.get(sessionId) ?? []), row]);
    const isTask = sourceId !== null && this.#columnOf(sourceId) === 'tasks';
    if (isTask) this.#farewells.set(sourceId, row);
  }

  #become(number: number, line: SnapshotLine): void {
    const { sessionId, snapshot, event } = line;
    const known = this.#actors.get(sessionId);
    const row = this.#closed(sessionId, event.type);
    if (row !== undefined) row.last = number;
    if (known === undefined) return;
    const states = snapshot.value === undefined ? [] : stateWords(snapshot.value);
    const isOver = snapshot.status === 'done' || snapshot.status === 'stopped';
    const changes = isOver
      ? known.line.definition === null
        ? []
        : [`${known.line.name} ends`]
      : changesOf(known, states, snapshot.status === 'error' ? snapshot.error : undefined);
    if (isOver) this.#actors.delete(sessionId);
    else this.#actors.set(sessionId, { ...known, states });
    if (changes.length === 0) return;
    if (row !== undefined) row.changes = [...row.changes, ...changes];
    else this.#add(number, line, { title: changes.join('; '), actors: [known.line.name] });
  }

  /** The row of the message that an actor has dealt with now. */
  #closed(sessionId: string, type: string): OpenRow | undefined {
    const farewell = this.#farewells.get(sessionId);
    this.#farewells.delete(sessionId);
    if (farewell !== undefined) return farewell;
    const open = this.#open.get(sessionId) ?? [];
    const index = open.findIndex(({ title }) => title === eventWords(type));
    return index === -1 ? undefined : open.splice(index, 1)[0];
  }

  #add(
    number: number,
    line: RecordingLine,
    fields: Partial<SequenceRow> & Pick<SequenceRow, 'title'>,
  ): OpenRow {
    const atMs = timeOf(line);
    return this.#push({ first: number, last: number, atMs, services: servicesIn(line), ...fields });
  }

  #push(fields: Partial<SequenceRow> & Pick<SequenceRow, 'first' | 'last' | 'atMs' | 'title'>) {
    const nothing = { way: null, tone: 'plain', detail: '', changes: [], actors: [], services: [] };
    const row = { ...nothing, ...fields } as OpenRow;
    this.rows.push(row);
    return row;
  }

  #nameOf(sessionId: string | null): string {
    if (sessionId === null) return 'clients';
    return this.#actors.get(sessionId)?.line.name ?? sessionId;
  }

  #columnOf(sessionId: string | null): Column {
    if (sessionId === null) return 'clients';
    const known = this.#actors.get(sessionId);
    if (known === undefined || known.line.definition === null) return 'tasks';
    const { name } = known.line;
    return COLUMNS.find((column) => column === name) ?? 'nodes';
  }
}

/** What of an actor's states is other than before. */
function changesOf(
  { line: { name }, states: before }: KnownActor,
  after: readonly string[],
  error: string | undefined,
): string[] {
  if (error !== undefined) return [`${name} failed: ${error}`];
  const left = before.filter((words) => !after.includes(words));
  const entered = after.filter((words) => !before.includes(words));
  const changes = entered.map((words) => {
    // Of the same region: `durability ready → committing`.
    const region = words.slice(0, words.indexOf(' ') + 1);
    const isOnly = left.length === 1 && entered.length === 1;
    const index = left.findIndex((old) => region !== '' && old.startsWith(region));
    if (index === -1 && !isOnly) return `→ ${words}`;
    const [old = ''] = left.splice(Math.max(index, 0), 1);
    return `${old} → ${index === -1 ? words : words.slice(region.length)}`;
  });
  return changes.length === 0 ? [] : [`${name}: ${changes.join(', ')}`];
}

/** What is to be seen of the rows. */
export interface RowFilter {
  /** The name of an actor, or `''` for all. */
  readonly actor: string;
  /** Part of the name of a service, or `''` for all. */
  readonly service: string;
}

/** Whether a row passes. */
export function passes({ actors, services }: SequenceRow, filter: RowFilter): boolean {
  const isOfActor = filter.actor === '' || actors.includes(filter.actor);
  const isOfService =
    filter.service === '' || services.some((name) => name.includes(filter.service));
  return isOfActor && isOfService;
}
