import { expect } from 'chai';
import { REPLIES_REMEMBERED_MAX, REPLIES_REMEMBERED_MAX_BYTES } from '../../src/core/repeats.js';
import { ROOT, userOf } from './callers.js';
import { cores, expectRefusal, flatMachine, Host, numa, twoNodes, type Wire } from './hosts.js';

const snap = (label: string) => ({ ...ROOT, label });

const again = (request_id: string) => ({ request_id });

describe('a request that is repeated', () => {
  it('gets the first reply, whatever happened since, and changes nothing', () => {
    const host = new Host(twoNodes).grant(cores('nova', 8));
    const request = numa('dpdk', 1, 2, again('one'));
    const first = host.ask(request);
    expect(first).to.deep.include({ preempted: [{ service_name: 'nova', cpus: '4-5' }] });
    host.grant(cores('nova', 2), numa('dpdk', 0, 1));
    const { holdings } = host;
    expect(host.ask(request)).to.deep.equal(first);
    expect(host.holdings).to.equal(holdings);
    // However it is written.
    const rewritten = { ...request, num_of_cores: 2.0, pool: 'isolated', preemption_policy: null };
    expect(host.ask(rewritten)).to.deep.equal(first);
  });

  it('is remembered also if there was nothing to change', () => {
    const host = new Host(twoNodes).grant(cores('a', 2));
    const first = host.ask(cores('a', 2, again('same')));
    host.grant(cores('a', 4));
    expect(host.ask(cores('a', 2, again('same')))).to.deep.equal(first);
    expect(host.cpusOf('a')).to.equal('0-3');
  });

  it('is a new one after a refusal, which changed nothing', () => {
    const host = new Host(twoNodes).grant(
      cores('other', 7, { preemption_policy: 'non-preemptive' }),
    );
    const request = cores('a', 3, again('later'));
    expectRefusal(host.ask(request), 'INSUFFICIENT_CPUS');
    host.grant(cores('other', -1));
    expect(host.ask(request)).to.include({ cores_allocated: 3 });
  });

  it('is a new one after a dry run, too', () => {
    const host = new Host(twoNodes);
    const tried = host.ask(cores('a', 3, { ...again('x'), dry_run: true }));
    expect(tried).to.include({ dry_run: true });
    expect(host.ask(cores('a', 3, again('x')))).not.to.have.property('dry_run');
    expect(host.cpusOf('a')).to.equal('0-2');
    expect(host.ask(cores('a', 3, { ...again('x'), dry_run: true }))).to.deep.equal(tried);
  });

  it('must be the same request', () => {
    const host = new Host(twoNodes).grant(cores('a', 1, again('x')));
    for (const other of [cores('a', 2), cores('b', 1), numa('a', 0, 1), cores('a', -1)]) {
      const refused = host.ask({ ...other, ...again('x') });
      expectRefusal(refused, 'INVALID_REQUEST', 'request_id "x" belongs to another request');
      expect(refused['details']).to.deep.equal({ field: 'request_id' });
    }
    expect(host.cpusOf('a')).to.equal('0');
  });

  it('has an id of its own caller', () => {
    const host = new Host(twoNodes);
    for (const [index, caller] of [userOf(1), userOf(2), snap('x'), snap('y')].entries()) {
      expect(host.ask(cores(`s${index}`, 1, again('x')), caller)).to.include({
        cores_allocated: 1,
      });
    }
    expectRefusal(host.ask(cores('s0', 1, again('x')), userOf(2)), 'INVALID_REQUEST');
  });

  it('may be a transaction', () => {
    const host = new Host(twoNodes);
    const request = {
      action: 'transact',
      steps: [numa('a', 0, 1), numa('a', 1, 1)],
      ...again('t'),
    };
    const first = host.ask(request);
    host.grant(cores('a', -1));
    expect(host.ask(request)).to.deep.equal(first);
    expect(host.cpusOf('a')).to.equal('');
  });

  it('is forgotten when there are too many of one caller, not of another', () => {
    const host = new Host(flatMachine(4));
    const early = host.ask(cores('b', 1, again('early')), userOf(2));
    const asked = (index: number): Wire => cores('a', (index % 2) + 1, again(`${index}`));
    for (let index = 0; index < REPLIES_REMEMBERED_MAX + 10; index++)
      host.ask(asked(index), userOf(1));
    expect(host.holdings.replies).to.have.length(REPLIES_REMEMBERED_MAX);
    expect(host.ask(cores('b', 1, again('early')), userOf(2))).to.deep.equal(early);
    const remembered = (index: number) =>
      host.holdings.replies.some(({ requestId }) => requestId === `${index}`);
    expect([10, 11].map(remembered)).to.deep.equal([false, true]);
  });

  it('is forgotten when the replies grow too long', () => {
    const host = new Host(flatMachine(400));
    const steps = Array.from({ length: 60 }, (_, index) => cores(`${index}`.repeat(20), 1));
    const lengthOf = (request: Wire) => JSON.stringify(host.ask(request)).length;
    const replyBytes = lengthOf({ action: 'transact', steps, ...again('0') });
    for (let index = 1; index < 20; index++)
      host.grant({ action: 'transact', steps, ...again(`${index}`) });
    const fitting = Math.floor(REPLIES_REMEMBERED_MAX_BYTES / replyBytes);
    expect(fitting).to.be.within(2, 18);
    expect(host.holdings.replies).to.have.length(fitting);
  });

  for (const [what, request_id, sentence] of [
    ['a number', 7, 'must be a string'],
    ['nothing', '', 'must not be empty'],
    ['more than 128 bytes', 'ß'.repeat(65), 'at most 128 bytes'],
    ['a control character', 'a\n', 'control characters'],
  ] as const) {
    it(`cannot have ${what} for an id`, () => {
      expectRefusal(
        new Host(twoNodes).ask(cores('a', 1, { request_id })),
        'INVALID_REQUEST',
        sentence,
      );
    });
  }
});
