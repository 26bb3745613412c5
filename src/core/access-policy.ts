/** The operator's policy: who may use which service names, for what, and how much of it. */

import type { ClaimRequest } from '../protocol/claim-request.js';
import type { PoolName } from '../protocol/wire-fields.js';
import { type Owner, ROOT_UID } from './caller.js';
import { fitsPattern } from './name-pattern.js';

/** The most that services may hold together; `null` = no limit. */
export interface Quota {
  readonly cpus: number | null;
  /** Node → CPUs there; `*` = in every node that is not named. */
  readonly cpusPerNode: ReadonlyMap<number | '*', number>;
  /** Size in KiB → pages on all nodes together; `*` = of every size that is not named. */
  readonly hugepages: ReadonlyMap<number | '*', number>;
}

/** One rule. It binds whom it fits, in what it names. */
export interface AccessRule {
  readonly name: string;
  /** Whom it fits: any of these is enough. */
  readonly callers: {
    readonly isEveryone: boolean;
    readonly uids: readonly number[];
    readonly gids: readonly number[];
    /** Patterns, as those of {@link services}. */
    readonly labels: readonly string[];
  };
  /** Patterns of names, in which `*` stands for any run of characters. */
  readonly services: readonly string[];
  readonly actions: readonly ClaimRequest['action'][];
  readonly pools: readonly PoolName[];
  /** For each service that it names, and for all of them together that one owner has. */
  readonly quotas: Readonly<Record<QuotaScope, Quota>>;
  /** Whether its services may take CPUs from others by force. */
  readonly mayTake: boolean;
  /** Whether others may take CPUs from its services by force. */
  readonly mayBeTakenFrom: boolean;
}

/** What a quota counts: one service, or all services of the rule that belong to one owner. */
export type QuotaScope = 'service' | 'caller';

/** All rules, in their order. */
export interface AccessPolicy {
  readonly rules: readonly AccessRule[];
}

/**
 * Whether a rule fits a caller, or the owner of a service. `everyone` does not mean root that is not
 * confined: an operator does not lock itself out.
 */
export function fits({ callers }: AccessRule, { uid, gid, label }: Owner): boolean {
  return (
    (callers.isEveryone && (uid !== ROOT_UID || label !== null)) ||
    callers.uids.includes(uid) ||
    (gid !== null && callers.gids.includes(gid)) ||
    (label !== null && callers.labels.some((pattern) => fitsPattern(pattern, label)))
  );
}

/** Whether a rule is about a service. */
export function names({ services }: AccessRule, serviceName: string): boolean {
  return services.some((pattern) => fitsPattern(pattern, serviceName));
}

/** The rule that binds a service of an owner: the first that fits and names it. */
export function ruleOf(
  { rules }: AccessPolicy,
  owner: Owner,
  serviceName: string,
): AccessRule | undefined {
  return rules.find((rule) => fits(rule, owner) && names(rule, serviceName));
}
