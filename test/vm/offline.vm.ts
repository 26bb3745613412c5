/** CPUs that go offline and come back under claims. */

import { expect } from 'chai';
import type { Wire } from '../daemon/wire.js';
import { expectAgreement, expectUnavailable } from './agreement.js';
import { useReport } from './reports.js';

describe('CPUs that go offline under claims', () => {
  const report = useReport('offline');
  const cpusOf = (list: Wire, name: string) =>
    list['allocations'].find((one: Wire) => one['service_name'] === name)?.allocated_cores;

  it('are shown as the kernel shows them, at once', () => {
    const { whileKept, backAgain, afterwards } = report();
    for (const pictures of [whileKept.nodes, backAgain.nodes, afterwards]) {
      expectAgreement(pictures);
    }
  });

  it('stay on record for their owner, and are listed as unavailable', () => {
    const { kept, keptCpu, services, whileKept } = report();
    expect(cpusOf(whileKept.list, services.kept)).to.equal(kept);
    expectUnavailable(whileKept.list, [keptCpu]);
    expect(whileKept.list['cpu_pool'].unavailable_allocated_cpus).to.equal(`${keptCpu}`);
  });

  it('keep their owner from getting others', () => {
    const { keptCpu, whileKept } = report();
    expect(whileKept.more['code']).to.equal('CPUS_UNAVAILABLE');
    expect(whileKept.more['details']).to.deep.equal({ cpus: `${keptCpu}` });
  });

  it('are released like any other, and then nobody holds them', () => {
    const { leftCpu, keptCpu, services, release, afterRelease } = report();
    expect(release).not.to.have.property('error');
    expect(cpusOf(afterRelease, services.left)).to.equal(undefined);
    expectUnavailable(afterRelease, [leftCpu, keptCpu]);
    expect(afterRelease['cpu_pool'].unavailable_allocated_cpus).to.equal(`${keptCpu}`);
  });

  it("are their owner's again when they are back", () => {
    const { kept, services, backAgain } = report();
    expect(cpusOf(backAgain.list, services.kept)).to.equal(kept);
    expectUnavailable(backAgain.list, []);
    expect(backAgain.again['cores_allocated']).to.equal(kept);
  });
});
