/** What a watch tells: applied to the first picture, its lines give the last. */

import { expect } from 'chai';
import fc from 'fast-check';
import { decide, isAboutMachine } from '../../src/core/decide.js';
import { changesAnything } from '../../src/core/plan.js';
import { hostEvents, pageEvents, pictureOf, serviceEvents } from '../../src/core/watch-lines.js';
import { pictureAfter } from '../../src/core/watch-picture.js';
import { isRefusal } from '../../src/protocol/error-codes.js';
import { parseRequest } from '../../src/protocol/request.js';
import type { DaemonCondition, WatchEvent, WatchPicture } from '../../src/protocol/watch-event.js';
import { ROOT } from './callers.js';
import {
  cores,
  Host,
  hugepages,
  nodeOf,
  nonPreemptive,
  numa,
  pagesOf,
  type Wire,
} from './hosts.js';
import { applyLine, freshTables } from './watch-tables.js';

const WELL: DaemonCondition = { state: 'serving', store_problem: null, sysfs_problem: null };

/** Nodes 0 (CPUs 0-3) and 1 (CPUs 4-7), all isolated, with pages. */
const machine = {
  nodes: [nodeOf(0, 4, 1, [pagesOf(2_048, 8)]), nodeOf(1, 4, 1, [pagesOf(2_048, 8)])],
  numbering: 'contiguous',
  isolated: '0-7',
} as const;

/** Asks, and gives the lines that tell of it. */
function linesOf(host: Host, request: Wire): WatchEvent[] {
  const parsed = parseRequest(request);
  if (isRefusal(parsed) || !isAboutMachine(parsed)) throw new Error('a bad request');
  const before = host.view;
  const plan = decide(before, parsed, ROOT, null);
  if (isRefusal(plan) || !changesAnything(plan)) return [];
  host.holdings = plan.holdings;
  const ticket = { ticketId: 1, request: parsed, caller: ROOT };
  return [
    ...serviceEvents({ ticket, before: before.holdings, plan }),
    ...pageEvents(before, host.view),
  ];
}

const pictureNow = (host: Host): WatchPicture => pictureOf(host.view, WELL);

describe('a watch', () => {
  it('tells a victim which CPUs it lost, and to whom', () => {
    const host = new Host(machine).grant(cores('nova', 8));
    expect(linesOf(host, numa('dpdk', 1, 2))).to.deep.equal([
      {
        type: 'preempted',
        service_name: 'nova',
        cpus: '4-5',
        by: 'dpdk',
        allocation: pictureNow(host).allocations.find(
          ({ service_name }) => service_name === 'nova',
        ),
      },
      {
        type: 'claimed',
        service_name: 'dpdk',
        cpus: '4-5',
        allocation: pictureNow(host).allocations.find(
          ({ service_name }) => service_name === 'dpdk',
        ),
      },
    ]);
  });

  it('tells of a victim that has nothing left', () => {
    const host = new Host(machine).grant(cores('b', 2), cores('a', 6));
    const lines = linesOf(host, numa('dpdk', 0, 4));
    expect(
      lines.map((line) => [line.type, 'allocation' in line && line.allocation === null]),
    ).to.deep.equal([
      ['preempted', false],
      ['preempted', true],
      ['claimed', false],
    ]);
    expect(lines[1]).to.include({ service_name: 'b', cpus: '0-1', by: 'dpdk' });
  });

  it('tells what a service let go before what it took', () => {
    const host = new Host({
      ...machine,
      nodes: [nodeOf(0, 4, 2), nodeOf(1, 4, 1)],
      isolated: '0-11',
    });
    host.grant(cores('x', 1), cores('a', 3), cores('x', -1));
    const types = (request: Wire) => linesOf(host, request).map((line) => line.type);
    expect(types(cores('a', 3))).to.deep.equal([]);
    expect(types(cores('a', 2))).to.deep.equal(['released']);
    expect(types(cores('a', 4))).to.deep.equal(['claimed']);
    expect(types(cores('a', 4, nonPreemptive))).to.deep.equal(['claim_changed']);
    expect(types(numa('a', 1, 2))).to.deep.equal(['claimed']);
    expect(types(cores('a', 6))).to.deep.equal(['claim_changed']);
    expect(types(cores('a', -1))).to.deep.equal(['released']);
    expect(types(cores('a', -1))).to.deep.equal([]);
  });

  it('tells of records, and of pages that do not cover them', () => {
    const host = new Host(machine);
    expect(linesOf(host, hugepages('a', 0, 2_048, 6))).to.deep.equal([
      { type: 'hugepages_recorded', service_name: 'a', node_id: 0, size_kb: 2_048, count: 6 },
    ]);
    const before = host.view;
    host.become({ nodes: [nodeOf(0, 4, 1, [pagesOf(2_048, 4)]), nodeOf(1, 4, 1)] });
    expect(hostEvents(before, host.view)).to.deep.equal([
      { type: 'hugepages_changed', node_id: 1, size_kb: 2_048, total: null, shortfall: 0 },
      { type: 'hugepages_changed', node_id: 0, size_kb: 2_048, total: 4, shortfall: 2 },
    ]);
    expect(host.ask({ action: 'get_memory_info' })['shortfalls']).to.deep.equal([
      { node_id: 0, size_kb: 2_048, recorded: 6, total: 4 },
    ]);
    host.become({ nodes: [nodeOf(0, 4), nodeOf(1, 4, 1)] });
    expect(host.ask({ action: 'get_memory_info' })['shortfalls']).to.deep.equal([
      { node_id: 0, size_kb: 2_048, recorded: 6, total: 0 },
    ]);
    expect(linesOf(host, hugepages('a', 0, 2_048, -1))).to.deep.equal([
      { type: 'hugepages_recorded', service_name: 'a', node_id: 0, size_kb: 2_048, count: 0 },
      { type: 'hugepages_changed', node_id: 0, size_kb: 2_048, total: null, shortfall: 0 },
    ]);
    expect(host.ask({ action: 'get_memory_info' })).not.to.have.property('shortfalls');
  });

  it('tells of CPUs, pools and nodes that come and go', () => {
    const host = new Host(machine).grant(cores('a', 5));
    const changes = (change: Parameters<Host['become']>[0]) => {
      const before = host.view;
      return hostEvents(before, host.become(change).view).map((event) =>
        event.type === 'node_changed' || event.type === 'node_added'
          ? `${event.type} ${event.node.node_id}`
          : event.type === 'node_removed'
            ? `${event.type} ${event.node_id}`
            : 'cpus' in event
              ? `${event.type} ${event.cpus}`
              : 'pool' in event
                ? `${event.type} ${event.pool} ${event.eligible_cpus}`
                : event.type,
      );
    };
    expect(changes({ offline: '2' })).to.deep.equal([
      'cpus_offline 2',
      'pool_changed isolated 0-1,3-7',
      'node_changed 0',
    ]);
    expect(changes({ offline: '' })).to.deep.equal([
      'cpus_online 2',
      'pool_changed isolated 0-7',
      'node_changed 0',
    ]);
    expect(changes({ isolated: '0-6', general: '7' })).to.deep.equal([
      'pool_changed isolated 0-6',
      'pool_changed general 7',
    ]);
    // Node 1 holds a claim, node 0 does too: neither is forgotten when it goes.
    expect(changes({ goneNodes: [1] })).to.deep.equal([
      'cpus_offline 4-7',
      'pool_changed isolated 0-3',
      'pool_changed general ',
      'node_changed 1',
      'hugepages_changed',
    ]);
    host.ask(cores('a', -1));
    expect(changes({})).to.deep.equal([]);
    expect(changes({ goneNodes: [] })).to.include('node_added 1');
    expect(changes({ goneNodes: [1] })).to.include('node_removed 1');
  });

  it('tells nothing where nothing happened', () => {
    const host = new Host(machine).grant(cores('a', 3), hugepages('a', 1, 2_048, 3));
    expect(hostEvents(host.view, host.view)).to.deep.equal([]);
  });

  it('gives the last picture from the first and its lines, and no CPU two owners between', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const request = fc.oneof(
      fc.tuple(name, fc.integer({ min: -1, max: 6 })).map(([who, count]) => cores(who, count)),
      fc
        .tuple(name, fc.constantFrom(0, 1), fc.constantFrom(-1, 1, 2, 4))
        .map(([who, node, count]) => numa(who, node, count)),
      fc
        .tuple(name, fc.constantFrom(0, 1), fc.constantFrom(-1, 2, 5))
        .map(([who, node, count]) => hugepages(who, node, 2_048, count)),
      name.map((who) => cores(who, 2, nonPreemptive)),
    );
    const change = fc.oneof(
      fc.constantFrom('', '1', '4-5', '0-3').map((offline) => ({ offline })),
      fc.constantFrom('0-7', '0-5', '3').map((isolated) => ({ isolated })),
      fc.constantFrom([], [1]).map((goneNodes) => ({ goneNodes })),
      fc.constantFrom(null, '6-7').map((general) => ({ general })),
      fc.constantFrom(0, 2, 8).map((pages) => ({
        nodes: [
          nodeOf(0, 4, 1, pages === 0 ? [] : [pagesOf(2_048, pages)]),
          nodeOf(1, 4, 1, [pagesOf(2_048, 8)]),
        ],
      })),
    );
    const steps = fc.array(
      fc.oneof(
        request.map((asked) => ({ asked })),
        change.map((changed) => ({ changed })),
      ),
      {
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const host = new Host(machine);
        const tables = freshTables(pictureNow(host));
        let picture = pictureNow(host);
        for (const step of all) {
          const before = host.view;
          const lines =
            'asked' in step
              ? // A node that is gone goes from the picture with its last claim.
                [...linesOf(host, step.asked), ...hostEvents(before, host.view)]
              : hostEvents(before, host.become(step.changed).view);
          for (const line of lines) {
            applyLine(tables, line);
            picture = pictureAfter(picture, line);
          }
          expect(tables).to.deep.equal(freshTables(pictureNow(host)));
          expect(picture).to.deep.equal(pictureNow(host));
        }
      }),
      { numRuns: 300 },
    );
  });
});
