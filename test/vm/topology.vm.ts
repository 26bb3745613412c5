/** What the daemon says of the machine, held against what the kernel says. */

import { expect } from 'chai';
import { expectAgreement, expectPagesAgree } from './agreement.js';
import { HUGEPAGES, ISOLATED_CPUS } from './machine.js';
import { useReport } from './reports.js';

describe('a daemon on a real kernel with two NUMA nodes', () => {
  const report = useReport('topology');

  it('shows the CPUs that are online, and those that are isolated', () => {
    const { kernel, topology } = report();
    expect(kernel).to.deep.equal({ onlineCpus: '0-15', isolatedCpus: ISOLATED_CPUS });
    expect(topology).to.deep.equal({
      onlineCpus: kernel.onlineCpus,
      isolated: { configured_cpus: kernel.isolatedCpus, eligible_cpus: '2-7,10-15' },
    });
  });

  it('shows nodes, thread siblings, memory and distances as the kernel does', () => {
    const { nodes } = report();
    const [first, second] = nodes.kernel;
    expect(nodes.kernel).to.have.length(2);
    expect(first).to.deep.include({ cpus: '0-7', cores: ['0-1', '2-3', '4-5', '6-7'] });
    expect(second?.distances).to.deep.equal({ 0: 21, 1: 10 });
    expectAgreement(nodes);
  });

  it('counts hugepages of both sizes as the kernel does', () => {
    const { pages } = report();
    const totals = (sizeKb: number) =>
      pages.filter((page) => page.sizeKb === sizeKb).map(({ total }) => total);
    expect(totals(2048)).to.deep.equal(HUGEPAGES.pages2M);
    expect(totals(1_048_576)).to.deep.equal(HUGEPAGES.pages1G);
    expectPagesAgree(pages, 'after the boot');
  });

  it('lists the isolated pool', () => {
    const { list } = report();
    expect(list.totalCpus).to.equal(12);
    expect(list.cpuPool).to.deep.equal({
      source: 'isolated',
      configured_cpus: ISOLATED_CPUS,
      eligible_cpus: '2-7,10-15',
      unavailable_allocated_cpus: '',
    });
  });

  it('says of itself that it serves this machine', () => {
    const { status, pid } = report();
    expect(status['state']).to.match(/^serving/);
    expect(status).to.include({ pid, sysfs_root: '/sys', sysfs_problem: null });
    expect(Object.keys(status['actors'])).to.include.members(['node-0', 'node-1']);
    expect(status['pools'].isolated).to.include({ is_configured: true, eligible_cpus: 12 });
  });
});
