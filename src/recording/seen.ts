/**
 * What one who inspects a daemon sees at one moment: the actors, what became of each last, and the
 * machine. Made line by line; pure, so that any moment of a recording can be seen again.
 */

import { pictureAfter } from '../core/watch-picture.js';
import type {
  ActorLine,
  ActorSnapshot,
  InspectionEndLine,
  InspectionLine,
  RecordingLine,
  SnapshotLine,
  TakenTransition,
} from '../protocol/inspect-line.js';
import type { WatchPicture } from '../protocol/watch-event.js';

/** An actor that is there. */
export interface SeenActor {
  /** How it came. */
  readonly line: ActorLine;
  readonly snapshot: ActorSnapshot;
  /** The last transitions that it took; empty when none was seen. */
  readonly transitions: readonly TakenTransition[];
  /** What it heard when it took them; `null` when none was seen. */
  readonly heard: string | null;
  /** When its snapshot was taken; milliseconds since the epoch. */
  readonly atMs: number;
}

/** What is seen at one moment. */
export interface Seen {
  /** `null` before the first line. */
  readonly inspection: InspectionLine | null;
  /** Session → actor, in the order in which they came. */
  readonly actors: ReadonlyMap<string, SeenActor>;
  /** The machine and what is durable; `null` before the first picture. */
  readonly picture: (WatchPicture & { readonly seq: number; readonly time: string }) | null;
  /** Why nothing more is heard of the daemon; `null` while it is. */
  readonly end: InspectionEndLine | null;
}

export const NOTHING_SEEN: Seen = { inspection: null, actors: new Map(), picture: null, end: null };

/** What is seen after one more line. */
export function seenAfter(seen: Seen, line: RecordingLine): Seen {
  switch (line.type) {
    case 'inspection':
      return { ...NOTHING_SEEN, inspection: line };
    case 'inspection_ended':
      return { ...seen, end: line };
    case '@xstate.actor': {
      const { snapshot } = line;
      const actor = { line, snapshot, transitions: [], heard: null, atMs: timeOf(line) };
      return { ...seen, actors: new Map(seen.actors).set(line.sessionId, actor) };
    }
    case '@xstate.snapshot':
      return { ...seen, actors: actorsAfter(seen.actors, line) };
    case '@xstate.event':
    case 'reply':
    case 'overrun':
      return seen;
    case 'snapshot': {
      const { type: _, ...picture } = line;
      return { ...seen, picture };
    }
    default: {
      if (seen.picture === null) return seen;
      const { seq, time } = line;
      return { ...seen, picture: { ...pictureAfter(seen.picture, line), seq, time } };
    }
  }
}

function actorsAfter(
  actors: ReadonlyMap<string, SeenActor>,
  line: SnapshotLine,
): ReadonlyMap<string, SeenActor> {
  const { sessionId, snapshot, event } = line;
  const known = actors.get(sessionId);
  if (known === undefined) return actors;
  const after = new Map(actors);
  // One that has ended is not there any more; one that failed is what a person looks for.
  if (snapshot.status === 'done' || snapshot.status === 'stopped') after.delete(sessionId);
  else {
    const taken =
      line.transitions === undefined ? {} : { transitions: line.transitions, heard: event.type };
    after.set(sessionId, { ...known, ...taken, snapshot, atMs: timeOf(line) });
  }
  return after;
}

/** Lines from which the same is seen as from all that led to it. */
export function linesOf({ inspection, actors, picture, end }: Seen): RecordingLine[] {
  const lines: RecordingLine[] = inspection === null ? [] : [inspection];
  for (const { line, snapshot, transitions, heard, atMs } of actors.values()) {
    lines.push(line);
    if (snapshot === line.snapshot) continue;
    const { _version, rootId, sessionId } = line;
    lines.push({
      type: '@xstate.snapshot',
      _version,
      id: `${line.id}+`,
      createdAt: `${atMs}`,
      rootId,
      sessionId,
      event: { type: heard ?? '' },
      snapshot,
      ...(heard === null ? {} : { transitions }),
    });
  }
  if (picture !== null) lines.push({ type: 'snapshot', ...picture });
  return end === null ? lines : [...lines, end];
}

/** When a line was written; milliseconds since the epoch. `NaN` of one that does not tell. */
export function timeOf(line: RecordingLine): number {
  if ('createdAt' in line) return Number(line.createdAt);
  return 'time' in line ? Date.parse(line.time) : Number.NaN;
}
