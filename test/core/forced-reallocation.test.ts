/** Forced reallocation: what `allocate_numa_cores` may take from others, and what it may not. */

import { expect } from 'chai';
import {
  cores,
  expectRefusal,
  flatMachine,
  general,
  Host,
  nonPreemptive,
  numa,
  twoNodes,
  twoSmtNodes,
} from './hosts.js';

describe('forced reallocation', () => {
  it('takes ordinary claims of others, and says from whom', () => {
    const host = new Host(twoNodes).grant(cores('hypervisor', 8));
    expect(host.ask(numa('dpdk', 1, 2))).to.deep.equal({
      version: '1.0',
      service_name: 'dpdk',
      numa_node: 1,
      num_of_cores: 2,
      cores_allocated: '4-5',
      preempted: [{ service_name: 'hypervisor', cpus: '4-5' }],
      total_available_cpus: 8,
      remaining_available_cpus: 0,
      pool: 'isolated',
      preemption_policy: 'legacy',
    });
    expect(host.cpusOf('hypervisor')).to.equal('0-3,6-7');
    expect(host.explicitCpusOf('dpdk')).to.equal('4-5');
  });

  it('takes from several services, named in order', () => {
    const host = new Host(twoNodes).grant(cores('d', 4), cores('c', 1), cores('b', 1));
    host.grant(cores('a', 2));
    expect(host.ask(numa('taker', 1, 4))).to.have.deep.property('preempted', [
      { service_name: 'a', cpus: '6-7' },
      { service_name: 'b', cpus: '5' },
      { service_name: 'c', cpus: '4' },
    ]);
    expect(host.cpusOf('d')).to.equal('0-3');
  });

  it('lets a service that is left with nothing disappear from the list', () => {
    const host = new Host(twoNodes).grant(numa('x', 0, 4), cores('victim', 2), numa('a', 1, 4));
    const reply = host.ask({ action: 'list_allocations' });
    expect(reply).to.deep.include({ total_allocations: 2, total_allocated_cpus: 8 });
    expect(JSON.stringify(reply)).not.to.include('victim');
  });

  it('takes nothing while free CPUs in the node do', () => {
    const host = new Host(twoNodes).grant(numa('x', 0, 4), cores('victim', 2));
    const reply = host.ask(numa('a', 1, 2));
    expect(reply).to.deep.include({ cores_allocated: '6-7' });
    expect(reply).not.to.have.property('preempted');
    expect(host.cpusOf('victim')).to.equal('4-5');
  });

  it('takes only what free CPUs in the node leave wanting', () => {
    const host = new Host(twoNodes).grant(numa('x', 0, 4), cores('victim', 3));
    expect(host.ask(numa('a', 1, 2))).to.deep.include({
      cores_allocated: '4,7',
      preempted: [{ service_name: 'victim', cpus: '4' }],
    });
    expect(host.cpusOf('victim')).to.equal('5-6');
  });

  it('keeps its own CPUs before it takes those of others', () => {
    const host = new Host(twoNodes).grant(cores('victim', 7), cores('a', 1));
    expect(host.ask(numa('a', 1, 2))).to.deep.include({
      cores_allocated: '4,7',
      preempted: [{ service_name: 'victim', cpus: '4' }],
    });
  });

  it('takes a CPU although free ones are in other nodes', () => {
    const host = new Host(twoNodes).grant(cores('victim', 4));
    expect(host.ask(numa('a', 0, 1))).to.deep.include({
      cores_allocated: '0',
      remaining_available_cpus: 4,
    });
    expect(host.cpusOf('victim')).to.equal('1-3');
  });

  it('takes whole cores before single CPUs of split ones', () => {
    const host = new Host(twoSmtNodes).grant(cores('x', 1), numa('x', 0, 1), cores('victim', 7));
    expect(host.cpusOf('victim')).to.equal('1-3,8-11');
    expect(host.ask(numa('a', 0, 2))).to.have.deep.property('preempted', [
      { service_name: 'victim', cpus: '1,9' },
    ]);
  });

  it('takes the sibling of a core it already holds part of first', () => {
    const host = new Host(twoSmtNodes).grant(numa('a', 0, 1), cores('victim', 15));
    expect(host.ask(numa('a', 0, 2))).to.deep.include({
      cores_allocated: '0,8',
      preempted: [{ service_name: 'victim', cpus: '8' }],
    });
  });

  it('leaves the rest of the victim as it was', () => {
    const host = new Host(twoNodes).grant(cores('victim', 6), numa('victim', 0, 2));
    host.grant(numa('a', 1, 3));
    expect(host.cpusOf('victim')).to.equal('0-1,5');
    expect(host.explicitCpusOf('victim')).to.equal('0-1');
    expect(host.ask(cores('victim', -1))).to.deep.include({ remaining_available_cpus: 5 });
  });

  it('takes from a service that holds offline CPUs elsewhere, and leaves it those', () => {
    const host = new Host(twoNodes).grant(cores('victim', 8)).become({ offline: '0' });
    expect(host.ask(numa('a', 1, 4))).to.have.property('preempted');
    expect(host.cpusOf('victim')).to.equal('0-3');
  });

  it('does not choose an offline CPU of another service', () => {
    const host = new Host(twoNodes).grant(cores('victim', 8)).become({ offline: '4' });
    expect(host.ask(numa('a', 1, 3))).to.deep.include({ cores_allocated: '5-7' });
    expect(host.cpusOf('victim')).to.equal('0-4');
  });

  it('makes CPUs explicit that others then cannot take', () => {
    const host = new Host(twoNodes).grant(cores('victim', 8), numa('a', 1, 4));
    const reply = host.ask(numa('b', 1, 1));
    expectRefusal(reply, 'INSUFFICIENT_CPUS');
    expect(host.ask(numa('victim', 1, 1))).to.have.property('code', 'INSUFFICIENT_CPUS');
    expect(host.cpusOf('a')).to.equal('4-7');
  });

  it('takes CPUs that a non-preemptive service, or an explicit claim, held before', () => {
    const host = new Host(twoNodes).grant(cores('safe', 4, nonPreemptive), cores('safe', -1));
    host.grant(numa('b', 1, 4), numa('b', 1, -1), cores('victim', 8));
    expect(host.ask(numa('a', 0, 4))).to.have.property('preempted');
    expect(host.ask(numa('a', 1, 4))).to.have.property('preempted');
    expect(host.cpusOf('a')).to.equal('0-7');
  });

  it('adds nothing to the reply of a release', () => {
    const host = new Host(twoNodes).grant(cores('victim', 8), numa('a', 1, 2));
    expect(host.ask(numa('a', 1, -1))).not.to.have.property('preempted');
    expect(host.cpusOf('victim')).to.equal('0-3,6-7');
  });
});

describe('what cannot be taken by force', () => {
  it('is an explicit claim', () => {
    const host = new Host(twoNodes).grant(numa('x', 0, 4), cores('victim', 4));
    host.grant(numa('victim', 1, 4));
    expectRefusal(host.ask(numa('a', 1, 1)), 'INSUFFICIENT_CPUS');
  });

  it('is the explicit part of a service that has both kinds', () => {
    const host = new Host(twoNodes).grant(numa('victim', 0, 3), numa('x', 1, 4));
    host.grant(cores('other', 1));
    expect(host.ask(numa('a', 0, 1))).to.have.deep.property('preempted', [
      { service_name: 'other', cpus: '3' },
    ]);
    expectRefusal(host.ask(numa('a', 0, 2)), 'INSUFFICIENT_CPUS');
  });

  it('is any claim of a non-preemptive service', () => {
    const host = new Host(twoNodes).grant(cores('safe', 6, nonPreemptive), cores('victim', 2));
    expect(host.ask(numa('a', 1, 2))).to.deep.include({ cores_allocated: '6-7' });
    expectRefusal(host.ask(numa('a', 1, 3)), 'INSUFFICIENT_CPUS');
    expectRefusal(host.ask(numa('a', 0, 1)), 'INSUFFICIENT_CPUS');
    expect(host.cpusOf('safe')).to.equal('0-5');
  });

  it('is an older claim of a service that has become non-preemptive elsewhere', () => {
    const host = new Host(twoNodes).grant(cores('safe', 6), numa('safe', 0, 1, nonPreemptive));
    expect(host.cpusOf('safe')).to.equal('0,4-5');
    expect(host.explicitCpusOf('safe')).to.equal('0');
    expectRefusal(host.ask(numa('a', 1, 3)), 'INSUFFICIENT_CPUS');
  });

  it('is anything at all when the requester is non-preemptive', () => {
    const host = new Host(twoNodes).grant(cores('victim', 2), numa('a', 1, 1, nonPreemptive));
    expectRefusal(host.ask(numa('a', 0, 3)), 'INSUFFICIENT_CPUS');
    expect(host.ask(numa('a', 0, 2))).to.deep.include({ cores_allocated: '2-3' });
    expectRefusal(host.ask(numa('b', 0, 1, nonPreemptive)), 'INSUFFICIENT_CPUS');
    expect(host.cpusOf('victim')).to.equal('0-1');
  });

  it('is anything at all when the requester becomes non-preemptive', () => {
    const host = new Host(twoNodes).grant(numa('a', 0, 1), cores('victim', 7));
    expectRefusal(host.ask(numa('a', 0, 2, nonPreemptive)), 'INSUFFICIENT_CPUS');
    expect(host.ask(numa('a', 0, 2))).to.have.property('preempted');
    expect(host.ask(numa('a', 0, 2, nonPreemptive))).to.deep.include({ cores_allocated: '0-1' });
  });

  it('is a claim of a service of another pool', () => {
    const host = new Host({ ...flatMachine(8), isolated: '0-3' }, '4-7')
      .grant(cores('other', 4, general), cores('victim', 3))
      .become({ isolated: '0-5', general: '6-7' });
    expect(host.ask(numa('a', 0, 4))).to.deep.include({
      cores_allocated: '0-3',
      preempted: [{ service_name: 'victim', cpus: '0-2' }],
    });
    expectRefusal(host.ask(numa('a', 0, 5)), 'INSUFFICIENT_CPUS');
    expect(host.cpusOf('other')).to.equal('4-7');
  });

  it('is told with the numbers and with who holds the rest', () => {
    const host = new Host(twoNodes).grant(numa('x', 1, 3));
    const { details } = host.ask(numa('a', 1, 2));
    expect(details).to.deep.include({ requested: 2, available: 1 });
    expect(JSON.stringify(details)).to.include('"service_name":"x"');
  });
});
