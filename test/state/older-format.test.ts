/** The older format: everything in it is taken over, or the file is refused. */

import { expect } from 'chai';
import { parseState } from '../../src/state/state-format.js';
import { readable, refusalOf } from './states.js';

type Section = Readonly<Record<string, unknown>>;

/** A file of the older format with these sections. */
const older = (allocations_db: unknown, hugepages?: unknown) =>
  JSON.stringify({
    version: 1,
    updated_at: '2024-05-06T07:08:09.010+00:00',
    allocations_db,
    ...(hugepages === undefined ? {} : { hugepages_db: { allocations: hugepages } }),
  });

/** What is taken over from such a file. */
const taken = (allocations_db: unknown, hugepages?: unknown) =>
  parseState(older(allocations_db, hugepages));

const claims = (allocations_db: Section) => readable(taken(allocations_db)).claims;
const ordinary = (cpus: string) => ({ pool: 'isolated', policy: 'legacy', cpus, explicit: '' });

describe('a state file of the older format', () => {
  it('is taken over with everything that is in it', () => {
    const state = taken(
      {
        allocations: { nova: '0-3', dpdk: '4-5,8', ceph: '6' },
        explicit_allocations: { dpdk: '4-5', ceph: '6' },
        preemption_policies: { nova: 'legacy', ceph: 'non-preemptive', dpdk: 'legacy' },
        allocation_pools: { nova: 'general', dpdk: 'isolated', ceph: 'isolated' },
      },
      {
        nova: [
          { node_id: 0, size_kb: 2048, count: 10 },
          { node_id: 1, size_kb: 2048, count: 11 },
          { node_id: 0, size_kb: 1_048_576, count: 2 },
        ],
        'pages-only': [{ node_id: 0, size_kb: 2048, count: 5 }],
      },
    );
    expect(readable(state)).to.deep.equal({
      claims: [
        ['ceph', { pool: 'isolated', policy: 'non-preemptive', cpus: '6', explicit: '6' }],
        ['dpdk', { pool: 'isolated', policy: 'legacy', cpus: '4-5,8', explicit: '4-5' }],
        ['nova', { pool: 'general', policy: 'legacy', cpus: '0-3', explicit: '' }],
      ],
      pages: ['0 nova 1048576: 2', '0 nova 2048: 10', '0 pages-only 2048: 5', '1 nova 2048: 11'],
      owners: [],
      homes: [],
      generation: 0,
    });
    expect(state.remarks).to.have.length(1);
    expect(state.remarks[0]).to.include('older format');
  });

  it('may lack the policies and the pools', () => {
    const state = { allocations: { a: '0-3' }, explicit_allocations: { a: '0-1' } };
    expect(claims(state)).to.deep.equal([['a', { ...ordinary('0-3'), explicit: '0-1' }]]);
  });

  it('gives a service that they do not name the legacy policy and the isolated pool', () => {
    expect(
      claims({
        allocations: { a: '0', b: '1' },
        explicit_allocations: {},
        preemption_policies: { a: 'non-preemptive' },
        allocation_pools: { b: 'general' },
      }),
    ).to.deep.equal([
      ['a', { ...ordinary('0'), policy: 'non-preemptive' }],
      ['b', { ...ordinary('1'), pool: 'general' }],
    ]);
  });

  it('may lack any section', () => {
    expect(readable(parseState('{"version": 1}'))).to.deep.include({ claims: [], pages: [] });
    expect(claims({})).to.deep.equal([]);
    expect(claims({ explicit_allocations: {} })).to.deep.equal([]);
    expect(claims({ allocations: { a: '1' } })).to.deep.equal([['a', ordinary('1')]]);
    const pages = {
      version: 1,
      hugepages_db: { allocations: { a: [{ node_id: 0, size_kb: 4, count: 1 }] } },
    };
    expect(readable(parseState(JSON.stringify(pages))).pages).to.deep.equal(['0 a 4: 1']);
    expect(readable(parseState('{"version": 1, "hugepages_db": {}}')).pages).to.deep.equal([]);
  });

  for (const [list, cpus] of [
    ['3,1-2', '1-3'],
    ['2,2,2', '2'],
    ['1-3,2-5', '1-5'],
    [' 4 , 6-7 ', '4,6-7'],
    ['31-32', '31-32'],
    ['8191', '8191'],
  ] as const) {
    it(`reads ${JSON.stringify(list)} as a list like any other`, () => {
      expect(claims({ allocations: { a: list } })).to.deep.equal([['a', ordinary(cpus)]]);
    });
  }

  it('may name services with names that mean something to an object', () => {
    const text = `{"version": 1, "allocations_db": {
      "allocations": {"__proto__": "0-1", "constructor": "2", "toString": "3"},
      "explicit_allocations": {"__proto__": "0"},
      "preemption_policies": {"__proto__": "non-preemptive", "constructor": "legacy"},
      "allocation_pools": {"__proto__": "general"}},
      "hugepages_db": {"allocations": {"__proto__": [{"node_id": 0, "size_kb": 4, "count": 1}]}}}`;
    const state = readable(parseState(text));
    expect(state.claims).to.deep.equal([
      ['__proto__', { pool: 'general', policy: 'non-preemptive', cpus: '0-1', explicit: '0' }],
      ['constructor', ordinary('2')],
      ['toString', ordinary('3')],
    ]);
    expect(state.pages).to.deep.equal(['0 __proto__ 4: 1']);
  });

  it('does not find a policy for a service named after something an object has', () => {
    const state = { allocations: { constructor: '1' }, preemption_policies: {} };
    expect(claims(state)).to.deep.equal([['constructor', ordinary('1')]]);
  });
});

describe('an entry that holds nothing', () => {
  const dropped = (state: ReturnType<typeof taken>, name: string) =>
    state.remarks.filter((remark) => remark.startsWith(`dropped ${name}:`));

  it('is dropped with a remark when it is a service without CPUs', () => {
    const state = taken({ allocations: { empty: '', a: '1', blank: ' ' } });
    expect(readable(state).claims).to.deep.equal([['a', ordinary('1')]]);
    expect(dropped(state, 'empty')).to.have.length(1);
    expect(dropped(state, 'blank')).to.have.length(1);
  });

  it('is dropped when explicit CPUs of the service are none either', () => {
    const state = taken({ allocations: { empty: '' }, explicit_allocations: { empty: '' } });
    expect(readable(state).claims).to.deep.equal([]);
  });

  it('is dropped with a remark when it is a list of explicit CPUs that names none', () => {
    const state = taken({ allocations: { ordinary: '1' }, explicit_allocations: { ordinary: '' } });
    expect(readable(state).claims).to.deep.equal([['ordinary', ordinary('1')]]);
    expect(dropped(state, 'ordinary')).to.have.length(1);
  });

  it('is dropped with a remark when it is a list of explicit CPUs of nobody that names none', () => {
    const state = taken({ allocations: {}, explicit_allocations: { nobody: '' } });
    expect(readable(state).claims).to.deep.equal([]);
    expect(dropped(state, 'nobody')).to.have.length(1);
  });

  for (const count of [0, -1, -5]) {
    it(`is dropped with a remark when it is a count of ${count} pages`, () => {
      const state = taken(
        {},
        {
          a: [
            { node_id: 0, size_kb: 2048, count },
            { node_id: 1, size_kb: 2048, count: 3 },
          ],
          other: [{ node_id: 0, size_kb: 4, count }],
        },
      );
      expect(readable(state).pages).to.deep.equal(['1 a 2048: 3']);
      expect(dropped(state, 'a')).to.have.length.at.least(1);
      expect(dropped(state, 'other')).to.have.length(1);
    });
  }

  for (const [order, counts] of [
    ['before', [0, 5]],
    ['behind', [5, 0]],
  ] as const) {
    it(`is dropped with a remark when it stands ${order} a record of the same node and size`, () => {
      const records = counts.map((count) => ({ node_id: 0, size_kb: 2048, count }));
      const state = taken({}, { a: records });
      expect(readable(state).pages).to.deep.equal(['0 a 2048: 5']);
      expect(dropped(state, 'a')).to.have.length(1);
    });
  }

  it('is a service without any record of pages', () => {
    expect(readable(taken({}, { a: [] })).pages).to.deep.equal([]);
  });
});

describe('a corrupt file of the older format', () => {
  const good = { allocations: { a: '0-3', b: '4' }, explicit_allocations: { a: '0-1' } };

  for (const [title, state] of [
    ['two services hold the same CPU', { ...good, allocations: { a: '0-3', b: '3-4' } }],
    ['an explicit CPU is not allocated', { ...good, explicit_allocations: { a: '3-4' } }],
    [
      'explicit CPUs belong to a service without an entry',
      { ...good, explicit_allocations: { x: '9' } },
    ],
    [
      'explicit CPUs belong to a service without CPUs',
      { allocations: { a: '' }, explicit_allocations: { a: '1' } },
    ],
    ['a policy is of an unknown service', { ...good, preemption_policies: { x: 'legacy' } }],
    ['a pool is of an unknown service', { ...good, allocation_pools: { x: 'isolated' } }],
    ['a policy is unknown', { ...good, preemption_policies: { a: 'gentle' } }],
    ['a policy is null', { ...good, preemption_policies: { a: null } }],
    ['a policy is a list', { ...good, preemption_policies: { a: ['legacy'] } }],
    ['a pool is unknown', { ...good, allocation_pools: { a: 'shared' } }],
    ['a pool is null', { ...good, allocation_pools: { a: null } }],
    ['a pool is a number', { ...good, allocation_pools: { a: 0 } }],
    ['a CPU list is none', { allocations: { a: '0-x' } }],
    ['a CPU list runs down', { allocations: { a: '3-1' } }],
    ['a CPU list names a negative CPU', { allocations: { a: '-1' } }],
    ['a CPU list is a number', { allocations: { a: 1 } }],
    ['a CPU list is an array', { allocations: { a: [0, 1] } }],
    ['a CPU list is null', { allocations: { a: null } }],
    ['an explicit list is null', { ...good, explicit_allocations: { a: null } }],
    ['a service has no name', { allocations: { '': '1' } }],
    [
      'two services named after something an object has hold the same CPU',
      { allocations: { constructor: '1', toString: '1' } },
    ],
  ] as const) {
    it(`is refused when ${title}`, () => {
      expect(refusalOf(older(state))).not.to.equal('');
    });
  }

  for (const section of [
    'allocations',
    'explicit_allocations',
    'preemption_policies',
    'allocation_pools',
  ]) {
    for (const value of [null, [], ['a'], '0-3', 1, true]) {
      it(`is refused when ${section} is ${JSON.stringify(value)}`, () => {
        refusalOf(older({ ...good, [section]: value }));
      });
    }
  }

  for (const value of [null, [], '', 1]) {
    it(`is refused when a section is ${JSON.stringify(value)}`, () => {
      refusalOf(older(value));
      refusalOf(JSON.stringify({ version: 1, hugepages_db: value }));
      refusalOf(older({}, value));
      refusalOf(older({}, { a: value === '' || value === 1 || value === null ? value : {} }));
    });
  }

  const page = { node_id: 0, size_kb: 2048, count: 1 };
  for (const wrong of [
    { ...page, node_id: -1 },
    { ...page, node_id: '0' },
    { ...page, node_id: 0.5 },
    { ...page, node_id: null },
    { ...page, size_kb: 0 },
    { ...page, size_kb: '2048' },
    { ...page, size_kb: -2048 },
    { ...page, count: '1' },
    { ...page, count: 1.5 },
    { ...page, count: null },
    { node_id: 0, size_kb: 2048 },
    { node_id: 0, count: 1 },
    { size_kb: 2048, count: 1 },
    null,
    1,
    [],
  ]) {
    it(`is refused when a record of pages is ${JSON.stringify(wrong)}`, () => {
      refusalOf(older({}, { a: [page, wrong] }));
    });
  }

  it('is refused wherever it is cut off', () => {
    const text = older(good, { a: [page] });
    for (let length = 0; length < text.length; length++) refusalOf(text.slice(0, length));
  });

  it('says whose entry is wrong', () => {
    expect(refusalOf(older({ ...good, allocations: { a: '0-3', b: '3-4' } }))).to.match(
      /\ba\b.*\bb\b/,
    );
    expect(refusalOf(older({ ...good, preemption_policies: { nobody: 'legacy' } }))).to.include(
      'nobody',
    );
    expect(refusalOf(older({ allocations: { someone: '0-x' } })))
      .to.include('someone')
      .and.include('0-x');
  });
});
