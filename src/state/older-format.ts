/**
 * Takes over `state.json` as the daemon before this one leaves it (`"version": 1`), with nothing
 * lost. Strict where a mistake could hand a CPU to two services, lenient where the old daemon is
 * known to leave entries that hold nothing.
 */

import * as z from 'zod';
import { type CpuSet, isEmpty, isSubset, NO_CPUS, overlaps } from '../core/cpu-set.js';
import { type Claim, Holdings } from '../core/holdings.js';
import { issuesOf } from '../core/issues.js';
import { isJsonObject } from '../core/json-object.js';
import { policySchema, poolNameSchema, serviceNameSchema } from '../protocol/wire-fields.js';
import { cpuListSchema, StateError, type StoredState } from './stored-state.js';

/**
 * A map from service to `value`; missing = empty. Read as pairs, and not as a record: a service
 * may have a name, such as `__proto__`, that means something else to an object.
 */
function byService<V>(value: z.ZodType<V>) {
  return z
    .custom<object>(isJsonObject, 'must be an object')
    .transform((input, context) => {
      const map = new Map<string, V>();
      for (const [name, raw] of Object.entries(input)) {
        const entry = z.tuple([serviceNameSchema, value]).safeParse([name, raw]);
        if (entry.success) map.set(name, entry.data[1] as V);
        else context.addIssue(`${JSON.stringify(name)}: ${issuesOf(entry.error)}`);
      }
      return map;
    })
    .default(new Map());
}

const olderFormat = z.looseObject({
  version: z.literal(1),
  updated_at: z.string().nullable().catch(null),
  allocations_db: z
    .looseObject({
      allocations: byService(cpuListSchema),
      explicit_allocations: byService(cpuListSchema),
      preemption_policies: byService(policySchema),
      allocation_pools: byService(poolNameSchema),
    })
    .prefault({}),
  hugepages_db: z
    .looseObject({
      allocations: byService(
        z.array(
          z.looseObject({
            node_id: z.int().min(0),
            size_kb: z.int().min(1),
            count: z.int(),
          }),
        ),
      ),
    })
    .prefault({}),
});

type OlderFormat = z.output<typeof olderFormat>;

/**
 * Reads the JSON of a file of the older format.
 *
 * @throws StateError for malformed content, a CPU with two owners, explicit CPUs that are not
 * allocated, and a policy or pool for a service that holds nothing
 */
export function readOlderState(json: unknown): StoredState {
  // One altered digit makes our own file one of version 1 without any of its sections.
  if (typeof json === 'object' && json !== null && 'checksum' in json) {
    throw new StateError('it says version 1, but is of a later version');
  }
  const parsed = olderFormat.safeParse(json);
  if (!parsed.success) throw new StateError(issuesOf(parsed.error));
  const remarks: string[] = [];
  let holdings = Holdings.none.withClaims(readClaims(parsed.data, remarks));
  for (const [serviceName, records] of parsed.data.hugepages_db.allocations) {
    const seen = new Set<string>();
    for (const { node_id: nodeId, size_kb: sizeKb, count } of records) {
      const place = `node ${nodeId} size ${sizeKb} KB`;
      if (count <= 0) {
        remarks.push(`dropped ${serviceName}: ${count} hugepages on ${place}`);
        continue;
      }
      if (seen.has(place)) {
        throw new StateError(`hugepages of ${serviceName} are recorded twice for ${place}`);
      }
      seen.add(place);
      holdings = holdings.withPages({ serviceName, nodeId, sizeKb, pageCount: count });
    }
  }
  remarks.push('taken over from the older format');
  return {
    holdings,
    homes: new Map(),
    format: 'older',
    generation: 0,
    checksum: null,
    updatedAt: parsed.data.updated_at,
    remarks,
  };
}

function readClaims(state: OlderFormat, remarks: string[]) {
  const { allocations, explicit_allocations, preemption_policies, allocation_pools } =
    state.allocations_db;
  for (const [serviceName, cpus] of explicit_allocations) {
    if (isEmpty(cpus)) remarks.push(`dropped ${serviceName}: its explicit list names no CPU`);
    if (!isSubset(cpus, allocations.get(serviceName) ?? NO_CPUS)) {
      throw new StateError(`explicit CPUs of ${serviceName} are not among its allocated ones`);
    }
  }
  const owned: [string, CpuSet][] = [];
  const claims: { serviceName: string; claim: Claim }[] = [];
  for (const [serviceName, cpus] of allocations) {
    if (isEmpty(cpus)) {
      remarks.push(`dropped ${serviceName}: it holds no CPU`);
      continue;
    }
    const other = owned.find(([, theirs]) => overlaps(theirs, cpus));
    if (other !== undefined) {
      throw new StateError(`${other[0]} and ${serviceName} hold the same CPU`);
    }
    owned.push([serviceName, cpus]);
    const explicitCpus = explicit_allocations.get(serviceName) ?? NO_CPUS;
    const policy = preemption_policies.get(serviceName) ?? 'legacy';
    const pool = allocation_pools.get(serviceName) ?? 'isolated';
    claims.push({ serviceName, claim: { pool, policy, cpus, explicitCpus } });
  }
  // A service whose entry holds no CPU was dropped above, with all that is said of it; only one
  // without any entry shows that something is missing from the file.
  for (const [section, map] of Object.entries({ preemption_policies, allocation_pools })) {
    for (const serviceName of map.keys()) {
      if (!allocations.has(serviceName)) {
        throw new StateError(`${section} names ${serviceName}, which holds nothing`);
      }
    }
  }
  return claims;
}
