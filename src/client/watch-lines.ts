/** The lines of a watch, as far as a client relies on them; of a type it does not know, the type. */

import { z } from 'zod';
import { poolNameSchema } from '../protocol/request.js';
import type { OverrunEvent, WatchEvent, WatchPicture } from '../protocol/watch-event.js';
import {
  allocation,
  count,
  nodeId,
  poolCpus,
  sysfsTrouble,
  topology,
  topologyNode,
} from './replies.js';

/** A line: the picture, a change, the last word to a slow reader, or what a newer daemon says. */
export type WatchLine = {
  readonly seq: number;
  readonly time?: string;
} & (
  | ({ readonly type: 'snapshot' } & WatchPicture)
  | WatchEvent
  | OverrunEvent
  | { readonly type: 'unknown'; readonly name: string }
);

const numbered = { seq: count, time: z.string().exactOptional() };
const ofService = { ...numbered, service_name: z.string() };
const ofClaim = { ...ofService, cpus: z.string(), allocation: allocation.nullable() };
const pageTotal = { node_id: nodeId, size_kb: count, total: count.nullable(), shortfall: count };
const pageRecord = { service_name: z.string(), node_id: nodeId, size_kb: count, count };
const condition = {
  state: z.enum(['serving', 'read-only', 'stopping']),
  store_problem: z.string().nullable(),
  sysfs_problem: sysfsTrouble.nullable(),
};

/** The lines that this version knows. */
export const KNOWN_WATCH_LINES = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('snapshot'),
    ...numbered,
    ...topology.shape,
    hugepages: z.array(z.object(pageTotal)),
    hugepage_records: z.array(z.object(pageRecord)),
    daemon: z.object(condition),
  }),
  z.object({ type: z.literal('claimed'), ...ofClaim, allocation }),
  z.object({ type: z.literal('released'), ...ofClaim }),
  z.object({ type: z.literal('claim_changed'), ...ofService, allocation }),
  z.object({ type: z.literal('preempted'), ...ofClaim, by: z.string() }),
  z.object({ type: z.literal('hugepages_recorded'), ...numbered, ...pageRecord }),
  z.object({ type: z.literal('cpus_online'), ...numbered, cpus: z.string() }),
  z.object({ type: z.literal('cpus_offline'), ...numbered, cpus: z.string() }),
  z.object({
    type: z.literal('pool_changed'),
    ...numbered,
    pool: poolNameSchema,
    ...poolCpus.shape,
  }),
  z.object({ type: z.literal('node_added'), ...numbered, node: topologyNode }),
  z.object({ type: z.literal('node_changed'), ...numbered, node: topologyNode }),
  z.object({ type: z.literal('node_removed'), ...numbered, node_id: nodeId.nullable() }),
  z.object({ type: z.literal('hugepages_changed'), ...numbered, ...pageTotal }),
  z.object({ type: z.literal('daemon_changed'), ...numbered, ...condition }),
  z.object({ type: z.literal('overrun'), ...numbered, reason: z.string() }),
]);

/** The types of those lines. */
export const KNOWN_WATCH_TYPES: ReadonlySet<string> = new Set(
  KNOWN_WATCH_LINES.options.flatMap(({ shape }) => [...shape.type.values]),
);

const unknownLine = z
  .object({ type: z.string(), ...numbered })
  .refine(({ type }) => !KNOWN_WATCH_TYPES.has(type))
  .transform(({ type: name, ...rest }) => ({ ...rest, type: 'unknown' as const, name }));

/** The schema of a line. */
export const WATCH_LINE_SCHEMA: z.ZodType<WatchLine> = z.union([KNOWN_WATCH_LINES, unknownLine]);
