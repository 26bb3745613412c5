/** `list_allocations`: what is shown of a pool, and that it fits where clients read it. */

import { expect } from 'chai';
import {
  cores,
  expectRefusal,
  flatMachine,
  general,
  Host,
  list,
  nodeOf,
  nonPreemptive,
  numa,
  twoNodes,
} from './hosts.js';

/** What clients of old read of a reply, at most. */
const OLD_CLIENT_READS_BYTES = 4096;

describe('list_allocations', () => {
  it('shows a pool in which nothing is claimed', () => {
    const { supported_cpu_features, ...rest } = new Host(twoNodes).ask(list());
    expect(supported_cpu_features).to.include.members(['non-preemptive-allocations', 'cpu-pools']);
    expect(rest).to.deep.equal({
      version: '1.0',
      pool: 'isolated',
      total_allocations: 0,
      total_allocated_cpus: 0,
      total_available_cpus: 8,
      remaining_available_cpus: 8,
      cpu_pool: {
        source: 'isolated',
        configured_cpus: '0-7',
        eligible_cpus: '0-7',
        unavailable_allocated_cpus: '',
      },
      allocations: [],
    });
  });

  it('shows the claims of the pool by name, each with exactly its fields', () => {
    const host = new Host({ ...twoNodes, isolated: '0-1,3-6' }, '2,7').grant(
      numa('node-1', 1, 2),
      cores('Zeta', 1, nonPreemptive),
      cores('elsewhere', 2, general),
      numa('b', 0, 1),
    );
    host.grant(cores('both', 1), numa('both', 1, 1));
    const reply = host.ask(list());
    expect(reply).to.deep.include({
      total_allocations: 4,
      total_allocated_cpus: 6,
      total_available_cpus: 6,
      remaining_available_cpus: 0,
    });
    const rest = { pool: 'isolated', preemption_policy: 'legacy', cores_count: 1 };
    expect(reply['allocations']).to.deep.equal([
      {
        ...rest,
        preemption_policy: 'non-preemptive',
        service_name: 'Zeta',
        allocated_cores: '0',
        is_explicit: false,
      },
      { ...rest, service_name: 'b', allocated_cores: '1', is_explicit: true },
      {
        ...rest,
        service_name: 'both',
        allocated_cores: '3,6',
        cores_count: 2,
        is_explicit: true,
        explicit_cores: '6',
      },
      {
        ...rest,
        service_name: 'node-1',
        allocated_cores: '4-5',
        cores_count: 2,
        is_explicit: true,
      },
    ]);
  });

  it('shows the general pool on its own', () => {
    const host = new Host({ ...twoNodes, isolated: '0-3' }, '4-6').become({ offline: '5' });
    host.grant(cores('a', 1), cores('b', 1, general));
    expect(host.ask(list(general))).to.deep.include({
      pool: 'general',
      total_allocations: 1,
      total_allocated_cpus: 1,
      total_available_cpus: 2,
      remaining_available_cpus: 1,
      cpu_pool: {
        source: 'configured',
        configured_cpus: '4-6',
        eligible_cpus: '4,6',
        unavailable_allocated_cpus: '',
      },
    });
  });

  it('shows claimed CPUs that are offline or out of the pool as unavailable', () => {
    const host = new Host(twoNodes).grant(cores('a', 4), numa('b', 1, 4));
    host.become({ offline: '1,7', isolated: '0-2,4-7' });
    expect(host.ask(list())).to.deep.include({
      total_allocated_cpus: 8,
      total_available_cpus: 5,
      remaining_available_cpus: 0,
      cpu_pool: {
        source: 'isolated',
        configured_cpus: '0-2,4-7',
        eligible_cpus: '0,2,4-6',
        unavailable_allocated_cpus: '1,3,7',
      },
    });
  });

  it('lists claims when no CPU is eligible', () => {
    const host = new Host(twoNodes).grant(cores('a', 2)).become({ isolated: '' });
    const reply = host.ask(list());
    expect(reply).to.deep.include({ total_allocations: 1, total_available_cpus: 0 });
    expect(reply).to.have.nested.property('allocations[0].allocated_cores', '0-1');
  });

  it('is not filtered by the service that asks', () => {
    const host = new Host(twoNodes).grant(cores('a', 2), cores('b', 2));
    const all = host.ask(list());
    for (const service_name of ['a', 'nobody', '', null]) {
      expect(host.ask(list({ service_name }))).to.deep.equal(all);
    }
  });

  it('refuses a pool that is unknown or null', () => {
    for (const pool of ['shared', '', null, 0]) {
      expectRefusal(new Host(twoNodes).ask(list({ pool })), 'INVALID_REQUEST');
    }
  });

  for (const [title, grant] of [
    ['ordinary', (name: string) => cores(name, 4)],
    ['explicit', (name: string) => numa(name, 0, 4)],
  ] as const) {
    it(`shows 24 services with ${title} claims in what clients of old read at once`, () => {
      // Siblings are n and n + 200: every service gets two cores, written with three digits.
      const host = new Host({
        nodes: [nodeOf(0, 200, 2)],
        numbering: 'interleaved',
        isolated: '100-147,300-347',
      });
      for (let index = 0; index < 24; index++) {
        host.grant(grant(`service-${`${index}`.padStart(4, '0')}`));
      }
      const reply = host.ask(list());
      expect(reply).to.deep.include({ total_allocations: 24, total_allocated_cpus: 96 });
      expect(reply).to.have.nested.property('allocations[23].allocated_cores', '146-147,346-347');
      const bytes = Buffer.byteLength(JSON.stringify(reply));
      expect(bytes).to.be.at.most(OLD_CLIENT_READS_BYTES);
    });
  }

  it('names services with names that mean something to an object', () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf'];
    const host = new Host(flatMachine(10));
    for (const name of names) {
      expect(host.ask(cores(name, 1))).to.deep.include({ service_name: name });
      expect(host.ask(numa(name, 0, 2))).to.deep.include({ preemption_policy: 'legacy' });
    }
    const text = JSON.stringify(host.ask(list()));
    for (const name of names) {
      expect(text).to.include(`"service_name":"${name}"`);
      expect(host.ask(cores(name, -1))).to.deep.include({ preemption_policy: null });
    }
    expect(host.ask(list())).to.deep.include({ total_allocations: 0 });
  });
});
