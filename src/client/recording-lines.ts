/**
 * The lines of a recording, as far as a reader relies on them. They come from a daemon, or in a file
 * from somebody who wants to show what happened.
 */

import * as z from 'zod';
import type { ActorSnapshot, RecordingLine, StateValue } from '../protocol/inspect-line.js';
import { count, nodeId, sysfsTrouble } from '../protocol/reply-schemas.js';
import { watchLineSchema } from '../protocol/watch-schemas.js';
import type { ParsedLine } from './follow.js';
import { jsonOf } from './json-of.js';
import { firstIssue } from './replies.js';
import { KNOWN_WATCH_TYPES } from './watch-lines.js';

const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'is no time');

const inspectorLine = {
  _version: z.string(),
  id: z.string(),
  createdAt: z.string().regex(/^\d+$/, 'is no time in milliseconds'),
  rootId: z.string(),
  sessionId: z.string(),
};

const event = z.looseObject({ type: z.string() });

const stateValue: z.ZodType<StateValue> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), stateValue)]),
);

const nodeView = z.object({
  node_id: nodeId.nullable(),
  is_present: z.boolean(),
  cpus: z.string(),
  allocations: z.array(
    z.object({
      service_name: z.string(),
      allocated_cores: z.string(),
      explicit_cores: z.string().exactOptional(),
    }),
  ),
  capacity: z.array(
    z.object({
      size: count,
      total: count,
      used: count,
      free: count,
      recorded: z.array(z.object({ service_name: z.string(), count })),
    }),
  ),
});

const problems = {
  store_problem: z.string().nullable(),
  sysfs_problem: sysfsTrouble.nullable(),
};

const snapshot: z.ZodType<ActorSnapshot> = z.object({
  status: z.enum(['active', 'done', 'error', 'stopped']),
  value: stateValue.exactOptional(),
  // The one with the most fields first: it would pass for one with fewer.
  context: z
    .union([
      nodeView,
      z.object({ generation: count, ...problems }),
      z.object({ generation: count }),
      z.object({ sysfs_problem: problems.sysfs_problem }),
    ])
    .exactOptional(),
  error: z.string().exactOptional(),
});

const transition = z.object({
  from: z.string(),
  to: z.array(z.string()),
  event: z.string(),
  guard: z.string().nullable(),
});

const isJson = (text: string): boolean => jsonOf(text) !== undefined;

const lines = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('inspection'),
    version: z.string(),
    time,
    daemon_version: z.string(),
  }),
  z.object({
    type: z.literal('@xstate.actor'),
    ...inspectorLine,
    name: z.string(),
    parentId: z.string().nullable(),
    definition: z.string().refine(isJson, 'is no JSON').nullable(),
    snapshot,
  }),
  z.object({
    type: z.literal('@xstate.event'),
    ...inspectorLine,
    event,
    sourceId: z.string().nullable(),
  }),
  z.object({
    type: z.literal('@xstate.snapshot'),
    ...inspectorLine,
    event,
    snapshot,
    transitions: z.array(transition).exactOptional(),
  }),
  z.object({
    type: z.literal('reply'),
    time,
    sessionId: z.string(),
    action: z.string(),
    service_name: z.string().exactOptional(),
    reply: z.looseObject({}),
  }),
  z.object({ type: z.literal('inspection_ended'), time, reason: z.string() }),
  z.object({ type: z.literal('overrun'), reason: z.string() }),
]);

const OWN_TYPES: ReadonlySet<string> = new Set(
  lines.options.flatMap(({ shape }) => [...shape.type.values]),
);
const anyLine = z.object({ type: z.string() });
const timedWatchLine = watchLineSchema.and(z.object({ time }));

/** Reads a line of a recording, given as JSON; `null` of one that only a newer daemon would know. */
export function parseRecordingLine(json: unknown): ParsedLine<RecordingLine> {
  const typed = anyLine.safeParse(json);
  if (!typed.success) return { fault: firstIssue(typed.error) };
  const { type } = typed.data;
  const isOwn = OWN_TYPES.has(type);
  if (!isOwn && !KNOWN_WATCH_TYPES.has(type)) return { line: null };
  const parsed = (isOwn ? lines : timedWatchLine).safeParse(json);
  if (!parsed.success) return { fault: `${type}: ${firstIssue(parsed.error)}` };
  // As it came: what is beside that goes along with a recording that is saved.
  return { line: json as RecordingLine };
}
