/** What is another in one state of who holds what than in another one. */

import { expect } from 'chai';
import fc from 'fast-check';
import { compareHoldings } from '../../src/state/compare-states.js';
import { formatState, parseState } from '../../src/state/state-format.js';
import { smallState, states } from './states.js';

describe('two states of who holds what', () => {
  it('differ in nothing from themselves', () => {
    fc.assert(
      fc.property(states, ({ holdings }) => {
        const same = parseState(formatState({ ...smallState, holdings }, new Date())).holdings;
        expect(compareHoldings(holdings, same)).to.deep.equal({ claims: [], pageRecords: [] });
      }),
    );
  });

  it('differ in what came, what went, and what is another now', () => {
    const { holdings } = smallState;
    const after = holdings
      .withClaims([{ serviceName: 'ä', claim: undefined }])
      .withPages({ serviceName: 'ceph', nodeId: 1, sizeKb: 2048, pageCount: 11 })
      .withPages({ serviceName: 'a', nodeId: 0, sizeKb: 4, pageCount: 1 });
    const there = compareHoldings(holdings, after);
    expect(there.claims).to.have.length(1);
    expect(there.claims[0]?.before?.serviceName).to.equal('ä');
    expect(there.claims[0]?.after).to.equal(undefined);
    const ceph = { serviceName: 'ceph', nodeId: 1, sizeKb: 2048 };
    expect(there.pageRecords).to.deep.equal([
      { before: undefined, after: { serviceName: 'a', nodeId: 0, sizeKb: 4, pageCount: 1 } },
      { before: { ...ceph, pageCount: 10 }, after: { ...ceph, pageCount: 11 } },
    ]);
    const swapped = <T>({ before, after }: { before: T; after: T }) => ({
      before: after,
      after: before,
    });
    const back = compareHoldings(after, holdings);
    expect(back.claims).to.deep.equal(there.claims.map(swapped));
    expect(back.pageRecords).to.deep.equal(there.pageRecords.map(swapped));
  });
});
