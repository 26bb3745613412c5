import { expect } from 'chai';
import fc from 'fast-check';
import { STEPS_MAX } from '../../src/protocol/request.js';
import { userOf } from './callers.js';
import {
  cores,
  expectRefusal,
  Host,
  hugepages,
  nodeOf,
  numa,
  pagesOf,
  recorded,
  twoNodes,
  type Wire,
} from './hosts.js';
import { type Story, stories } from './stories.js';

const transact = (steps: readonly Wire[], more: Wire = {}): Wire => ({
  action: 'transact',
  steps,
  ...more,
});

/** A machine as a story leaves it before its last requests, and those: at most as many as fit. */
function lastRequests({ shape, beginning, events }: Story) {
  const changesAt = events.flatMap((event, index) => ('isolated' in event ? [index + 1] : []));
  const from = Math.max(0, ...changesAt, events.length - 3);
  return { shape, beginning, earlier: events.slice(0, from), last: events.slice(from) as Wire[] };
}

function hostOf({ shape, beginning, earlier }: ReturnType<typeof lastRequests>): Host {
  const become = (host: Host, { isolated, general, offline, goneNodes }: Story['beginning']) =>
    host.become({
      isolated: isolated.join(','),
      general: general?.join(',') ?? null,
      offline: offline.join(','),
      goneNodes,
    });
  const host = become(new Host(shape), beginning);
  for (const event of earlier) {
    if ('isolated' in event) become(host, event as Story['beginning']);
    else host.ask(event as Wire);
  }
  return host;
}

describe('a transaction', () => {
  it('does what its steps do one after the other, or nothing', () => {
    const counts = { granted: 0, refused: 0 };
    fc.assert(
      fc.property(stories.map(lastRequests), (story) => {
        fc.pre(story.last.length > 0);
        const together = hostOf(story);
        const single = together.copy();
        const before = together.holdings;
        const reply = together.ask(transact(story.last));
        const replies: Wire[] = [];
        for (const step of story.last) {
          replies.push(single.ask(step));
          if ('error' in (replies.at(-1) ?? {})) break;
        }
        const refused = replies.at(-1);
        if (refused === undefined || !('error' in refused)) {
          counts.granted++;
          expect(reply).to.deep.equal({ version: '1.0', results: replies });
          expect(recorded(together.holdings)).to.deep.equal(recorded(single.holdings));
          return;
        }
        counts.refused++;
        const index = replies.length - 1;
        const { action, service_name } = story.last[index] as Wire;
        expect(reply).to.deep.equal({
          ...refused,
          error: `steps[${index}], ${action} for ${service_name}: ${refused['error']}`,
          details: { ...(refused['details'] as Wire), step: index },
        });
        expect(together.holdings).to.equal(before);
      }),
      { numRuns: 800 },
    );
    expect(counts.granted).to.be.above(40);
    expect(counts.refused).to.be.above(60);
  });

  it('takes CPUs and pages for several services at once', () => {
    const machine = { ...twoNodes, nodes: [nodeOf(0, 4, 1, [pagesOf(2048, 4)]), nodeOf(1, 4)] };
    const host = new Host(machine).grant(cores('nova', 6));
    const reply = host.ask(
      transact([
        cores('nova', 2),
        numa('dpdk', 0, 2),
        numa('dpdk', 1, 3),
        hugepages('dpdk', 0, 2048, 4),
      ]),
    );
    expect(reply['results']).to.have.length(4);
    expect([host.cpusOf('nova'), host.cpusOf('dpdk')]).to.deep.equal(['0-1', '2-6']);
  });

  it('can be tried', () => {
    const host = new Host(twoNodes).grant(cores('nova', 8));
    const { holdings } = host;
    const steps = [numa('a', 0, 1), numa('b', 1, 2)];
    const tried = host.ask(transact(steps, { dry_run: true }));
    expect(tried).to.deep.include({
      dry_run: true,
      preempted: [
        { service_name: 'nova', cpus: '0' },
        { service_name: 'nova', cpus: '4-5' },
      ],
    });
    expect(host.holdings).to.equal(holdings);
    expect(host.ask(transact(steps))['results']).to.deep.equal(tried['results']);
  });

  it('leaves no trace of what its own steps undo', () => {
    const host = new Host(twoNodes).grant(cores('b', 1));
    const { holdings } = host;
    expect(
      host.ask(transact([numa('a', 1, 2), numa('a', 1, -1), cores('b', 1)])),
    ).not.to.have.property('error');
    expect(host.holdings).to.equal(holdings);
  });

  it('changes nothing that is not the caller’s', () => {
    const host = new Host(twoNodes).grant(cores('roots', 1));
    const refused = host.ask(transact([cores('own', 1), cores('roots', 2)]), userOf(1000));
    expectRefusal(refused, 'NOT_PERMITTED', 'steps[1], allocate_cores for roots: ');
    expect(refused['details']).to.include({ step: 1, owner_uid: 0 });
    expect(host.cpusOf('own')).to.equal('');
  });

  for (const [what, request, field, sentence] of [
    ['no steps', { action: 'transact' }, 'steps', 'is missing'],
    ['steps that are no list', { action: 'transact', steps: {} }, 'steps', 'must be a list'],
    ['an empty list', transact([]), 'steps', 'at least one step'],
    ['too many steps', transact(Array(STEPS_MAX + 1).fill(cores('a', 1))), 'steps', 'at most 64'],
    ['a step that is no object', transact([cores('a', 1), 7 as never]), 'steps[1]', 'an object'],
    [
      'a step that only looks',
      transact([{ action: 'list_allocations' }]),
      'steps[0].action',
      'one of',
    ],
    ['a transaction in one', transact([transact([cores('a', 1)])]), 'steps[0].action', 'one of'],
    ['a wrong field in a step', transact([numa('a', -1, 1)]), 'steps[0].numa_node', '0 or more'],
    [
      'a step that is tried',
      transact([cores('a', 1, { dry_run: true })]),
      'steps[0].dry_run',
      'whole',
    ],
    [
      'a step with an id',
      transact([cores('a', 1, { request_id: 'x' })]),
      'steps[0].request_id',
      'whole',
    ],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const refused = new Host(twoNodes).ask(request);
      expectRefusal(refused, 'INVALID_REQUEST', sentence);
      expect(refused['details']).to.deep.equal({ field });
    });
  }

  it(`has up to ${STEPS_MAX} steps`, () => {
    const host = new Host(twoNodes);
    const steps = Array.from({ length: STEPS_MAX }, (_, index) => cores('a', (index % 8) + 1));
    expect(host.ask(transact(steps))['results']).to.have.length(STEPS_MAX);
    expect(host.cpusOf('a')).to.equal('0-7');
  });
});
