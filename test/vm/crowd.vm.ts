/** What clients saw that asked all the time, and what the daemons logged. */

import { expect } from 'chai';
import { useReport } from './reports.js';

/** What a daemon may complain of here: the emulator had no time, or a kill hit a write. */
const EXPECTED_COMPLAINTS = [
  'the machine cannot be read; nothing is granted',
  'a copy of the state is healed from its twin',
];
const OVERDUE = 'reading took too long and was given up';

describe('clients that allocate and release while CPUs, pages and nodes come and go', () => {
  const report = useReport('crowd');

  it('hear nothing wrong, and see no CPU with two owners', () => {
    const { fault, tally } = report();
    process.stdout.write(`      ${JSON.stringify(tally)}\n`);
    if (fault !== null) throw new Error(fault);
    for (const what of ['acknowledgedChanges', 'refusals', 'lists'] as const) {
      expect(tally[what], what).to.be.above(0);
    }
  });

  it('get no CPU that was offline when they asked', () => {
    // A fault would have stopped them; here it must have been put to the test.
    expect(report().tally.grantsWhileOffline).to.be.above(0);
  });

  it('leave no internal error in the log of any daemon', () => {
    const unexpected = report().complaints.filter(
      ({ msg, reason, path }) =>
        !EXPECTED_COMPLAINTS.includes(msg) || (path !== undefined && reason !== OVERDUE),
    );
    expect(unexpected).to.deep.equal([]);
  });

  it('can be left by a daemon that ends in order', () => {
    expect(report().exitStatus).to.equal(0);
  });
});
