/** `parseRequest`: what is accepted on the wire, field by field, and what is refused. */

import { expect } from 'chai';
import fc from 'fast-check';
import { ERROR_CODES, isRefusal, type Refusal } from '../../src/protocol/error-codes.js';
import { parseRequest, type Request } from '../../src/protocol/request.js';

type Wire = Readonly<Record<string, unknown>>;

/** What becomes of an object as it stands on the wire, in JSON. */
function parse(json: string): Request | Refusal {
  return parseRequest(JSON.parse(json) as Wire);
}

/** The JSON of an object in which one field has the given JSON. */
function jsonWith(request: Wire, field: string, json: string): string {
  const { [field]: _, ...rest } = request;
  return `${JSON.stringify(rest).slice(0, -1)},${JSON.stringify(field)}:${json}}`;
}

function without(request: Wire, field: string): string {
  const { [field]: _, ...rest } = request;
  return JSON.stringify(rest);
}

function expectRequest(json: string): Request {
  const outcome = parse(json);
  if (isRefusal(outcome)) throw new Error(`${json} is refused: ${outcome.message}`);
  return outcome;
}

function expectRefusal(json: string, code: keyof typeof ERROR_CODES, field?: string): Refusal {
  const outcome = parse(json);
  if (!isRefusal(outcome)) throw new Error(`${json} is accepted`);
  expect(outcome.code, outcome.message).to.equal(code);
  if (field !== undefined) {
    expect(outcome.message).to.include(field);
    expect(outcome.details).to.deep.include({ field });
  }
  return outcome;
}

const cores = { action: 'allocate_cores', service_name: 'a', num_of_cores: 2 };
const percent = { action: 'allocate_cores_percent', service_name: 'a', percent: 50 };
const numa = { action: 'allocate_numa_cores', service_name: 'a', numa_node: 1, num_of_cores: 2 };
const hugepages = {
  action: 'allocate_hugepages',
  service_name: 'a',
  node_id: 1,
  size_kb: 2048,
  hugepages_requested: 3,
};
const list = { action: 'list_allocations' };
const memory = { action: 'get_memory_info' };

const cpuRequests: readonly Wire[] = [cores, percent, numa];
const changing: readonly Wire[] = [...cpuRequests, hugepages];
const everything: readonly Wire[] = [...changing, list, memory];
const named = (request: Wire) => String(request['action']);

/** A whole number in the JSON that a program may write, and its value. */
const wholeNumbers = [
  ['2', 2],
  ['2.0', 2],
  ['2e0', 2],
  ['0.2e1', 2],
  ['200e-2', 2],
] as const;

const noWholeNumbers = [
  '"2"',
  '""',
  'true',
  'false',
  'null',
  '2.5',
  '-0.5',
  '1e-1',
  '1e400',
  '-1e400',
  '9007199254740992',
  '-9007199254740992',
  '1e300',
  '[2]',
  '[]',
  '{}',
  '{"valueOf":2}',
];

/** Field → the request that has it, its name once parsed, and the numbers at its limits. */
const numbers = [
  { request: cores, field: 'num_of_cores', key: 'cpuCount', least: [-1, 0, 1], below: [-2, -100] },
  { request: percent, field: 'percent', key: 'percent', least: [-1, 0, 1, 100], below: [-2, 101] },
  { request: numa, field: 'num_of_cores', key: 'cpuCount', least: [-1, 1], below: [-2, 0] },
  { request: numa, field: 'numa_node', key: 'nodeId', least: [0, 255], below: [-1] },
  { request: hugepages, field: 'node_id', key: 'nodeId', least: [0, 255], below: [-1] },
  { request: hugepages, field: 'size_kb', key: 'sizeKb', least: [1, 1_048_576], below: [0, -1] },
  {
    request: hugepages,
    field: 'hugepages_requested',
    key: 'pageCount',
    least: [-1, 1],
    below: [0, -2],
  },
] as const;

describe('parseRequest', () => {
  it('reads each action', () => {
    const plain = { isDryRun: false, requestId: null };
    const pooled = { serviceName: 'a', pool: 'isolated', policy: null, placement: null, ...plain };
    for (const [wire, request] of [
      [cores, { action: 'allocate_cores', cpuCount: 2, ...pooled }],
      [percent, { action: 'allocate_cores_percent', percent: 50, ...pooled }],
      [numa, { action: 'allocate_numa_cores', nodeId: 1, cpuCount: 2, ...pooled }],
      [
        hugepages,
        {
          action: 'allocate_hugepages',
          serviceName: 'a',
          nodeId: 1,
          sizeKb: 2048,
          pageCount: 3,
          ...plain,
        },
      ],
      [list, { action: 'list_allocations', pool: 'isolated' }],
      [memory, { action: 'get_memory_info', serviceName: '' }],
    ] as const) {
      expect(expectRequest(JSON.stringify(wire))).to.deep.equal(request);
    }
  });

  for (const { request, field, key, least, below } of numbers) {
    describe(`${field} of ${named(request)}`, () => {
      for (const [json, value] of wholeNumbers) {
        it(`takes ${json} as ${value}`, () => {
          expect(expectRequest(jsonWith(request, field, json))).to.have.property(key, value);
        });
      }

      for (const value of least) {
        it(`may be ${value}`, () => {
          const parsed = expectRequest(jsonWith(request, field, `${value}`));
          expect(parsed).to.have.property(key, value);
        });
      }

      it('may be the highest whole number that JSON carries safely', () => {
        const json = jsonWith(request, field, '9007199254740991');
        if (field === 'percent') expectRefusal(json, 'INVALID_REQUEST', field);
        else expect(expectRequest(json)).to.have.property(key, Number.MAX_SAFE_INTEGER);
      });

      for (const json of [...noWholeNumbers, ...below.map(String)]) {
        it(`must not be ${json}`, () => {
          expectRefusal(jsonWith(request, field, json), 'INVALID_REQUEST', field);
        });
      }

      it('takes -0 as 0', () => {
        const [minus, plain] = ['-0', '0'].map((zero) => parse(jsonWith(request, field, zero)));
        expect(JSON.stringify(minus)).to.equal(JSON.stringify(plain));
      });

      if (field === 'num_of_cores' && request === cores) {
        it('is 0 when it is missing', () => {
          expect(expectRequest(without(request, field))).to.have.property(key, 0);
        });
      } else {
        it('must not be missing', () => {
          const { message } = expectRefusal(without(request, field), 'INVALID_REQUEST', field);
          expect(message).to.include('missing');
        });
      }
    });
  }

  describe('numa_node where CPUs of all nodes are asked for', () => {
    for (const request of [cores, percent]) {
      it(`may be missing or null in ${named(request)}`, () => {
        const plain = expectRequest(JSON.stringify(request));
        expect(expectRequest(jsonWith(request, 'numa_node', 'null'))).to.deep.equal(plain);
      });

      for (const json of ['0', '1', '-1', '"0"', '"null"', 'false', '{}', '""']) {
        it(`must not be ${json} in ${named(request)}, with a pointer to the action that takes it`, () => {
          const wire = jsonWith(request, 'numa_node', json);
          const { message } = expectRefusal(wire, 'INVALID_REQUEST', 'numa_node');
          expect(message).to.include('allocate_numa_cores');
        });
      }
    }
  });

  describe('pool', () => {
    for (const request of [...cpuRequests, list]) {
      it(`is isolated in ${named(request)} unless it is named`, () => {
        expect(expectRequest(JSON.stringify(request))).to.have.property('pool', 'isolated');
        for (const pool of ['isolated', 'general']) {
          const json = jsonWith(request, 'pool', JSON.stringify(pool));
          expect(expectRequest(json)).to.have.property('pool', pool);
        }
      });

      for (const json of ['null', '""', '"shared"', '"General"', '" general"', '0', '[]', 'true']) {
        it(`must not be ${json} in ${named(request)}`, () => {
          expectRefusal(jsonWith(request, 'pool', json), 'INVALID_REQUEST', 'pool');
        });
      }
    }
  });

  describe('preemption_policy', () => {
    for (const request of cpuRequests) {
      it(`is none in ${named(request)} when it is missing or null`, () => {
        expect(expectRequest(JSON.stringify(request))).to.have.property('policy', null);
        const json = jsonWith(request, 'preemption_policy', 'null');
        expect(expectRequest(json)).to.have.property('policy', null);
      });

      it(`is what ${named(request)} names`, () => {
        for (const policy of ['legacy', 'non-preemptive']) {
          const json = jsonWith(request, 'preemption_policy', JSON.stringify(policy));
          expect(expectRequest(json)).to.have.property('policy', policy);
        }
      });

      for (const json of ['""', '"gentle"', '"Legacy"', '"non_preemptive"', '0', 'false', '{}']) {
        it(`must not be ${json} in ${named(request)}, a release included`, () => {
          const wire = jsonWith(request, 'preemption_policy', json);
          expectRefusal(wire, 'INVALID_REQUEST', 'preemption_policy');
          const count = request === percent ? 'percent' : 'num_of_cores';
          const release = jsonWith({ ...request, [count]: -1 }, 'preemption_policy', json);
          expectRefusal(release, 'INVALID_REQUEST', 'preemption_policy');
        });
      }
    }
  });

  describe('any other field', () => {
    const others: Wire = { comment: 1, id: null, nested: { action: [] }, constructor: 'x' };

    for (const request of everything) {
      it(`is ignored in ${named(request)}`, () => {
        const plain = expectRequest(JSON.stringify(request));
        expect(expectRequest(JSON.stringify({ ...request, ...others }))).to.deep.equal(plain);
        const odd = jsonWith(request, '__proto__', '{"version":"9","pool":"x","action":7}');
        expect(expectRequest(odd)).to.deep.equal(plain);
      });
    }

    it('is ignored when it belongs to another action, whatever is in it', () => {
      const wrong = { percent: 'x', node_id: -1, size_kb: null, hugepages_requested: [] };
      const plain = expectRequest(JSON.stringify(cores));
      expect(expectRequest(JSON.stringify({ ...cores, ...wrong }))).to.deep.equal(plain);
      const foreign = { ...list, num_of_cores: 'x', numa_node: 0, preemption_policy: 7 };
      expect(expectRequest(JSON.stringify(foreign))).to.deep.equal(
        expectRequest(JSON.stringify(list)),
      );
    });
  });

  it('accepts or refuses any object, and never throws', () => {
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom('a', 0, -1, 1, 'isolated', 'general'));
    const objects = fc.record(
      {
        version: fc.oneof(fc.constant('1.0'), values),
        action: fc.oneof(fc.constantFrom(...everything.map(named)), values),
        service_name: fc.oneof(fc.constant('a'), values),
        num_of_cores: values,
        percent: values,
        numa_node: values,
        node_id: values,
        size_kb: values,
        hugepages_requested: values,
        pool: values,
        preemption_policy: values,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(objects, (wire) => {
        const outcome = parse(JSON.stringify(wire));
        if (!isRefusal(outcome)) return;
        expect(Object.keys(ERROR_CODES)).to.include(outcome.code);
        expect(outcome.message.length).to.be.within(1, 1000);
      }),
      { numRuns: 500 },
    );
  });
});
