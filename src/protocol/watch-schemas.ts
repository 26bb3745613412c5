/**
 * The lines of a `watch` as schemas: the one place that says what stands in them. Their types, what a
 * client checks, and `docs/schema.json` follow from it. The daemon itself does not load this.
 */

import * as z from 'zod';
import {
  count,
  listedAllocation,
  nodeId,
  pageRecordLine,
  pageTotal,
  poolCpus,
  sysfsTrouble,
  topology,
  topologyNode,
} from './reply-schemas.js';
import { PROTOCOL_VERSION } from './request.js';
import { poolNameSchema } from './wire-fields.js';

export const daemonCondition = z.object({
  state: z.enum(['serving', 'read-only', 'stopping']),
  store_problem: z.string().nullable().describe('Why nothing can be stored; null while it can'),
  sysfs_problem: sysfsTrouble
    .nullable()
    .describe('Why the machine cannot be read, so that what is said of it is old'),
});

/** What every line has. */
const numbered = {
  seq: count.describe('Grows by one with each line'),
  time: z.string().describe('ISO 8601'),
};

const cpus = z.string().describe("CPUs in the kernel's list format");
const ofService = {
  ...numbered,
  generation: count.describe('Of the state on disk that has it'),
  service_name: z.string(),
};
const allocationThen = listedAllocation.nullable().describe('All it holds then; null = nothing');

export const watchPicture = z.object({
  ...topology,
  daemon: daemonCondition,
});

/** The first line. */
export const snapshotLine = z.object({
  type: z.literal('snapshot'),
  ...numbered,
  version: z.literal(PROTOCOL_VERSION),
  ...watchPicture.shape,
});

/** What happened to one service. */
export const serviceLines = [
  z.object({
    type: z.literal('claimed'),
    ...ofService,
    cpus: cpus.describe('Those it did not hold before'),
    allocation: listedAllocation,
  }),
  z.object({ type: z.literal('released'), ...ofService, cpus, allocation: allocationThen }),
  z
    .object({ type: z.literal('claim_changed'), ...ofService, allocation: listedAllocation })
    .describe('The same CPUs, under another policy or of another kind'),
  z.object({
    type: z.literal('preempted'),
    ...ofService,
    cpus: cpus.describe('Those it lost'),
    by: z.string().describe('The service that has them now'),
    allocation: allocationThen,
  }),
  z.object({ type: z.literal('hugepages_recorded'), ...ofService, ...pageRecordLine.shape }),
] as const;

/** What happened to the machine, or to the daemon. */
export const hostLines = [
  z.object({ type: z.literal('cpus_online'), ...numbered, cpus }),
  z.object({ type: z.literal('cpus_offline'), ...numbered, cpus }),
  z.object({
    type: z.literal('pool_changed'),
    ...numbered,
    pool: poolNameSchema,
    ...poolCpus.shape,
  }),
  z.object({ type: z.literal('node_added'), ...numbered, node: topologyNode }),
  z.object({ type: z.literal('node_changed'), ...numbered, node: topologyNode }),
  z.object({ type: z.literal('node_removed'), ...numbered, node_id: nodeId.nullable() }),
  z.object({ type: z.literal('hugepages_changed'), ...numbered, ...pageTotal.shape }),
  z.object({ type: z.literal('daemon_changed'), ...numbered, ...daemonCondition.shape }),
] as const;

/** The last line, when the reader was too slow. */
export const overrunLine = z.object({
  type: z.literal('overrun'),
  seq: numbered.seq,
  reason: z.string(),
});

/** Any line. */
export const watchLineSchema = z.discriminatedUnion('type', [
  snapshotLine,
  ...serviceLines,
  ...hostLines,
  overrunLine,
]);
