import { expect } from 'chai';
import { cores, Host, hugepages, nodeOf, numa, pagesOf, recorded, twoNodes } from './hosts.js';
import { holdsInStories, stories } from './stories.js';

describe('a dry run', () => {
  it('gives the reply that would be, and changes nothing', () => {
    let grantedCount = 0;
    holdsInStories(stories, ({ request, reply, hostBefore, hostAfter, isGranted }) => {
      const host = hostBefore.copy();
      const tried = host.ask({ ...request, dry_run: true });
      expect(host.holdings).to.equal(hostBefore.holdings);
      if (isGranted) {
        grantedCount++;
        expect(tried).to.deep.equal({ preempted: [], ...reply, dry_run: true });
      } else {
        expect(tried).to.deep.equal(reply);
      }
      // Asked for in earnest with nothing in between, it gives the same CPUs.
      expect(host.ask({ ...request, dry_run: false })).to.deep.equal(reply);
      expect(recorded(host.holdings)).to.deep.equal(recorded(hostAfter.holdings));
    });
    expect(grantedCount).to.be.above(200);
  });

  it('says who would lose which CPUs', () => {
    const host = new Host(twoNodes).grant(cores('nova', 8));
    expect(host.ask(numa('dpdk', 1, 2, { dry_run: true }))).to.deep.include({
      cores_allocated: '4-5',
      preempted: [{ service_name: 'nova', cpus: '4-5' }],
      dry_run: true,
    });
    expect(host.cpusOf('nova')).to.equal('0-7');
  });

  it('works for releases and for pages', () => {
    const host = new Host({
      ...twoNodes,
      nodes: [nodeOf(0, 4, 1, [pagesOf(2048, 4)]), nodeOf(1, 4)],
    });
    host.grant(cores('a', 2), hugepages('a', 0, 2048, 1));
    expect(host.ask(cores('a', -1, { dry_run: true }))).to.include({
      allocated_cores: '',
      preemption_policy: null,
      dry_run: true,
    });
    expect(host.ask({ ...hugepages('a', 0, 2048, 4), dry_run: true })).to.deep.include({
      hugepages_requested: 4,
      preempted: [],
      dry_run: true,
    });
    expect(host.cpusOf('a')).to.equal('0-1');
  });
});
