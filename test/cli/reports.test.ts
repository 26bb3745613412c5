/** What `memory` and `status` print, from replies. */

import { expect } from 'chai';
import { formatHugepages } from '../../src/cli/memory.js';
import { formatStatus } from '../../src/cli/status.js';
import type { Replies } from '../../src/protocol/reply.js';
import { lines, terminal } from './topologies.js';

describe('memory', () => {
  it('tells in use, on record and free apart', () => {
    const reply: Replies['get_memory_info'] = {
      version: '1.0',
      service_name: '',
      numa_hugepages: {
        node0: {
          capacity: [
            // 10 in use by the kernel's word, 4 of them on record.
            { total: 100, free: 90, size: 2048 },
            { total: 8, free: 8, size: 1_048_576 },
          ],
          allocations: { ceph: { 2048: 1 }, dpdk: { 2048: 3 } },
        },
        node1: {
          // All 6 kept pages are on record; how many are in use does not follow.
          capacity: [{ total: 8, free: 2, size: 1_048_576 }],
          allocations: { dpdk: { 1048576: 6, 2048: 5 } },
        },
        node2: { capacity: [], allocations: {} },
        node3: {
          capacity: [{ total: 4, free: 0, size: 2_048 }],
          allocations: { ceph: { 2048: 6 } },
        },
      },
    };
    expect(formatHugepages(reply, terminal(80))).to.equal(
      lines(`
NODE  PAGE SIZE  TOTAL   IN USE  RECORDED  FREE  ON RECORD FOR
   0      2 MiB    100       10         4    90  ceph 1, dpdk 3
   0      1 GiB      8        0         0     8
   1      1 GiB      8  up to 6         6     2  dpdk 6
   1      2 MiB   gone                  5        dpdk 5
   2       none
   3      2 MiB      4  up to 4         6     0  ceph 6; 2 too few
`),
    );
  });

  it('says that there are no nodes', () => {
    expect(
      formatHugepages({ version: '1.0', service_name: '', numa_hugepages: {} }, terminal(80)),
    ).to.equal('this machine shows no NUMA nodes, and so no hugepages of theirs');
  });
});

describe('status', () => {
  const status: Replies['get_status'] = {
    version: '1.0',
    daemon_version: '1.2.3',
    node_version: 'v20.19.0',
    pid: 77,
    started_at: '2026-01-02T03:04:05.000Z',
    uptime_s: 93_784,
    state: 'serving',
    sysfs_root: '/sys',
    actors: { scanner: 'idle', store: 'clean', 'node-0': 'owning', 'node-1': 'owning' },
    pools: {
      isolated: { is_configured: true, closed_because: null, eligible_cpus: 28, free_cpus: 2 },
      general: { is_configured: false, closed_because: null, eligible_cpus: 0, free_cpus: 0 },
    },
    services: 3,
    watchers: 2,
    inspectors: 1,
    store: {
      files: ['/var/lib/epa/state.json', '/var/lib/epa/state.twin.json'],
      generation: 7,
      problem: null,
      healed: [],
    },
    sysfs_problem: null,
    facts_age_ms: 1_500,
    scans: { age_ms: 1_500, look_age_ms: 40, interval_ms: 60_000, failures_in_a_row: 0 },
    limits: {
      connections: { used: 3, max: 8_192 },
      requests_waiting: { used: 0, max: 8_192 },
      watchers: { used: 2, max: 256 },
      inspectors: { used: 1, max: 8 },
      held_bytes: { used: 12_600, max: 134_217_728 },
    },
    counts: {
      requests: {
        allocate_cores: { OK: 4, INSUFFICIENT_CPUS: 1 },
        get_status: { OK: 1 },
        none: { INVALID_REQUEST: 2 },
      },
      changes: 4,
      commits: 3,
      commit_failures: 0,
      preemptions: 1,
      scans: 12,
      scan_failures: 0,
      looks: 5,
      look_failures: 0,
      connections: 9,
      connections_turned_away: 0,
    },
  };

  it('is a line for each thing to know', () => {
    expect(formatStatus(status, terminal(80))).to.equal(
      lines(`
the daemon serves
daemon         epa-orchestrator 1.2.3, Node.js v20.19.0
process        77, up 1 d 2 h (since 2026-01-02T03:04:05.000Z)
state          serving
machine        /sys
state files    /var/lib/epa/state.json, /var/lib/epa/state.twin.json
generation     7
isolated pool  2 of 28 CPUs free
general pool   not configured
services       3 holding CPUs
watched by     2, of which inspect: 1
looked at      1.5 s ago, every 60 s; 12 scans and 5 quick looks since the
               start, 0 failed
stored         4 changes since the start, 3 writes, 0 failed
preempted      1 service since the start
connections    3 of 8192 open; 9 since the start, 0 turned away
waiting        0 of 8192 requests; for peers 12.3 KiB of 128 MiB held
requests       allocate_cores: 4 OK, 1 INSUFFICIENT_CPUS
               get_status: 1 OK
               not understood: 2 INVALID_REQUEST
actors         scanner idle; store clean; 2 nodes owning
problems       none
`),
    );
  });

  it('says what is wrong', () => {
    const closed = { is_configured: true, closed_because: 'it overlaps: 3' };
    const text = formatStatus(
      {
        ...status,
        pools: { ...status.pools, general: { ...status.pools.general, ...closed } },
        store: { ...status.store, problem: { since: '2026-01-03', reason: 'no space left' } },
        sysfs_problem: { path: '/sys/x', reason: 'not a list' },
        scans: { ...status.scans, failures_in_a_row: 3 },
        counts: { ...status.counts, scan_failures: 4, requests: {} },
      },
      terminal(200),
    );
    expect(text.split('\n').slice(0, 1)).to.deep.equal(['the daemon serves, with 3 problems']);
    expect(text.split('\n').slice(-3)).to.deep.equal([
      'problems       the machine cannot be read, so nothing is granted: /sys/x: not a list',
      '               the state cannot be stored, so nothing is changed, since 2026-01-03: no space left',
      '               the general pool is closed: it overlaps: 3',
    ]);
    expect(text).to.include('general pool   closed\n');
  });

  it('says which copy of the state was healed, and what it had', () => {
    const healed = [{ file: '/var/lib/epa/state.json', reason: 'it is missing' }];
    const text = formatStatus({ ...status, store: { ...status.store, healed } }, terminal(200));
    expect(text).to.include(
      '\nhealed         /var/lib/epa/state.json, from its twin at the start: it is missing\n',
    );
    expect(text).to.include('problems       none');
  });
});
