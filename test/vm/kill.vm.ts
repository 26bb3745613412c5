/** A daemon that is killed while a claimed CPU is offline. */

import { expect } from 'chai';
import { expectUnavailable } from './agreement.js';
import { useReport } from './reports.js';

describe('a daemon that is killed while clients ask and a claimed CPU is offline', () => {
  const report = useReport('kill');

  it('has everything that was acknowledged when it is back', () => {
    const { claimed, recorded, cpu, afterKill } = report();
    expect(recorded).to.include({ allocation_successful: true });
    expect(afterKill).to.include({ cpus: claimed });
    expect(afterKill.pages).to.deep.equal({ 2048: 3 });
    expectUnavailable(afterKill.list, [cpu]);
  });

  it('still knows to which node the offline CPU belongs, and takes it back there', () => {
    const { release, afterRelease } = report();
    expect(release).not.to.have.property('error');
    expect(afterRelease).to.equal(null);
  });
});
