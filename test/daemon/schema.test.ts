/** `docs/schema.json`: that it is not old, and that the daemon says what stands there. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { tellOverrun } from '../../src/daemon/watchers.js';
import { protocolSchema } from '../../src/protocol/json-schema.js';
import { REPLY_SCHEMAS } from '../../src/protocol/reply-schemas.js';
import { ACTIONS } from '../../src/protocol/request.js';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { cores, hugepages, nonPreemptive, numa } from '../core/hosts.js';
import { checkLine, checkReply, fits, met, SCHEMA } from './by-contract.js';
import { readLines, TestHost, type Wire } from './harness.js';

const twoNodes = simulatedMachines['dual-socket'].shape;

describe('docs/schema.json', () => {
  it('is what `npm run docs` writes', () => {
    const written = JSON.parse(JSON.stringify(protocolSchema()));
    expect(SCHEMA, 'docs/schema.json is out of date: npm run docs').to.deep.equal(written);
  });

  it('has every action', () => {
    const names = Object.keys(SCHEMA.$defs);
    expect(names).to.include.members(ACTIONS.map((action) => `${action}_request`));
    expect(names).to.include.members(Object.keys(REPLY_SCHEMAS).map((action) => `${action}_reply`));
  });

  it('fits the requests of the protocol, and not those that are wrong in their shape', () => {
    const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const requests = [...text.matchAll(/```json request\n(.+?)\n```/gs)].map(([, json = '']) =>
      JSON.parse(json),
    );
    expect(requests).to.have.length.above(10);
    for (const request of requests) {
      expect(fits('request', request), JSON.stringify(request)).to.equal(true);
      expect(fits(`${request.action}_request`, request)).to.equal(true);
    }
    const names = { action: 'allocate_cores', service_name: 'x' };
    expect(fits('request', { ...names, num_of_cores: 2, of_tomorrow: 1 })).to.equal(true);
    for (const wrong of [
      { service_name: 'x' },
      { action: 'allocate_cores' },
      { ...names, version: '2.0' },
      { ...names, num_of_cores: '2' },
      { ...names, num_of_cores: 1.5 },
      { ...names, num_of_cores: null },
      { ...names, numa_node: 1 },
      { ...names, pool: null },
      { ...names, preemption_policy: 'kind' },
      { action: 'allocate_numa_cores', service_name: 'x', num_of_cores: 1 },
      { action: 'watch', services: [] },
      { action: 'fly' },
    ]) {
      expect(fits('request', wrong), JSON.stringify(wrong)).to.equal(false);
    }
  });

  it('does not let pass what it does not have', () => {
    const reply = { version: '1.0', service_name: '', numa_hugepages: {} };
    checkReply('get_memory_info', reply);
    expect(() => checkReply('get_memory_info', { ...reply, more: 1 })).to.throw(/additional/);
    expect(() => checkReply('get_memory_info', { version: '1.0' })).to.throw(/required/);
    expect(() => checkReply('get_memory_info', { version: '1.0', error: 'x' })).to.throw(/code/);
    expect(() => checkLine({ type: 'cpus_online', seq: 1, time: '…', cpus: 1 })).to.throw(/string/);
  });

  it('has the reply to every action, granted or not', async () => {
    await using host = new TestHost();
    await host.start();
    met.clear();
    const codes: string[] = [];
    for (const request of [
      cores('nova', 20),
      { action: 'allocate_cores_percent', service_name: 'ceph', percent: 7, ...nonPreemptive },
      numa('dpdk', 1, 8),
      numa('dpdk', 1, -1),
      cores('nova', -1),
      hugepages('dpdk', 1, 2_048, 3),
      { action: 'transact', steps: [cores('nova', 2), hugepages('dpdk', 1, 2_048, 4)] },
      { ...cores('nova', 2), placement: { numa: 'single' }, dry_run: true },
      { action: 'list_allocations' },
      { action: 'get_memory_info' },
      { action: 'get_topology' },
      { action: 'get_status' },
      { action: 'get_metrics' },
      { action: 'allocate_cores', service_name: '' },
      { action: 'fly' },
      { action: 'get_status', version: '3' },
      { action: 'list_allocations', pool: 'general' },
      { ...cores('ceph', 1), preemption_policy: 'legacy' },
      numa('x', 7, 1),
      cores('x', 100),
      numa('x', 1, 100),
      hugepages('x', 0, 4_096, 1),
      hugepages('x', 0, 2_048, 100_000),
      { action: 'get_status', service_name: 'x'.repeat(70_000) },
    ]) {
      const reply = await host.ask(request);
      if (reply['code'] !== undefined) codes.push(reply['code']);
    }
    expect([...met]).to.have.members([
      ...Object.keys(REPLY_SCHEMAS).map((action) => `${action}_reply`),
      'error_reply',
    ]);
    expect(codes).to.deep.equal([
      'INVALID_REQUEST',
      'UNKNOWN_ACTION',
      'UNSUPPORTED_VERSION',
      'POOL_NOT_CONFIGURED',
      'POLICY_CONFLICT',
      'NUMA_NODE_NOT_FOUND',
      'INSUFFICIENT_CPUS',
      'INSUFFICIENT_CPUS',
      'HUGEPAGE_SIZE_NOT_FOUND',
      'INSUFFICIENT_HUGEPAGES',
      'REQUEST_TOO_LARGE',
    ]);
  });

  it('has every line of a watch', async () => {
    await using host = new TestHost();
    await host.start({ rescanIntervalMs: 100 });
    met.clear();
    const socket = host.connect();
    socket.write('{"action":"watch"}');
    const lines = readLines(socket);
    /** Reads up to a line of each of these types. */
    const hear = async (...types: string[]) => {
      const missing = new Set(types);
      while (missing.size > 0) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`the watch ended without ${[...missing].join()}`);
        checkLine(value);
        missing.delete(value['type']);
      }
    };
    await hear('snapshot');
    await host.ask(cores('nova', 28));
    await host.ask(numa('dpdk', 1, 2));
    await host.ask({ ...numa('dpdk', 1, 2), ...nonPreemptive });
    await host.ask(hugepages('dpdk', 1, 2_048, 3));
    await host.ask(cores('nova', -1));
    await hear('claimed', 'preempted', 'claim_changed', 'hugepages_recorded', 'released');
    const [first] = twoNodes.nodes;
    if (first === undefined) throw new Error('the machine has no node');
    host.lay({ ...twoNodes, nodes: [...twoNodes.nodes, { ...first, nodeId: 2 }] });
    // A scan may meet files that are not all laid yet: the pages are there last.
    await hear('node_added', 'cpus_online', 'node_changed', 'hugepages_changed');
    host.lay(twoNodes);
    for (const path of ['cpu/online', 'node/online']) {
      host.writeSysfsFile(`devices/system/${path}`, path.startsWith('cpu') ? '0-31\n' : '0-1\n');
    }
    await hear('cpus_offline', 'hugepages_changed', 'node_removed');
    host.reconfigure({ cpuPool: '0', rescanIntervalMs: 100 });
    await hear('pool_changed');
    const stopped = hear('daemon_changed');
    await Promise.all([stopped, host.stop()]);
    let overrun = '';
    const write = (line: string) => {
      overrun = line;
    };
    tellOverrun({ unreadBytes: 0, write, end: () => undefined }, 1, 9);
    checkLine(JSON.parse(overrun) as Wire);
    const all = Object.keys(SCHEMA.$defs).filter((name) => /^watch_(?!line$|request$)/.test(name));
    expect([...met].filter((name) => name.startsWith('watch_'))).to.have.members(all);
  });
});
