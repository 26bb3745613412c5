/** Hyper-threading that is switched off and on under claims. */

import { expect } from 'chai';
import { expectAgreement, expectUnavailable } from './agreement.js';
import { idsOf } from './guest/kernel.js';
import { useReport } from './reports.js';

describe('hyper-threading that is switched off under claims', () => {
  const report = useReport('smt');

  it('leaves one thread of each core, which the daemon shows at once', () => {
    const { gone, nodes } = report();
    expect(gone).to.deep.equal([1, 3, 5, 7, 9, 11, 13, 15]);
    expect(nodes.kernel.map(({ cores }) => cores)).to.deep.equal([
      ['0', '2', '4', '6'],
      ['8', '10', '12', '14'],
    ]);
    expectAgreement(nodes);
  });

  it('leaves all claims on record, and lists the lost threads as unavailable', () => {
    const { gone, list, kept, keptMeanwhile } = report();
    expect(keptMeanwhile).to.equal(kept);
    expect(idsOf(kept).filter((cpu) => gone.includes(cpu))).not.to.deep.equal([]);
    expectUnavailable(list, gone);
  });

  it('lets a service release what it has of both kinds', () => {
    const { release, afterRelease } = report();
    expect(release).not.to.have.property('error');
    expect(afterRelease).to.equal(null);
  });

  it('gives the threads back to their owners when it is switched on', () => {
    const { kept, back } = report();
    expectUnavailable(back.list, []);
    expect(back.again['cores_allocated']).to.equal(kept);
    expectAgreement(back.nodes);
  });
});
