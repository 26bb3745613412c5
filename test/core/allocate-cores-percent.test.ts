/** `allocate_cores_percent`: a share of the whole pool. */

import { expect } from 'chai';
import {
  cores,
  expectRefusal,
  flatMachine,
  general,
  Host,
  numa,
  percent,
  twoNodes,
} from './hosts.js';

describe('allocate_cores_percent', () => {
  it('grants the share and says so', () => {
    expect(new Host(flatMachine(20)).ask(percent('a', 50))).to.deep.equal({
      version: '1.0',
      service_name: 'a',
      cores_allocated_count: 10,
      allocated_cores: '0-9',
      total_available_cpus: 20,
      remaining_available_cpus: 10,
      pool: 'isolated',
      preemption_policy: 'legacy',
    });
  });

  for (const [eligible, share, count] of [
    [20, 1, 1],
    [20, 5, 1],
    [20, 6, 2],
    [3, 50, 2],
    [1, 1, 1],
    [1, 100, 1],
    [7, 100, 7],
    [10, 33, 4],
    [100, 7, 7],
    [100, 29, 29],
    [100, 57, 57],
    [150, 58, 87],
  ] as const) {
    it(`gives ${count} of ${eligible} CPUs for ${share} %, rounded up`, () => {
      const reply = new Host(flatMachine(eligible)).ask(percent('a', share));
      expect(reply).to.deep.include({ cores_allocated_count: count });
    });
  }

  it('takes the share of the whole pool and not of what is free', () => {
    const host = new Host(flatMachine(20)).grant(cores('b', 10));
    expect(host.ask(percent('a', 50))).to.deep.include({ allocated_cores: '10-19' });
    const reply = host.ask(percent('a', 60));
    expectRefusal(reply, 'INSUFFICIENT_CPUS');
    expect(reply['error']).to.equal('Insufficient CPUs available. Requested: 12, Available: 10');
  });

  it('takes the share of the CPUs that are online', () => {
    const host = new Host({ ...flatMachine(20), offline: '0-9' });
    expect(host.ask(percent('a', 50))).to.deep.include({ allocated_cores: '10-14' });
  });

  it('takes the share of the pool it is asked for', () => {
    const host = new Host({ ...flatMachine(20), isolated: '0-9' }, '10-13');
    expect(host.ask(percent('a', 50, general))).to.deep.include({
      allocated_cores: '10-11',
      total_available_cpus: 4,
      pool: 'general',
    });
  });

  it('replaces all that the service holds and makes it ordinary', () => {
    const host = new Host(twoNodes).grant(numa('a', 1, 4), percent('a', 25));
    expect(host.cpusOf('a')).to.equal('4-5');
    expect(host.explicitCpusOf('a')).to.equal('');
  });

  it('changes nothing when it is repeated', () => {
    const host = new Host(flatMachine(9)).grant(cores('b', 2), percent('a', 50));
    const first = host.ask(percent('a', 50));
    expect(first).to.deep.include({ allocated_cores: '2-6' });
    expect(host.ask(percent('a', 50))).to.deep.equal(first);
  });

  for (const share of [0, -1]) {
    it(`releases everything for ${share}`, () => {
      const host = new Host(twoNodes).grant(numa('a', 1, 2), numa('a', 0, 1));
      const reply = {
        version: '1.0',
        service_name: 'a',
        cores_allocated_count: 0,
        allocated_cores: '',
        total_available_cpus: 8,
        remaining_available_cpus: 8,
        pool: 'isolated',
        preemption_policy: null,
      };
      expect(host.ask(percent('a', share))).to.deep.equal(reply);
      expect(host.ask(percent('a', share))).to.deep.equal(reply);
    });
  }

  for (const share of [-2, 101, 1000]) {
    it(`refuses ${share} %`, () => {
      expectRefusal(new Host(flatMachine(4)).ask(percent('a', share)), 'INVALID_REQUEST');
    });
  }
});
