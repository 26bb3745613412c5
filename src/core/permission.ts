/**
 * What a caller may ask for: its own services, and what the operator's policy lets it have.
 * `docs/operations.md` documents the rules.
 */

import { type ClaimRequest, isGrant } from '../protocol/claim-request.js';
import { type Refusal, refusal } from '../protocol/error-codes.js';
import { type AccessRule, fits, names } from './access-policy.js';
import { type Caller, nameOfOwner, ROOT_UID } from './caller.js';
import type { Holdings } from './holdings.js';
import { visible } from './quoting.js';
import type { View } from './view.js';

/** How many rules an error names. */
const RULES_SHOWN_MAX = 10;

/**
 * Finds what binds a request for a change: a rule of the policy, or `null` where none does.
 *
 * A service's claims and records are changed by their owner and by root alone. With a policy, the
 * first rule that fits the caller and names the service binds what is granted; without such a rule
 * nothing is. Giving back is bound by no action, pool or quota: a user may always give back its
 * own, and a root process that is confined whatever one of its rules names. Root that is not
 * confined is the operator: bound by no rule, but for those that name its uid or gid.
 *
 * @returns the rule, `null`, or `NOT_PERMITTED` with what would be allowed
 */
export function findRule(
  view: View,
  request: ClaimRequest,
  caller: Caller,
): AccessRule | Refusal | null {
  const stranger = checkOwner(view.holdings, request.serviceName, caller);
  if (stranger !== null) return stranger;
  if (view.access === null) return null;
  const isOperator = caller.uid === ROOT_UID && caller.label === null;
  const callersRules = view.access.rules.filter((rule) => fits(rule, caller));
  const rule = callersRules.find((candidate) => names(candidate, request.serviceName));
  if (!isGrant(request)) {
    const mayGiveBack = caller.uid !== ROOT_UID || isOperator || rule !== undefined;
    return mayGiveBack ? null : unnamed(request, caller, callersRules);
  }
  if (isOperator && callersRules.length === 0) return null;
  if (rule === undefined) return unnamed(request, caller, callersRules);
  return checkRule(rule, request) ?? rule;
}

/** A service that holds nothing is nobody's. */
function checkOwner(holdings: Holdings, serviceName: string, { uid }: Caller): Refusal | null {
  if (uid === ROOT_UID || !holdings.holdsAnything(serviceName)) return null;
  const ownerUid = holdings.ownerOf(serviceName).uid;
  if (ownerUid === uid) return null;
  return refusal(
    'NOT_PERMITTED',
    `Service ${serviceName} belongs to the user with uid ${ownerUid}: only that user and root may ` +
      `change what it holds, and you are uid ${uid}`,
    { owner_uid: ownerUid, uid },
  );
}

function unnamed(
  { serviceName }: ClaimRequest,
  caller: Caller,
  callersRules: readonly AccessRule[],
): Refusal {
  const { uid, gid, label } = caller;
  const who = visible(nameOfOwner(caller));
  const shown = callersRules.slice(0, RULES_SHOWN_MAX).map((rule) => ({
    rule: rule.name,
    services: rule.services,
  }));
  const allowed = shown.map(({ rule, services }) => `${services.join(', ')} (rule "${rule}")`);
  return refusal(
    'NOT_PERMITTED',
    allowed.length === 0
      ? `The policy of this host has no rule for you, ${who}: the operator adds one`
      : `No rule of the policy lets you, ${who}, use the service name ${serviceName}; ` +
          `you may use ${allowed.join('; ')}`,
    { rule: null, uid, gid, label, allowed: shown },
  );
}

function checkRule(rule: AccessRule, request: ClaimRequest): Refusal | null {
  const { actions, pools } = rule;
  if (!actions.includes(request.action)) {
    return refusal(
      'NOT_PERMITTED',
      `Rule "${rule.name}" does not allow ${request.action}; it allows ${actions.join(', ')}`,
      { rule: rule.name, action: request.action, allowed: actions },
    );
  }
  if (!('pool' in request) || pools.includes(request.pool)) return null;
  return refusal(
    'NOT_PERMITTED',
    `Rule "${rule.name}" does not allow CPUs of the ${request.pool} pool; ` +
      `it allows ${pools.join(', ')}`,
    { rule: rule.name, pool: request.pool, allowed: pools },
  );
}
