/**
 * What `state.json` says: this project's own format, and the older one that it takes over.
 * Text in, holdings out, and back; never touches a file.
 */

import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Owner } from '../core/caller.js';
import { formatCpuList } from '../core/cpu-list.js';
import { listedRecord } from '../core/describe.js';
import { type Claim, Holdings, type RememberedReply } from '../core/holdings.js';
import { issuesOf } from '../core/issues.js';
import { pageRecordsOf } from '../core/pages.js';
import { messageOf, visible } from '../core/quoting.js';
import type { Snapshot } from '../core/snapshot.js';
import type { ChangingReply } from '../protocol/reply.js';
import { PROTOCOL_VERSION } from '../protocol/request.js';
import {
  policySchema,
  poolNameSchema,
  requestIdSchema,
  serviceNameSchema,
} from '../protocol/wire-fields.js';
import { readOlderState } from './older-format.js';
import { cpuListSchema, StateError, type StoredState, wholeCount } from './stored-state.js';
import { WrittenHomes } from './written-homes.js';
import { WrittenServices } from './written-services.js';

const FORMAT_VERSION = 2;

const ownFormat = z.strictObject({
  version: z.literal(FORMAT_VERSION),
  generation: wholeCount,
  updated_at: z.string(),
  checksum: z.string(),
  claims: z.array(
    z.strictObject({
      service_name: serviceNameSchema,
      pool: poolNameSchema,
      preemption_policy: policySchema,
      cpus: cpuListSchema,
      explicit_cpus: cpuListSchema,
    }),
  ),
  hugepages: z.array(
    z.strictObject({
      service_name: serviceNameSchema,
      node_id: wholeCount,
      size_kb: wholeCount,
      count: wholeCount.min(1),
    }),
  ),
  cpu_homes: z.array(z.strictObject({ node_id: wholeCount, cpus: cpuListSchema })),
  // Absent in files that were written before there were owners.
  owners: z
    .array(
      z.strictObject({
        service_name: serviceNameSchema,
        uid: wholeCount,
        gid: wholeCount.nullable().default(null),
        label: z.string().nullable().default(null),
      }),
    )
    .default([]),
  // Absent in files that were written before requests could be repeated.
  replies: z
    .array(
      z.strictObject({
        uid: wholeCount,
        label: z.string().nullable(),
        request_id: requestIdSchema,
        fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
        reply: z.looseObject({ version: z.literal(PROTOCOL_VERSION) }),
      }),
    )
    .default([]),
});

type OwnFormat = z.input<typeof ownFormat>;

/**
 * Reads the text of a state file, of either format.
 *
 * @throws StateError saying what is wrong with it
 */
export function parseState(text: string): StoredState {
  if (text.trim() === '') throw new StateError('the file is empty');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new StateError(`it is not JSON: ${visible(messageOf(error))}`);
  }
  const { version } = z.looseObject({ version: z.unknown() }).catch({ version: null }).parse(json);
  if (version === 1) return readOlderState(json);
  if (version !== FORMAT_VERSION) {
    throw new StateError(`its version is ${JSON.stringify(version)}, known are 1 and 2`);
  }
  return readOwnState(json);
}

/**
 * Whether a text that cannot be used presents itself as one of the older format, so that it did
 * not come about by damage to a file of our own, which has a checksum.
 */
export function claimsOlderFormat(text: string): boolean {
  return /"version"\s*:\s*1\b/.test(text) && !text.includes('"checksum"');
}

/** What a state file is written from. */
export interface WrittenState extends Snapshot {
  readonly generation: number;
}

/** Writes the text of a state file in this project's own format. */
export function formatState({ holdings, homes, generation }: WrittenState, now: Date): string {
  const header = { version: FORMAT_VERSION, generation, updated_at: now.toISOString() };
  const hugepages = JSON.stringify(pageRecordsOf(holdings).map(listedRecord));
  const claims = writtenClaims.text(holdings.claims);
  const owners = writtenOwners.text(holdings.owners);
  const replies = holdings.replies.map(replyText);
  // The text of `{ ...header, claims, hugepages, cpu_homes, owners, replies }`.
  const body =
    `${opened(JSON.stringify(header))},"claims":${claims},"hugepages":${hugepages}` +
    `,"cpu_homes":${writtenHomes.text(homes, holdings.claimedCpus)},"owners":${owners}` +
    `,"replies":[${replies.join(',')}]}`;
  return `${opened(body)},"checksum":"${digestOf(body)}"}\n`;
}

/** The JSON of an object without its last brace, so that more can follow. */
function opened(json: string): string {
  return json.slice(0, -1);
}

const writtenHomes = new WrittenHomes((node_id, cpus): OwnFormat['cpu_homes'][number] => ({
  node_id,
  cpus,
}));

const writtenClaims = new WrittenServices<Claim>((service_name, claim) => ({
  service_name,
  pool: claim.pool,
  preemption_policy: claim.policy,
  cpus: formatCpuList(claim.cpus),
  explicit_cpus: formatCpuList(claim.explicitCpus),
}));

const writtenOwners = new WrittenServices<Owner>((service_name, owner) => ({
  service_name,
  ...owner,
}));

/** What each reply was written as; they never change, and stay for many writes. */
const writtenReplies = new WeakMap<RememberedReply, string>();

function replyText(remembered: RememberedReply): string {
  let json = writtenReplies.get(remembered);
  if (json === undefined) {
    const { uid, label, requestId: request_id, fingerprint, reply } = remembered;
    json = JSON.stringify({ uid, label, request_id, fingerprint, reply });
    writtenReplies.set(remembered, json);
  }
  return json;
}

function readOwnState(json: unknown): StoredState {
  const parsed = ownFormat.safeParse(json);
  if (!parsed.success) throw new StateError(issuesOf(parsed.error));
  const { checksum, ...body } = json as OwnFormat;
  if (checksum !== checksumOf(body)) throw new StateError('its checksum does not fit its content');
  const { claims, hugepages, cpu_homes, owners, replies, generation, updated_at } = parsed.data;
  let holdings = Holdings.none;
  try {
    holdings = holdings.withClaims(
      claims.map((claim) => ({
        serviceName: claim.service_name,
        claim: {
          pool: claim.pool,
          policy: claim.preemption_policy,
          cpus: claim.cpus,
          explicitCpus: claim.explicit_cpus,
        },
      })),
    );
  } catch (error) {
    throw new StateError(messageOf(error));
  }
  const homes = new Map(cpu_homes.map(({ node_id, cpus }) => [node_id, cpus]));
  if (homes.size < cpu_homes.length) throw new StateError('cpu_homes names a node twice');
  for (const record of hugepages) {
    holdings = holdings.withPages({
      serviceName: record.service_name,
      nodeId: record.node_id,
      sizeKb: record.size_kb,
      pageCount: record.count,
    });
  }
  if (pageRecordsOf(holdings).length < hugepages.length) {
    throw new StateError('hugepages are recorded twice for the same service, node and size');
  }
  for (const { service_name, ...owner } of owners) {
    if (!holdings.holdsAnything(service_name)) {
      throw new StateError(`owners names ${service_name}, which holds nothing`);
    }
    holdings = holdings.withOwner(service_name, owner);
  }
  if (holdings.owners.size < owners.length) throw new StateError('owners names a service twice');
  holdings = holdings.withReplies(
    replies.map(({ uid, label, request_id: requestId, fingerprint, reply }) => ({
      uid,
      label,
      requestId,
      fingerprint,
      // It was a reply when it was written, and the checksum says that it still is.
      reply: reply as unknown as ChangingReply,
    })),
  );
  return {
    holdings,
    homes,
    format: 'own',
    generation,
    checksum,
    updatedAt: updated_at,
    remarks: [],
  };
}

/** SHA-256 over the compact JSON of everything but the checksum itself, in file order. */
function checksumOf(body: object): string {
  return digestOf(JSON.stringify(body));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
