/** A NUMA node that comes and goes, with its CPUs and memory. */

import { expect } from 'chai';
import { expectAgreement, expectPagesAgree, expectUnavailable } from './agreement.js';
import { idsOf } from './guest/kernel.js';
import { useReport } from './reports.js';

const NODE = 2;

describe('a node that is plugged in, used and unplugged', () => {
  const report = useReport('hotplug');

  it('does not exist before, nor while its CPUs are there and offline', () => {
    for (const reply of [report().before, report().presentAndOffline]) {
      expect(reply['code']).to.equal('NUMA_NODE_NOT_FOUND');
      expect(reply['details']).to.deep.equal({ numa_nodes: [0, 1] });
    }
  });

  it('is shown as the kernel shows it, with its CPUs, memory, pages and distances', () => {
    const { plugged, pages } = report();
    expect(plugged.kernel[2]).to.deep.equal({
      id: NODE,
      cpus: '16-19',
      cores: ['16-17', '18-19'],
      memoryTotalKb: 512 * 1024,
      distances: { 0: 31, 1: 31, 2: 10 },
    });
    expectAgreement(plugged);
    expectPagesAgree(pages, 'with the third node');
  });

  it('gives CPUs and hugepages to services', () => {
    const { claimed, alsoClaimed, recorded, pages } = report();
    const cpus = [...idsOf(claimed), ...idsOf(alsoClaimed)];
    expect(new Set(cpus).size).to.equal(3);
    expect([16, 17, 18, 19]).to.include.members(cpus);
    expect(recorded).to.include({ allocation_successful: true });
    const ofNode = pages.find(({ nodeId, sizeKb }) => nodeId === NODE && sizeKb === 2048);
    expect(ofNode).to.include({ total: 8, recorded: 5, daemonFree: 3 });
  });

  it('is gone when it is unplugged, and what is claimed there stays on record', () => {
    const { unplugged, withClaims, claimed } = report();
    expect(unplugged.kernel.map(({ id }) => id)).to.deep.equal([0, 1]);
    expectAgreement(unplugged);
    expect(withClaims.cpus).to.equal(claimed);
    expect(withClaims.node).to.include({ is_present: false, online_cpus: '', memory_kb: null });
    expectUnavailable(withClaims.list, [16, 17, 18, 19]);
    expect(withClaims.memory).to.deep.equal({
      capacity: [],
      allocations: { 'scenario-hot': { 2048: 5 } },
    });
  });

  it('is remembered by a daemon that is started after it was unplugged', () => {
    const { afterRestart, claimed, withClaims } = report();
    expect(afterRestart.cpus).to.equal(claimed);
    expect(afterRestart.node).to.include({ node_id: NODE, is_present: false });
    expect(afterRestart.memory).to.deep.equal(withClaims.memory);
    expectUnavailable(afterRestart.list, [16, 17, 18, 19]);
  });

  it('gives nothing any more', () => {
    expect(report().more).to.have.property('error');
  });

  it('takes back what was claimed there', () => {
    const { releases, withoutClaims } = report();
    for (const reply of releases) expect(reply).not.to.have.property('error');
    expect(withoutClaims.cpus).to.equal(null);
    expect(withoutClaims.memory).to.equal(null);
  });
});
