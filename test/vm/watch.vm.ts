/** One who watches while CPUs, pages and a node come and go. */

import { expect } from 'chai';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { countCpus } from '../../src/core/cpu-set.js';
import type { Wire } from '../daemon/wire.js';
import { useReport } from './reports.js';

describe('one who watches a daemon on a real kernel', () => {
  const report = useReport('watch');
  const lines = (type: string): Wire[] =>
    report().machineLines.filter((line) => line['type'] === type);

  it('misses no line, and has the same picture in the end as one who comes then', () => {
    expect(report().faults).to.deep.equal([null, null]);
  });

  it('hears of CPUs that go offline and come back', () => {
    expect(lines('cpus_offline')).to.have.length.above(2);
    expect(lines('cpus_online')).to.have.length.above(2);
    expect(lines('pool_changed')).to.have.length.above(2);
  });

  it('hears of the node that is plugged in, and that it is gone when nothing is on record there', () => {
    expect(lines('node_added').map((line) => line['node'].node_id)).to.include(2);
    expect(lines('node_removed').map((line) => line['node_id'])).to.include(2);
  });

  it('hears of no CPU without a node: all of them have one, also while they come and go', () => {
    const homeless = lines('node_added').filter((line) => line['node'].node_id === null);
    expect(homeless).to.deep.equal([]);
  });

  it('hears of hugepages that the kernel gets and gives back', () => {
    const totals = lines('hugepages_changed')
      .filter((line) => line['node_id'] === 0 && line['size_kb'] === 2_048)
      .map((line) => line['total']);
    expect(totals).to.include(64);
    expect(totals.length).to.be.above(1);
  });

  it('hears who lost CPUs by force, and to whom', () => {
    for (const line of report().preemptions) {
      expect(line).to.include({ service_name: 'victim', by: 'winner' });
      expect(countCpus(parseCpuList(line['cpus']))).to.be.above(0);
    }
  });
});
