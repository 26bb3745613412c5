/** Of a long list, what is in sight is drawn, and little more. */

import { expect } from 'chai';
import fc from 'fast-check';
import { rowWindow, scrollTopOf, upperEdge } from '../../src/page/row-window.js';

describe('the rows that are drawn', () => {
  it('have all in sight, and never more than a few around them', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.integer({ min: 10, max: 80 }),
        fc.integer({ min: -50, max: 5_000_000 }),
        fc.nat(2_000),
        (count, rowHeight, scrollTop, viewHeight) => {
          const { start, end } = rowWindow(count, rowHeight, scrollTop, viewHeight);
          expect(start).to.be.within(0, end);
          expect(end).to.be.at.most(count);
          expect(end - start).to.be.at.most(viewHeight / rowHeight + 20);
          for (const y of [scrollTop, scrollTop + viewHeight - 1]) {
            const row = Math.floor(y / rowHeight);
            if (row >= 0 && row < count && viewHeight > 0) {
              expect(row).to.be.within(start, end - 1);
            }
          }
        },
      ),
    );
  });
});

describe('the place in a list', () => {
  /** Rows as a recording has them: numbers that grow, with gaps. */
  const lists = fc
    .uniqueArray(fc.nat(100_000), { minLength: 1, maxLength: 200 })
    .map((numbers) => numbers.sort((a, b) => a - b).map((first) => ({ first })));

  it('stays where it is while rows come behind it and go before it', () => {
    fc.assert(
      fc.property(lists, fc.nat(199), fc.nat(41), fc.nat(199), (rows, at, offset, dropped) => {
        const index = at % rows.length;
        const goneCount = dropped % (index + 1);
        const edge = upperEdge(rows, 42, index * 42 + offset);
        expect(scrollTopOf(rows, 42, edge)).to.equal(index * 42 + offset);
        const later = [...rows.slice(goneCount), { first: 100_001 }, { first: 100_002 }];
        expect(scrollTopOf(later, 42, edge)).to.equal((index - goneCount) * 42 + offset);
      }),
    );
  });

  it('is the next row that is left when the row is gone', () => {
    const rows = [3, 7, 9].map((first) => ({ first }));
    const edge = upperEdge(rows, 42, 50);
    expect(edge).to.deep.equal({ first: 7, offset: 8 });
    expect(scrollTopOf(rows.slice(2), 42, edge)).to.equal(0);
    expect(scrollTopOf([], 42, edge)).to.equal(0);
  });
});
