/** Of a long list, what is in sight is drawn, and little more. */

import { expect } from 'chai';
import fc from 'fast-check';
import { rowWindow } from '../../src/page/row-window.js';

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
