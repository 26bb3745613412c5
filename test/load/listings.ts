/** What a daemon shows and what its files say, in one form that can be compared. */

import { readFileSync } from 'node:fs';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { NO_CPUS, overlaps, uniteCpus } from '../../src/core/cpu-set.js';
import type { Wire } from '../daemon/wire.js';

/** What somebody has, by name. A name that has nothing has no entry. */
export type Held<T> = ReadonlyMap<string, T>;

/** What one service holds; CPU lists as the kernel writes them. */
export interface Claim {
  readonly pool: string;
  readonly policy: string;
  readonly cpus: string;
  readonly explicit: string;
}

/** The name of a page record: a service may have one for each node and size. */
export function pageRecordName(serviceName: string, nodeId: number, sizeKb: number): string {
  return `${serviceName} on node${nodeId}, ${sizeKb} KB`;
}

/** Reads the reply to `list_allocations`. */
export function listedClaims(reply: Wire): Held<Claim> {
  const claims: [string, Claim][] = reply['allocations'].map((listed: Wire) => {
    const { pool, preemption_policy: policy, allocated_cores: cpus } = listed;
    const explicit = listed['explicit_cores'] ?? (listed['is_explicit'] ? cpus : '');
    return [listed['service_name'], { pool, policy, cpus, explicit }];
  });
  return byName(claims);
}

/** Reads the reply to `get_memory_info`: page records by {@link pageRecordName}. */
export function listedPages(reply: Wire): Held<number> {
  const pages = new Map<string, number>();
  for (const [node, { allocations }] of Object.entries<Wire>(reply['numa_hugepages'])) {
    for (const [serviceName, sizes] of Object.entries<Wire>(allocations)) {
      for (const [sizeKb, count] of Object.entries(sizes)) {
        const nodeId = Number(node.replace('node', ''));
        pages.set(pageRecordName(serviceName, nodeId, Number(sizeKb)), count);
      }
    }
  }
  return pages;
}

/** Reads a state file of our own format. */
export function storedState(path: string): { claims: Held<Claim>; pages: Held<number> } {
  const state = JSON.parse(readFileSync(path, 'utf8'));
  return {
    claims: byName(
      state.claims.map((claim: Wire) => [
        claim['service_name'],
        {
          pool: claim['pool'],
          policy: claim['preemption_policy'],
          cpus: claim['cpus'],
          explicit: claim['explicit_cpus'],
        },
      ]),
    ),
    pages: new Map(
      state.hugepages.map(({ service_name, node_id, size_kb, count }: Wire) => [
        pageRecordName(service_name, node_id, size_kb),
        count,
      ]),
    ),
  };
}

/** Refuses a service that is there twice, and a CPU that two services hold. */
function byName(claims: readonly [string, Claim][]): Held<Claim> {
  let claimed = NO_CPUS;
  for (const [name, { cpus }] of claims) {
    const those = parseCpuList(cpus);
    if (overlaps(claimed, those)) throw new Error(`${name} holds a CPU of another service`);
    claimed = uniteCpus(claimed, those);
  }
  const held = new Map(claims);
  if (held.size < claims.length) throw new Error('a service is listed twice');
  return held;
}
