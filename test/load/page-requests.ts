/** Requests to record hugepages at random, and what becomes of the records when one is granted. */

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Wire } from '../daemon/wire.js';
import { type Held, pageRecordName } from './listings.js';
import type { Asked } from './promises.js';

/** The machine has few pages of the larger size, so that there are not always enough. */
const PLACES = [0, 1].flatMap((node_id) =>
  [2048, 1_048_576].map((size_kb) => ({ node_id, size_kb })),
);

/** All records that a service may have. */
export function pageRecordNames(serviceName: string): string[] {
  return PLACES.map(({ node_id, size_kb }) => pageRecordName(serviceName, node_id, size_kb));
}

/** Requests of one service: sets a record, or forgets it. */
export const pageRequests = (serviceName: string): fc.Arbitrary<Wire> =>
  fc
    .record({
      place: fc.constantFrom(...PLACES),
      count: fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: 1, max: 5 }) },
        { weight: 1, arbitrary: fc.constant(-1) },
      ),
    })
    .map(({ place, count }) => ({
      action: 'allocate_hugepages',
      service_name: serviceName,
      hugepages_requested: count,
      ...place,
    }));

/** What a client has on record after its request was granted. */
export function afterRecord(request: Wire, before: Held<number>): Held<number> {
  const { service_name, node_id, size_kb, hugepages_requested } = request;
  const after = new Map(before);
  const name = pageRecordName(service_name, node_id, size_kb);
  if (hugepages_requested === -1) after.delete(name);
  else after.set(name, hugepages_requested);
  return after;
}

/** Makes a request one of which it is known what becomes of it. */
export function askForPages(request: Wire): Asked<number> {
  return {
    request,
    objection: (before, after) =>
      isDeepStrictEqual(after, afterRecord(request, before)) ? null : 'which is another record',
  };
}
