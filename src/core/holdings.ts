/**
 * Who holds what: the claims on CPUs and the records of hugepages, over all nodes and pools.
 *
 * Immutable: every change makes a new value, so that what is durable, what is decided and what is
 * shown are each one reference, and undoing is going back to an earlier one.
 */

import type { ChangingReply } from '../protocol/reply.js';
import type { Policy, PoolName } from '../protocol/wire-fields.js';
import { isPlainRoot, type Owner, type OwnerKey, ROOT_OWNER } from './caller.js';
import {
  type CpuSet,
  intersectCpus,
  isEmpty,
  isSubset,
  NO_CPUS,
  overlaps,
  subtractCpus,
  uniteCpus,
} from './cpu-set.js';
import { invariant } from './invariant.js';
import { LayeredMap } from './layered-map.js';

/** The CPUs of one service. */
export interface Claim {
  readonly pool: PoolName;
  readonly policy: Policy;
  /** All CPUs of the service; never empty. */
  readonly cpus: CpuSet;
  /** Those of {@link cpus} that were claimed by `allocate_numa_cores`; nobody takes them by force. */
  readonly explicitCpus: CpuSet;
}

/** What becomes of one service's claim; `undefined` = it holds no CPU any more. */
export interface ClaimChange {
  readonly serviceName: string;
  readonly claim: Claim | undefined;
}

/** A count of hugepages recorded for a service on a node. */
export interface PageRecord {
  readonly serviceName: string;
  readonly nodeId: number;
  readonly sizeKb: number;
  /** Pages; at least 1. */
  readonly pageCount: number;
}

/** A reply that was given to a request with a `request_id`; another caller's ids are others. */
export interface RememberedReply extends OwnerKey {
  readonly requestId: string;
  /** SHA-256 of what was asked, to tell a repetition from another request of that name. */
  readonly fingerprint: string;
  readonly reply: ChangingReply;
}

/** Recorded pages of one node: service → size in KiB → count. */
export type NodePageRecords = ReadonlyMap<string, ReadonlyMap<number, number>>;

const NO_RECORDS: NodePageRecords = new Map();

type Parts = Pick<
  Holdings,
  | 'claims'
  | 'pages'
  | 'claimedIn'
  | 'claimedCpus'
  | 'explicitCpus'
  | 'protectedCpus'
  | 'owners'
  | 'replies'
>;

/** The claims and records of all services at one moment. */
export class Holdings {
  /** Nobody holds anything. */
  static readonly none = new Holdings({
    claims: LayeredMap.of(),
    pages: new Map(),
    claimedIn: { isolated: NO_CPUS, general: NO_CPUS },
    claimedCpus: NO_CPUS,
    explicitCpus: NO_CPUS,
    protectedCpus: NO_CPUS,
    owners: LayeredMap.of(),
    replies: [],
  });

  /** Service → its claim. Services that hold no CPU are absent. */
  readonly claims: LayeredMap<string, Claim>;
  /** Node → its page records. Nodes without any are absent. */
  readonly pages: ReadonlyMap<number, NodePageRecords>;
  /** CPUs claimed by the services of each pool. */
  readonly claimedIn: Readonly<Record<PoolName, CpuSet>>;
  /** CPUs claimed by anyone, in any pool. */
  readonly claimedCpus: CpuSet;
  /** CPUs claimed explicitly by anyone. */
  readonly explicitCpus: CpuSet;
  /** CPUs of services whose policy is `non-preemptive`. */
  readonly protectedCpus: CpuSet;
  /** Service → who made its first claim. Those of {@link ROOT_OWNER}, or nobody known, are absent. */
  readonly owners: LayeredMap<string, Owner>;

  /** Replies to requests that may be repeated, oldest first. */
  readonly replies: readonly RememberedReply[];

  private constructor(parts: Parts) {
    this.claims = parts.claims;
    this.pages = parts.pages;
    this.claimedIn = parts.claimedIn;
    this.claimedCpus = parts.claimedCpus;
    this.explicitCpus = parts.explicitCpus;
    this.protectedCpus = parts.protectedCpus;
    this.owners = parts.owners;
    this.replies = parts.replies;
  }

  /**
   * The holdings after all `changes`, which happen together: a CPU may pass from one service to
   * another within them. Throws an InvariantError if a CPU would have two owners, or an explicit
   * CPU would not be claimed.
   */
  withClaims(changes: readonly ClaimChange[]): Holdings {
    if (changes.length === 0) return this;
    const claimedIn = { ...this.claimedIn };
    let { claimedCpus, explicitCpus, protectedCpus } = this;
    const changed = new Set<string>();
    for (const { serviceName } of changes) {
      invariant(!changed.has(serviceName), `${serviceName} is changed twice`);
      changed.add(serviceName);
      const before = this.claims.get(serviceName);
      if (before === undefined) continue;
      claimedIn[before.pool] = subtractCpus(claimedIn[before.pool], before.cpus);
      claimedCpus = subtractCpus(claimedCpus, before.cpus);
      explicitCpus = subtractCpus(explicitCpus, before.cpus);
      protectedCpus = subtractCpus(protectedCpus, before.cpus);
    }
    for (const { serviceName, claim } of changes) {
      if (claim === undefined) continue;
      invariant(!isEmpty(claim.cpus), `the claim of ${serviceName} has no CPU`);
      invariant(!overlaps(claim.cpus, claimedCpus), `a CPU of ${serviceName} has another owner`);
      invariant(isSubset(claim.explicitCpus, claim.cpus), `${serviceName}: explicit ⊄ claimed`);
      claimedIn[claim.pool] = uniteCpus(claimedIn[claim.pool], claim.cpus);
      claimedCpus = uniteCpus(claimedCpus, claim.cpus);
      explicitCpus = uniteCpus(explicitCpus, claim.explicitCpus);
      if (claim.policy === 'non-preemptive') {
        protectedCpus = uniteCpus(protectedCpus, claim.cpus);
      }
    }
    const claims = this.claims.with(changes.map((change) => [change.serviceName, change.claim]));
    const names = changes.map(({ serviceName }) => serviceName);
    const owners = ownersAfter({ claims, pages: this.pages }, this.owners, names);
    return this.#with({ claims, claimedIn, claimedCpus, explicitCpus, protectedCpus, owners });
  }

  /** The holdings with one page record set, or forgotten when `pageCount` is 0. */
  withPages(record: PageRecord): Holdings {
    const { nodeId } = record;
    const pages = setOrDelete(this.pages, nodeId, withRecord(this.pagesOf(nodeId), record));
    const owners = ownersAfter({ claims: this.claims, pages }, this.owners, [record.serviceName]);
    return this.#with({ pages, owners });
  }

  /** The holdings in which a service that holds something belongs to somebody. */
  withOwner(serviceName: string, owner: Owner): Holdings {
    invariant(this.holdsAnything(serviceName), `${serviceName} holds nothing that could be owned`);
    const owners = this.owners.with([[serviceName, isPlainRoot(owner) ? undefined : owner]]);
    return this.#with({ owners });
  }

  /** The same claims and records, with other replies remembered. */
  withReplies(replies: readonly RememberedReply[]): Holdings {
    return this.#with({ replies });
  }

  /** The same claims and records, all of them root's, and nothing remembered of who asked. */
  withoutOwners(): Holdings {
    return this.#with({ owners: LayeredMap.of(), replies: [] });
  }

  /** Field by field, for the reason that `withHoldings` has. */
  #with(changes: Partial<Parts>): Holdings {
    return new Holdings({
      claims: changes.claims ?? this.claims,
      pages: changes.pages ?? this.pages,
      claimedIn: changes.claimedIn ?? this.claimedIn,
      claimedCpus: changes.claimedCpus ?? this.claimedCpus,
      explicitCpus: changes.explicitCpus ?? this.explicitCpus,
      protectedCpus: changes.protectedCpus ?? this.protectedCpus,
      owners: changes.owners ?? this.owners,
      replies: changes.replies ?? this.replies,
    });
  }

  /** To whom a service belongs; to root, unless somebody else claimed first. */
  ownerOf(serviceName: string): Owner {
    return this.owners.get(serviceName) ?? ROOT_OWNER;
  }

  /** The services that have a CPU or a page on record. */
  serviceNames(): ReadonlySet<string> {
    const names = new Set(this.claims.keys());
    for (const records of this.pages.values()) for (const name of records.keys()) names.add(name);
    return names;
  }

  /** Whether a service has a CPU or a page on record. */
  holdsAnything(serviceName: string): boolean {
    return isOnRecord(this, serviceName);
  }

  /** The page records of a node; empty when there are none. */
  pagesOf(nodeId: number): NodePageRecords {
    return this.pages.get(nodeId) ?? NO_RECORDS;
  }
}

/** What says who is on record. */
type Records = Pick<Parts, 'claims' | 'pages'>;

function isOnRecord({ claims, pages }: Records, serviceName: string): boolean {
  if (claims.has(serviceName)) return true;
  for (const records of pages.values()) if (records.has(serviceName)) return true;
  return false;
}

/** A service that holds nothing any more is nobody's: whoever claims next owns it. */
function ownersAfter(
  records: Records,
  before: Parts['owners'],
  changedNames: readonly string[],
): Parts['owners'] {
  const idle = changedNames.filter((name) => before.has(name) && !isOnRecord(records, name));
  if (idle.length === 0) return before;
  return before.with(idle.map((name) => [name, undefined]));
}

/** A node's records with one of them set, or forgotten when its `pageCount` is 0. */
export function withRecord(records: NodePageRecords, record: PageRecord): NodePageRecords {
  const { serviceName, sizeKb, pageCount } = record;
  invariant(Number.isSafeInteger(pageCount) && pageCount >= 0, `${pageCount} is no page count`);
  const sizes = new Map(records.get(serviceName));
  if (pageCount === 0) sizes.delete(sizeKb);
  else sizes.set(sizeKb, pageCount);
  return setOrDelete(records, serviceName, sizes);
}

/** Pages of one size that all services together have on record in a node. */
export function recordedPages(records: NodePageRecords, sizeKb: number): number {
  let count = 0;
  for (const sizes of records.values()) count += sizes.get(sizeKb) ?? 0;
  return count;
}

/** `claim` without `cpus`, or `undefined` when nothing is left. */
export function claimWithout(claim: Claim, cpus: CpuSet): Claim | undefined {
  const left = subtractCpus(claim.cpus, cpus);
  if (isEmpty(left)) return undefined;
  return { ...claim, cpus: left, explicitCpus: intersectCpus(claim.explicitCpus, left) };
}

function setOrDelete<K, V extends { readonly size: number }>(
  map: ReadonlyMap<K, V>,
  key: K,
  value: V,
): Map<K, V> {
  const next = new Map(map);
  if (value.size === 0) next.delete(key);
  else next.set(key, value);
  return next;
}
