/** Granted or refused, and with which code: the order of checks of the wire contract in plain sets. */

import { expect } from 'chai';
import type { ErrorCode } from '../../src/protocol/error-codes.js';
import type { Wire } from './hosts.js';
import { freeFor, isRelease, ownClaim, poolOf, scopeOf, takeableBy, those } from './situations.js';
import { holdsInStories, type Picture, stories } from './stories.js';

/** The code with which the contract has a request refused, or `null` when it must be granted. */
function verdictOn(picture: Picture, request: Wire): ErrorCode | null {
  const pool = poolOf(request);
  const eligible = picture.eligible[pool];
  const claimsInPool = [...picture.claims.values()].filter((claim) => claim.pool === pool);
  const isNuma = request['action'] === 'allocate_numa_cores';
  const isInScope = scopeOf(picture, request);
  const releases = isRelease(request);

  const isServed = pool === 'isolated' || picture.isGeneralConfigured;
  if (!isServed && !(releases && claimsInPool.length > 0)) return 'POOL_NOT_CONFIGURED';
  if (isNuma && !picture.nodeIds.includes(Number(request['numa_node']))) {
    const isHeld = [...picture.claims.values()].some(({ cpus }) => [...cpus].some(isInScope));
    if (!releases || !isHeld) return 'NUMA_NODE_NOT_FOUND';
  }
  const own = ownClaim(picture, request);
  if (own !== undefined && own.pool !== pool) return 'POOL_CONFLICT';
  if (releases) return null;
  const named = request['preemption_policy'];
  if (own?.policy === 'non-preemptive' && named === 'legacy') return 'POLICY_CONFLICT';

  if (eligible.size === 0) return 'NO_CPUS_AVAILABLE';
  if (isNuma) {
    const inNode = those(eligible, isInScope).size;
    if (inNode === 0) return 'NO_CPUS_AVAILABLE';
    if (inNode < Number(request['num_of_cores'])) return 'INSUFFICIENT_CPUS';
  }
  const isStray = (cpu: number) => !picture.configured[pool].has(cpu);
  if (claimsInPool.some(({ cpus }) => [...cpus].some(isStray))) return 'POOL_INCONSISTENT';
  if ([...(own?.cpus ?? [])].some((cpu) => !eligible.has(cpu))) return 'CPUS_UNAVAILABLE';

  const policy = String(named ?? own?.policy ?? 'legacy');
  const candidates =
    those(own?.cpus ?? [], isInScope).size +
    freeFor(picture, request).size +
    takeableBy(picture, request, policy).size;
  const wanted = countOf(request, eligible.size, candidates);
  return wanted === 0 || wanted > candidates ? 'INSUFFICIENT_CPUS' : null;
}

function countOf(request: Wire, eligible: number, candidates: number): number {
  if ('percent' in request) return Math.ceil((eligible * Number(request['percent'])) / 100);
  if (request['num_of_cores'] !== 0) return Number(request['num_of_cores']);
  return candidates > 100 ? candidates - 16 : Math.floor(candidates * 0.8);
}

describe('every request', () => {
  it('is granted, or refused for the first of its faults', () => {
    const seen = new Map<unknown, number>();
    holdsInStories(
      stories,
      ({ picture, request, reply }) => {
        const code = reply['code'] ?? null;
        expect(code, String(reply['error'])).to.equal(verdictOn(picture, request));
        seen.set(code, (seen.get(code) ?? 0) + 1);
      },
      1500,
    );
    expect([...seen.keys()]).to.include.members([
      null,
      'POOL_NOT_CONFIGURED',
      'NUMA_NODE_NOT_FOUND',
      'POOL_CONFLICT',
      'POLICY_CONFLICT',
      'NO_CPUS_AVAILABLE',
      'POOL_INCONSISTENT',
      'CPUS_UNAVAILABLE',
      'INSUFFICIENT_CPUS',
    ]);
  });
});
