/** What a rule of the policy lets its services come to hold, and take. */

import type { ClaimRequest } from '../protocol/claim-request.js';
import { type ErrorDetails, type Refusal, refusal } from '../protocol/error-codes.js';
import { type AccessRule, names, type Quota, type QuotaScope, ruleOf } from './access-policy.js';
import { isSameOwner } from './caller.js';
import { type CpuSet, countCpus, intersectCpus, NO_CPUS, overlaps, uniteCpus } from './cpu-set.js';
import type { Holdings } from './holdings.js';
import { type Homes, NO_NODE } from './homes.js';
import type { Plan } from './plan.js';
import type { View } from './view.js';

/** A plan that would be carried out, and the rule that binds it. */
export interface Proposal {
  readonly view: View;
  readonly rule: AccessRule;
  readonly request: ClaimRequest;
  readonly plan: Plan;
}

/**
 * Checks a plan against the rule that binds its request. A quota stops what grows: what is over it
 * already may stay, and shrink.
 *
 * @returns `NOT_PERMITTED` with the rule, the quota, and how much the service might hold; or `null`
 */
export function checkPlan(proposal: Proposal): Refusal | null {
  const { rule, request, plan } = proposal;
  const { serviceName } = request;
  const owner = plan.holdings.ownerOf(serviceName);
  const isOfCaller = (name: string) =>
    name === serviceName || (names(rule, name) && isSameOwner(plan.holdings.ownerOf(name), owner));
  const ofCaller = (holdings: Holdings) => [...holdings.serviceNames()].filter(isOfCaller);
  return (
    checkTaking(proposal) ??
    checkQuota(proposal, 'service', () => [serviceName]) ??
    checkQuota(proposal, 'caller', ofCaller)
  );
}

function checkTaking({ view, rule, request, plan }: Proposal): Refusal | null {
  const { serviceName } = request;
  const victims = plan.claimChanges.filter((change) => change.serviceName !== serviceName);
  if (rule.mayTake || victims.length === 0) return null;
  const lost = victims.map(({ serviceName: name, claim }) => {
    const before = view.holdings.claims.get(name)?.cpus ?? NO_CPUS;
    return countCpus(before) - countCpus(claim?.cpus ?? NO_CPUS);
  });
  const taken = lost.reduce((sum, count) => sum + count, 0);
  return refusal(
    'NOT_PERMITTED',
    `Rule "${rule.name}" does not let ${serviceName} take CPUs from others, and ${taken} of those it ` +
      `asks for are held by others; ${taken} fewer would be allowed`,
    { rule: rule.name, may_take: false, held_by_others: taken },
  );
}

/** Those of `cpus` that a rule of the policy keeps from being taken by force. */
export function shieldedCpus({ access, holdings }: View, cpus: CpuSet): CpuSet {
  let shielded = NO_CPUS;
  if (access === null || access.rules.every((rule) => rule.mayBeTakenFrom)) return shielded;
  for (const [serviceName, claim] of holdings.claims) {
    if (!overlaps(claim.cpus, cpus)) continue;
    const rule = ruleOf(access, holdings.ownerOf(serviceName), serviceName);
    if (rule?.mayBeTakenFrom === false) shielded = uniteCpus(shielded, claim.cpus);
  }
  return intersectCpus(shielded, cpus);
}

/** One number that a quota bounds. */
interface Bound {
  /** As the policy file names it. */
  readonly quota: string;
  /** What is counted, behind a number: `CPUs of NUMA node 1`. */
  readonly unit: string;
  readonly limit: number;
  readonly details: ErrorDetails;
  count(holdings: Holdings, serviceName: string): number;
}

function checkQuota(
  { view, rule, request, plan }: Proposal,
  scope: QuotaScope,
  countedIn: (holdings: Holdings) => readonly string[],
): Refusal | null {
  for (const bound of boundsOf(view.homes, rule.quotas[scope], request)) {
    const sumOf = (holdings: Holdings) =>
      countedIn(holdings).reduce((sum, name) => sum + bound.count(holdings, name), 0);
    const [held, wouldHold] = [sumOf(view.holdings), sumOf(plan.holdings)];
    if (wouldHold <= Math.max(bound.limit, held)) continue;
    const own = bound.count(plan.holdings, request.serviceName);
    const allowed = Math.max(bound.limit - (wouldHold - own), 0);
    const who = scope === 'service' ? 'a service' : 'the services of one caller';
    return refusal(
      'NOT_PERMITTED',
      `Rule "${rule.name}" lets ${who} hold ${bound.limit} ${bound.unit}, and it would be ` +
        `${wouldHold}; ${request.serviceName} may hold ${allowed}`,
      {
        rule: rule.name,
        quota: `${scope}.${bound.quota}`,
        ...bound.details,
        limit: bound.limit,
        held,
        would_hold: wouldHold,
        allowed,
      },
    );
  }
  return null;
}

/** The bounds that a request can come up against. */
function boundsOf(homes: Homes, quota: Quota, request: ClaimRequest): Bound[] {
  if (request.action === 'allocate_hugepages') {
    const { sizeKb } = request;
    const limit = quota.hugepages.get(sizeKb) ?? quota.hugepages.get('*');
    if (limit === undefined) return [];
    const count = (holdings: Holdings, name: string) => pagesHeld(holdings, name, sizeKb);
    const unit = `hugepages of ${sizeKb} KB`;
    return [{ quota: 'hugepages', unit, limit, details: { size_kb: sizeKb }, count }];
  }
  const bounds: Bound[] = [];
  if (quota.cpus !== null) {
    const count = (holdings: Holdings, name: string) => countCpus(cpusHeld(holdings, name));
    bounds.push({ quota: 'cpus', unit: 'CPUs', limit: quota.cpus, details: {}, count });
  }
  if (quota.cpusPerNode.size === 0) return bounds;
  for (const [nodeId, homeCpus] of homes) {
    const limit = quota.cpusPerNode.get(nodeId) ?? quota.cpusPerNode.get('*');
    if (limit === undefined || nodeId === NO_NODE) continue;
    const count = (holdings: Holdings, name: string) =>
      countCpus(intersectCpus(cpusHeld(holdings, name), homeCpus));
    const unit = `CPUs of NUMA node ${nodeId}`;
    bounds.push({ quota: 'cpus_per_node', unit, limit, details: { numa_node: nodeId }, count });
  }
  return bounds;
}

function cpusHeld(holdings: Holdings, serviceName: string) {
  return holdings.claims.get(serviceName)?.cpus ?? NO_CPUS;
}

function pagesHeld(holdings: Holdings, serviceName: string, sizeKb: number): number {
  let count = 0;
  for (const records of holdings.pages.values())
    count += records.get(serviceName)?.get(sizeKb) ?? 0;
  return count;
}
