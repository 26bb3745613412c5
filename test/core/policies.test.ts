/** Preemption policies: who has which, and how it changes. */

import { expect } from 'chai';
import {
  cores,
  expectRefusal,
  Host,
  legacy,
  nonPreemptive,
  numa,
  percent,
  twoNodes,
  type Wire,
} from './hosts.js';

const grants: readonly (readonly [string, (more?: Wire) => Wire])[] = [
  ['allocate_cores', (more) => cores('a', 2, more)],
  ['allocate_cores_percent', (more) => percent('a', 25, more)],
  ['allocate_numa_cores', (more) => numa('a', 0, 2, more)],
];

for (const [action, request] of grants) {
  describe(`the policy of a service that uses ${action}`, () => {
    const policyAfter = (...requests: readonly Wire[]) => {
      const host = new Host(twoNodes).grant(...requests.slice(0, -1));
      return host.ask(requests.at(-1) ?? {})['preemption_policy'];
    };

    it('is legacy for a new service that says nothing', () => {
      expect(policyAfter(request())).to.equal('legacy');
      expect(policyAfter(request({ preemption_policy: null }))).to.equal('legacy');
    });

    it('is what a new service says', () => {
      expect(policyAfter(request(legacy))).to.equal('legacy');
      expect(policyAfter(request(nonPreemptive))).to.equal('non-preemptive');
    });

    it('is inherited by a later request that names none', () => {
      expect(policyAfter(request(nonPreemptive), request())).to.equal('non-preemptive');
      const unnamed = request({ preemption_policy: null });
      expect(policyAfter(request(nonPreemptive), unnamed)).to.equal('non-preemptive');
    });

    it('can be raised', () => {
      expect(policyAfter(request(), request(nonPreemptive))).to.equal('non-preemptive');
    });

    it('cannot be lowered while the service holds anything', () => {
      const host = new Host(twoNodes).grant(request(nonPreemptive));
      expectRefusal(host.ask(request(legacy)), 'POLICY_CONFLICT');
      host.grant(request());
      expect(host.ask(request())).to.deep.include({ preemption_policy: 'non-preemptive' });
    });

    it('starts anew once everything is released', () => {
      const freed = [request(nonPreemptive), cores('a', -1)];
      expect(policyAfter(...freed, request())).to.equal('legacy');
      expect(policyAfter(...freed, request(legacy))).to.equal('legacy');
    });
  });
}

describe('a policy', () => {
  it('covers all claims of the service once it is raised', () => {
    const host = new Host(twoNodes).grant(cores('a', 8), numa('a', 0, 1, nonPreemptive));
    expect(host.ask({ action: 'list_allocations' })).to.have.nested.property(
      'allocations[0].preemption_policy',
      'non-preemptive',
    );
    expectRefusal(host.ask(numa('b', 1, 1)), 'INSUFFICIENT_CPUS');
  });

  it('is raised by a request that moves no CPU', () => {
    const host = new Host(twoNodes).grant(cores('a', 8), cores('a', 8, nonPreemptive));
    expectRefusal(host.ask(numa('b', 1, 1)), 'INSUFFICIENT_CPUS');
  });

  it('is not raised by a request that is refused', () => {
    const host = new Host(twoNodes).grant(cores('a', 2));
    expectRefusal(host.ask(cores('a', 9, nonPreemptive)), 'INSUFFICIENT_CPUS');
    expect(host.ask(cores('a', 2))).to.deep.include({ preemption_policy: 'legacy' });
  });

  it('stays after a release of part of the claims', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 1, nonPreemptive), numa('a', 1, 1));
    host.grant(numa('a', 0, -1));
    expectRefusal(host.ask(numa('a', 1, 1, legacy)), 'POLICY_CONFLICT');
  });

  it('is ignored on a release: it neither refuses, raises nor lowers', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 1, nonPreemptive), numa('a', 1, 1));
    expect(host.ask(numa('a', 0, -1, legacy))).to.deep.include({
      preemption_policy: 'non-preemptive',
    });
    host.grant(numa('b', 0, 1), numa('b', 1, 1));
    expect(host.ask(numa('b', 0, -1, nonPreemptive))).to.deep.include({
      preemption_policy: 'legacy',
    });
  });

  it('is each service’s own', () => {
    const host = new Host(twoNodes).grant(cores('a', 1, nonPreemptive));
    expect(host.ask(cores('b', 1))).to.deep.include({ preemption_policy: 'legacy' });
  });
});
