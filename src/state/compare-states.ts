/** What differs between two states of who holds what. */

import { realChanges } from '../core/claim-changes.js';
import type { Claim, Holdings, PageRecord } from '../core/holdings.js';
import { compareNames } from '../core/names.js';
import { pageRecordsOf } from '../core/pages.js';

/** Something that a service had, has now, or both; and never the same twice. */
export interface Difference<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** A claim with the name of its service. */
export interface NamedClaim {
  readonly serviceName: string;
  readonly claim: Claim;
}

/** All that differs, by name. */
export interface Differences {
  readonly claims: readonly Difference<NamedClaim>[];
  readonly pageRecords: readonly Difference<PageRecord>[];
}

/** Compares who held what with who holds what. */
export function compareHoldings(before: Holdings, after: Holdings): Differences {
  const names = new Set([...before.claims.keys(), ...after.claims.keys()]);
  const changes = [...names]
    .sort(compareNames)
    .map((serviceName) => ({ serviceName, claim: after.claims.get(serviceName) }));
  return {
    claims: realChanges(before, changes).map(({ serviceName }) => ({
      before: namedClaim(before, serviceName),
      after: namedClaim(after, serviceName),
    })),
    pageRecords: comparePages(before, after),
  };
}

function namedClaim({ claims }: Holdings, serviceName: string): NamedClaim | undefined {
  const claim = claims.get(serviceName);
  return claim === undefined ? undefined : { serviceName, claim };
}

function comparePages(before: Holdings, after: Holdings): Difference<PageRecord>[] {
  const countIn = (holdings: Holdings, { serviceName, nodeId, sizeKb }: PageRecord) =>
    holdings.pagesOf(nodeId).get(serviceName)?.get(sizeKb);
  const differences: Difference<PageRecord>[] = [];
  for (const record of pageRecordsOf(after)) {
    const pageCount = countIn(before, record);
    if (pageCount === record.pageCount) continue;
    const was = pageCount === undefined ? undefined : { ...record, pageCount };
    differences.push({ before: was, after: record });
  }
  for (const record of pageRecordsOf(before)) {
    if (countIn(after, record) === undefined)
      differences.push({ before: record, after: undefined });
  }
  return differences.sort((a, b) => compareNames(nameOf(a), nameOf(b)));
}

function nameOf({ before, after }: Difference<PageRecord>): string {
  return (after ?? before)?.serviceName ?? '';
}
