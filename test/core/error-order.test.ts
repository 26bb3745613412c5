/**
 * Which error a client hears of when a request has several faults. Each row has its own fault and
 * those of all rows below it, as far as they can go together.
 */

import { expect } from 'chai';
import type { ErrorCode } from '../../src/protocol/error-codes.js';
import {
  cores,
  expectRefusal,
  general,
  Host,
  legacy,
  list,
  nodeOf,
  nonPreemptive,
  numa,
  percent,
  twoNodes,
  type Wire,
} from './hosts.js';

interface Row {
  readonly fault: string;
  readonly host: () => Host;
  readonly request: Wire;
  readonly code: ErrorCode;
  readonly sentence: string;
}

/** Node 2 has memory only. */
const machine = { ...twoNodes, nodes: [...twoNodes.nodes, nodeOf(2, 0)] };

/** `a` may not be lowered and holds CPU 0; `others` of node 1 are held by nobody who gives them. */
const held = () => new Host(machine).grant(numa('a', 0, 1, nonPreemptive), numa('others', 1, 3));
const ownOffline = () => held().become({ offline: '0' });
/** CPU 6 of `others` is not isolated any more. */
const strays = () => ownOffline().become({ isolated: '0-5,7' });
/** No CPU of either pool is online; `a` is of the isolated pool. */
const nothingOnline = () => strays().become({ isolated: '0', general: '1', offline: '0-1' });

const numaRows: readonly Row[] = [
  {
    fault: 'a bad field',
    host: () => nothingOnline().become({ general: null }),
    request: numa('a', 7, 0, { ...general, ...legacy }),
    code: 'INVALID_REQUEST',
    sentence: 'num_of_cores',
  },
  {
    fault: 'a pool that is not configured',
    host: () => nothingOnline().become({ general: null }),
    request: numa('a', 7, 5, { ...general, ...legacy }),
    code: 'POOL_NOT_CONFIGURED',
    sentence: '',
  },
  {
    fault: 'a node that does not exist',
    host: nothingOnline,
    request: numa('a', 7, 5, { ...general, ...legacy }),
    code: 'NUMA_NODE_NOT_FOUND',
    sentence: 'NUMA node 7 does not exist',
  },
  {
    fault: 'the pool of the service',
    host: nothingOnline,
    request: numa('a', 2, 5, { ...general, ...legacy }),
    code: 'POOL_CONFLICT',
    sentence: '',
  },
  {
    fault: 'the policy of the service',
    host: nothingOnline,
    request: numa('a', 2, 5, legacy),
    code: 'POLICY_CONFLICT',
    sentence: '',
  },
  {
    fault: 'a pool without eligible CPUs',
    host: nothingOnline,
    request: numa('a', 2, 5),
    code: 'NO_CPUS_AVAILABLE',
    sentence: 'No CPUs available',
  },
  {
    fault: 'a node without eligible CPUs',
    host: strays,
    request: numa('a', 2, 5),
    code: 'NO_CPUS_AVAILABLE',
    sentence: 'node 2',
  },
  {
    fault: 'a node that is too small',
    host: strays,
    request: numa('a', 1, 5),
    code: 'INSUFFICIENT_CPUS',
    sentence: 'NUMA node 1 only has 3 isolated CPUs, but 5 were requested',
  },
  {
    fault: 'stray claims in the pool',
    host: strays,
    request: numa('a', 1, 3),
    code: 'POOL_INCONSISTENT',
    sentence: '',
  },
  {
    fault: 'own claims that are not eligible',
    host: ownOffline,
    request: numa('a', 1, 3),
    code: 'CPUS_UNAVAILABLE',
    sentence: '',
  },
  {
    fault: 'too many held by others',
    host: held,
    request: numa('a', 1, 3),
    code: 'INSUFFICIENT_CPUS',
    sentence: '',
  },
];

function coresRows(request: (count: number, more?: Wire) => Wire): Row[] {
  return [
    {
      fault: 'a bad field',
      host: () => nothingOnline().become({ general: null }),
      request: request(-2, { ...general, ...legacy }),
      code: 'INVALID_REQUEST',
      sentence: '',
    },
    {
      fault: 'a NUMA node',
      host: () => nothingOnline().become({ general: null }),
      request: request(100, { ...general, ...legacy, numa_node: 7 }),
      code: 'INVALID_REQUEST',
      sentence: 'allocate_numa_cores',
    },
    {
      fault: 'a pool that is not configured',
      host: () => nothingOnline().become({ general: null }),
      request: request(100, { ...general, ...legacy }),
      code: 'POOL_NOT_CONFIGURED',
      sentence: '',
    },
    {
      fault: 'the pool of the service',
      host: nothingOnline,
      request: request(100, { ...general, ...legacy }),
      code: 'POOL_CONFLICT',
      sentence: '',
    },
    {
      fault: 'the policy of the service',
      host: nothingOnline,
      request: request(100, legacy),
      code: 'POLICY_CONFLICT',
      sentence: '',
    },
    {
      fault: 'a pool without eligible CPUs',
      host: nothingOnline,
      request: request(100),
      code: 'NO_CPUS_AVAILABLE',
      sentence: 'No CPUs available',
    },
    {
      fault: 'stray claims in the pool',
      host: strays,
      request: request(100),
      code: 'POOL_INCONSISTENT',
      sentence: '',
    },
    {
      fault: 'own claims that are not eligible',
      host: ownOffline,
      request: request(100),
      code: 'CPUS_UNAVAILABLE',
      sentence: '',
    },
    {
      fault: 'too many held by others',
      host: held,
      request: request(100),
      code: 'INSUFFICIENT_CPUS',
      sentence: 'Insufficient CPUs available. Requested: ',
    },
  ];
}

const releaseRows: readonly Row[] = [
  {
    fault: 'a bad field',
    host: () => nothingOnline().become({ general: null }),
    request: numa('a', 7, -1, { ...general, preemption_policy: 'odd' }),
    code: 'INVALID_REQUEST',
    sentence: 'preemption_policy',
  },
  {
    fault: 'a pool that is not configured',
    host: () => nothingOnline().become({ general: null }),
    request: numa('a', 7, -1, general),
    code: 'POOL_NOT_CONFIGURED',
    sentence: '',
  },
  {
    fault: 'a node that does not exist',
    host: nothingOnline,
    request: numa('a', 7, -1, general),
    code: 'NUMA_NODE_NOT_FOUND',
    sentence: 'NUMA node 7 does not exist',
  },
  {
    fault: 'the pool of the service',
    host: nothingOnline,
    request: numa('a', 1, -1, general),
    code: 'POOL_CONFLICT',
    sentence: '',
  },
];

for (const [title, rows] of [
  ['allocate_numa_cores', numaRows],
  ['allocate_cores', coresRows((count, more) => cores('a', count, more))],
  ['allocate_cores_percent', coresRows((count, more) => percent('a', count, more))],
  ['allocate_numa_cores that releases', releaseRows],
] as const) {
  describe(`the first error of ${title}`, () => {
    for (const { fault, host, request, code, sentence } of rows) {
      it(`is ${fault}, before all that follow`, () => {
        expectRefusal(host().ask(request), code, sentence);
      });
    }
  });
}

describe('a request without a fault', () => {
  it('is granted on the host of the last row', () => {
    expect(held().ask(numa('a', 1, 1))).to.deep.include({ cores_allocated: '7' });
    expect(held().ask(cores('a', 5))).to.deep.include({ allocated_cores: '0-3,7' });
  });

  it('releases whatever else is wrong with the host', () => {
    for (const request of [numa('a', 0, -1, legacy), cores('a', -1, legacy), percent('a', 0)]) {
      expect(nothingOnline().ask(request)).to.deep.include({ preemption_policy: null });
    }
  });
});

describe('a machine that cannot be read', () => {
  const path = '/sys/devices/system/cpu/online';
  const unreadable = () => {
    const host = held().grant({ ...numa('g', 1, 1) });
    host.problem = { path, reason: 'it says "0-x"' };
    return host;
  };

  for (const request of [
    cores('a', 1),
    cores('a', 0),
    percent('a', 1),
    numa('a', 0, 1),
    {
      action: 'allocate_hugepages',
      service_name: 'a',
      node_id: 0,
      size_kb: 4,
      hugepages_requested: 1,
    },
  ]) {
    it(`refuses ${JSON.stringify(request)} and names the file`, () => {
      const reply = unreadable().ask(request);
      expectRefusal(reply, 'INTERNAL', path);
      expect(reply['error']).to.include('it says "0-x"');
    });
  }

  it('lists, and shows the memory', () => {
    expect(unreadable().ask(list())).to.deep.include({ total_allocations: 3 });
    expect(unreadable().ask({ action: 'get_memory_info' })).to.have.property('numa_hugepages');
  });

  it('releases', () => {
    const host = unreadable().grant(cores('a', -1), numa('others', 1, -1), percent('g', -1));
    host.grant({ ...numa('a', 0, -1) });
    expect(host.holdings.claims.size).to.equal(0);
  });

  it('forgets hugepages', () => {
    unreadable().grant({
      action: 'allocate_hugepages',
      service_name: 'a',
      node_id: 0,
      size_kb: 4,
      hugepages_requested: -1,
    });
  });
});
