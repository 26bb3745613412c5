/** The lines of a `watch`, as they stand on the wire. Field by field in `docs/protocol.md`. */

import type * as z from 'zod';
import type { Seen } from './reply.js';
import type { pageRecordLine, pageTotal } from './reply-schemas.js';
import type {
  daemonCondition,
  hostLines,
  overrunLine,
  serviceLines,
  watchPicture,
} from './watch-schemas.js';

/** What a line says, beside its number, its time, and the state on disk that it is about. */
type Said<Line> = Line extends unknown ? Omit<Line, 'seq' | 'time' | 'generation'> : never;

/** Hugepages of one size in one node. */
export type PageTotal = Seen<z.output<typeof pageTotal>>;

/** Hugepages on record for a service; a `count` of 0 = none any more. */
export type PageRecordLine = Seen<z.output<typeof pageRecordLine>>;

/** How the daemon itself is. */
export type DaemonCondition = Seen<z.output<typeof daemonCondition>>;

/** All there is to know when a watch begins. */
export type WatchPicture = Seen<z.output<typeof watchPicture>>;

/** What happened to one service. `allocation` is what it holds then; `null` = no CPU any more. */
export type ServiceEvent = Said<Seen<z.output<(typeof serviceLines)[number]>>>;

/** What happened to the machine, or to the daemon. */
export type HostEvent = Said<Seen<z.output<(typeof hostLines)[number]>>>;

/** Any line but the first and the last. */
export type WatchEvent = ServiceEvent | HostEvent;

/** The last line of a watch whose reader was too slow. */
export type OverrunEvent = Said<Seen<z.output<typeof overrunLine>>>;

/** Whether a line is about one service, so that a filter may leave it out. */
export function isServiceEvent(event: WatchEvent): event is ServiceEvent {
  return 'service_name' in event;
}
