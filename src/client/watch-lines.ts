/** The lines of a watch as a client reads them; of a type that it does not know, only the type. */

import * as z from 'zod';
import type { Seen } from '../protocol/reply.js';
import { watchLineSchema } from '../protocol/watch-schemas.js';

/** A line that only a newer daemon says: `name` is its type. */
export interface UnknownWatchLine {
  readonly type: 'unknown';
  readonly seq: number;
  readonly name: string;
}

/** A line: the picture, a change, the last word to a slow reader, or what a newer daemon says. */
export type WatchLine = Seen<z.output<typeof watchLineSchema>> | UnknownWatchLine;

/** The types of the lines that this version knows. */
export const KNOWN_WATCH_TYPES: ReadonlySet<string> = new Set(
  watchLineSchema.options.flatMap(({ shape }) => [...shape.type.values]),
);

const unknownLine = z
  .object({ type: z.string(), seq: z.int().min(0) })
  .refine(({ type }) => !KNOWN_WATCH_TYPES.has(type))
  .transform(({ type: name, seq }) => ({ type: 'unknown' as const, seq, name }));

/** The schema of a line. */
export const WATCH_LINE_SCHEMA: z.ZodType<WatchLine> = z.union([watchLineSchema, unknownLine]);
