/** `allocate_cores`, sentence by sentence of the wire contract. */

import { expect } from 'chai';
import {
  cores,
  expectRefusal,
  flatMachine,
  Host,
  legacy,
  numa,
  percent,
  twoNodes,
} from './hosts.js';

describe('allocate_cores', () => {
  it('grants exactly as many CPUs as asked for, and says so', () => {
    expect(new Host(flatMachine(20)).ask(cores('a', 2))).to.deep.equal({
      version: '1.0',
      service_name: 'a',
      num_of_cores: 2,
      cores_allocated: 2,
      allocated_cores: '0-1',
      shared_cpus: '2-19',
      total_available_cpus: 20,
      remaining_available_cpus: 18,
      pool: 'isolated',
      preemption_policy: 'legacy',
    });
  });

  it('grants every CPU of the pool to one service', () => {
    const reply = new Host(flatMachine(20)).ask(cores('a', 20));
    expect(reply).to.deep.include({
      cores_allocated: 20,
      allocated_cores: '0-19',
      shared_cpus: '',
      remaining_available_cpus: 0,
    });
  });

  it('refuses more than there are with both numbers', () => {
    const reply = new Host(flatMachine(20)).ask(cores('a', 100));
    expectRefusal(reply, 'INSUFFICIENT_CPUS');
    expect(reply['error']).to.equal('Insufficient CPUs available. Requested: 100, Available: 20');
  });

  it('counts its own CPUs as available, and nobody else’s', () => {
    const host = new Host(flatMachine(20)).grant(cores('a', 4), cores('b', 5));
    const reply = host.ask(cores('a', 16));
    expect(reply['error']).to.equal('Insufficient CPUs available. Requested: 16, Available: 15');
    expect(host.cpusOf('a')).to.equal('0-3');
    expect(host.ask(cores('a', 15))).to.deep.include({ allocated_cores: '0-3,9-19' });
  });

  it('gives the default share by the numbers that the operator set', () => {
    const host = new Host(flatMachine(20));
    host.sizeHeuristic = {
      largeMachineCpus: 10,
      largeMachineReservedCpus: 3,
      smallMachinePercent: 50,
    };
    expect(host.ask(cores('a', 0))).to.include({ cores_allocated: 17 });
    host.grant(cores('a', 10));
    expect(host.ask(cores('b', 0))).to.include({ cores_allocated: 5 });
    host.grant(cores('b', 9));
    expect(host.ask(cores('c', 0))['error']).to.equal(
      'Insufficient CPUs available. Requested: the default share, Available: 1 ' +
        '(50 % of them is less than one CPU)',
    );
  });

  it('takes nothing from others, though their claims are ordinary', () => {
    const host = new Host(flatMachine(4)).grant(cores('a', 4));
    expectRefusal(host.ask(cores('b', 1)), 'INSUFFICIENT_CPUS', 'Requested: 1, Available: 0');
    expect(host.cpusOf('a')).to.equal('0-3');
  });

  it('replaces all that the service holds', () => {
    const host = new Host(twoNodes).grant(numa('a', 1, 3), cores('b', 2));
    expect(host.cpusOf('a')).to.equal('4-6');
    expect(host.ask(cores('a', 1))).to.deep.include({
      cores_allocated: 1,
      allocated_cores: '4',
      shared_cpus: '2-3,5-7',
      remaining_available_cpus: 5,
    });
    expect(host.cpusOf('a')).to.equal('4');
    expect(host.cpusOf('b')).to.equal('0-1');
  });

  it('makes ordinary what was explicit', () => {
    const host = new Host(twoNodes).grant(numa('a', 1, 4), cores('a', 4));
    expect(host.cpusOf('a')).to.equal('4-7');
    expect(host.explicitCpusOf('a')).to.equal('');
    expect(host.ask(numa('b', 1, 1))).to.have.property('preempted');
  });

  it('leaves out CPUs that are offline', () => {
    const host = new Host({ ...flatMachine(8), offline: '0,3' });
    expect(host.ask(cores('a', 3))).to.deep.include({
      allocated_cores: '1-2,4',
      shared_cpus: '5-7',
      total_available_cpus: 6,
      remaining_available_cpus: 3,
    });
  });

  it('leaves out CPUs that are not isolated', () => {
    const host = new Host({ ...flatMachine(8), isolated: '2,5-7' });
    expect(host.ask(cores('a', 2))).to.deep.include({
      allocated_cores: '2,5',
      shared_cpus: '6-7',
      total_available_cpus: 4,
    });
  });

  for (const count of [-2, -100]) {
    it(`refuses a count of ${count}`, () => {
      expectRefusal(new Host(flatMachine(4)).ask(cores('a', count)), 'INVALID_REQUEST');
    });
  }
});

describe('allocate_cores without a count', () => {
  for (const [candidates, share] of [
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 4],
    [9, 7],
    [20, 16],
    [99, 79],
    [100, 80],
    [101, 85],
    [115, 99],
    [116, 100],
    [117, 101],
    [200, 184],
  ] as const) {
    it(`gives ${share} of ${candidates} candidates`, () => {
      const reply = new Host(flatMachine(candidates)).ask(cores('a', 0));
      expect(reply).to.deep.include({ num_of_cores: 0, cores_allocated: share });
    });
  }

  it('means the same as with a count of 0', () => {
    const reply = new Host(flatMachine(10)).ask({ action: 'allocate_cores', service_name: 'a' });
    expect(reply).to.deep.equal(new Host(flatMachine(10)).ask(cores('a', 0)));
  });

  for (const [held, share] of [
    [19, 85],
    [20, 80],
    [118, 1],
  ] as const) {
    it(`gives ${share} of 120 CPUs of which another holds ${held}`, () => {
      const host = new Host(flatMachine(120)).grant(cores('other', held));
      expect(host.ask(cores('a', 0))).to.deep.include({ cores_allocated: share });
    });
  }

  it('counts its own CPUs among the candidates', () => {
    const host = new Host(flatMachine(10)).grant(cores('a', 2));
    expect(host.ask(cores('a', 0))).to.deep.include({ allocated_cores: '0-7' });
    expect(host.ask(cores('a', 0))).to.deep.include({ allocated_cores: '0-7' });
  });

  it('shrinks a service that holds more than the share', () => {
    const host = new Host(flatMachine(10)).grant(cores('a', 10));
    expect(host.ask(cores('a', 0))).to.deep.include({ allocated_cores: '0-7', shared_cpus: '8-9' });
  });

  it('counts the candidates that are online', () => {
    const host = new Host({ ...flatMachine(101), offline: '50' });
    expect(host.ask(cores('a', 0))).to.deep.include({ cores_allocated: 80 });
  });

  it('is refused when the share of the candidates is no CPU', () => {
    expectRefusal(new Host(flatMachine(1)).ask(cores('a', 0)), 'INSUFFICIENT_CPUS');
    const full = new Host(flatMachine(4)).grant(cores('other', 4));
    expectRefusal(full.ask(cores('a', 0)), 'INSUFFICIENT_CPUS');
  });
});

describe('allocate_cores that releases', () => {
  const released = {
    version: '1.0',
    service_name: 'a',
    num_of_cores: 0,
    cores_allocated: 0,
    allocated_cores: '',
    shared_cpus: '0-3,6-7',
    total_available_cpus: 8,
    remaining_available_cpus: 6,
    pool: 'isolated',
    preemption_policy: null,
  };

  it('gives back everything of the service and nothing of others', () => {
    const host = new Host(twoNodes).grant(numa('b', 1, 2), cores('a', 3));
    expect(host.ask(cores('a', -1))).to.deep.equal(released);
    expect(host.cpusOf('a')).to.equal('');
    expect(host.cpusOf('b')).to.equal('4-5');
  });

  it('gives back explicit CPUs too', () => {
    const host = new Host(twoNodes).grant(numa('b', 1, 2), numa('a', 0, 2), numa('a', 1, 1));
    expect(host.ask(cores('a', -1))).to.deep.equal(released);
  });

  it('succeeds for a service that holds nothing', () => {
    const host = new Host(twoNodes).grant(numa('b', 1, 2));
    expect(host.ask(cores('a', -1))).to.deep.equal(released);
    expect(host.ask(cores('a', -1))).to.deep.equal(released);
  });

  it('checks the policy and otherwise ignores it', () => {
    const host = new Host(flatMachine(4)).grant(
      cores('a', 2, { preemption_policy: 'non-preemptive' }),
    );
    expectRefusal(host.ask(cores('a', -1, { preemption_policy: 'gentle' })), 'INVALID_REQUEST');
    expect(host.ask(cores('a', -1, legacy))).to.deep.include({ preemption_policy: null });
  });
});

describe('a pool without an eligible CPU', () => {
  for (const [title, machine] of [
    ['nothing is isolated', { ...flatMachine(4), isolated: '' }],
    ['all isolated CPUs are offline', { ...flatMachine(4), isolated: '2-3', offline: '2-3' }],
  ] as const) {
    for (const request of [cores('a', 1), cores('a', 0), percent('a', 50), numa('a', 0, 1)]) {
      it(`refuses ${request['action']} in words that clients look for when ${title}`, () => {
        const reply = new Host(machine).ask(request);
        expectRefusal(reply, 'NO_CPUS_AVAILABLE', 'No CPUs available');
        expect(reply['error']).to.include('No Isolated CPUs configured');
      });
    }

    it(`lets a service release when ${title}`, () => {
      expect(new Host(machine).ask(cores('a', -1))).to.deep.include({
        cores_allocated: 0,
        total_available_cpus: 0,
        remaining_available_cpus: 0,
      });
    });
  }

  it('refuses in the general pool without a word on isolated CPUs', () => {
    const host = new Host({ ...flatMachine(4), isolated: '0', offline: '2-3' }, '2-3');
    const reply = host.ask(cores('a', 1, { pool: 'general' }));
    expectRefusal(reply, 'NO_CPUS_AVAILABLE', 'No CPUs available');
    expect(reply['error']).not.to.include('Isolated');
  });
});
