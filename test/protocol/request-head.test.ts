/** What all requests share: `version`, `action` and `service_name`. */

import { expect } from 'chai';
import { isRefusal } from '../../src/protocol/error-codes.js';
import { ACTIONS, parseRequest } from '../../src/protocol/request.js';

const changing = [
  { action: 'allocate_cores' },
  { action: 'allocate_cores_percent', percent: 1 },
  { action: 'allocate_numa_cores', numa_node: 0, num_of_cores: 1 },
  { action: 'allocate_hugepages', node_id: 0, size_kb: 2048, hugepages_requested: 1 },
] as const;
const reading = ['list_allocations', 'get_memory_info'] as const;

/** The code of the refusal, or `null` when the request is accepted. */
function codeOf(wire: object): string | null {
  const outcome = parseRequest(JSON.parse(JSON.stringify(wire)) as Record<string, unknown>);
  return isRefusal(outcome) ? outcome.code : null;
}

function messageOf(wire: Readonly<Record<string, unknown>>): string {
  const outcome = parseRequest(wire);
  return isRefusal(outcome) ? outcome.message : '';
}

describe('version', () => {
  it('is "1.0" when it is missing', () => {
    expect(codeOf({ action: 'list_allocations' })).to.equal(null);
    expect(codeOf({ action: 'list_allocations', version: '1.0' })).to.equal(null);
  });

  for (const version of ['1', '1.1', '2.0', '1.0 ', '', 1, 1.5, 0, null, true, [], ['1.0'], {}]) {
    it(`must not be ${JSON.stringify(version)}`, () => {
      expect(codeOf({ action: 'list_allocations', version })).to.equal('UNSUPPORTED_VERSION');
    });
  }

  it('is looked at before anything else', () => {
    expect(codeOf({ action: 'no_such_action', version: '2.0' })).to.equal('UNSUPPORTED_VERSION');
  });
});

describe('action', () => {
  it('is one of those that the contract has', () => {
    expect(ACTIONS).to.include.members([...changing.map(({ action }) => action), ...reading]);
    for (const action of reading) expect(codeOf({ action })).to.equal(null);
    for (const wire of changing) expect(codeOf({ service_name: 'a', ...wire })).to.equal(null);
  });

  for (const action of [
    'no_such_action',
    '',
    'Allocate_Cores',
    'allocate_cores ',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'x'.repeat(60_000),
    '\ud800',
  ]) {
    it(`is unknown when it is ${JSON.stringify(action.slice(0, 20))}`, () => {
      expect(codeOf({ action, service_name: 'a' })).to.equal('UNKNOWN_ACTION');
    });
  }

  it('is quoted in the error, and shortened when it is long', () => {
    expect(messageOf({ action: 'no_such_action' })).to.include('"no_such_action"');
    expect(messageOf({ action: 'x'.repeat(60_000) })).to.have.length.below(500);
  });

  for (const action of [undefined, null, 0, 1, true, ['allocate_cores'], {}, { action: 'x' }]) {
    it(`must not be ${JSON.stringify(action)}`, () => {
      expect(codeOf({ action, service_name: 'a' })).to.equal('INVALID_REQUEST');
    });
  }
});

describe('service_name', () => {
  const accepted = [
    'a',
    'x'.repeat(128),
    'ä'.repeat(64),
    '€'.repeat(42),
    '😀'.repeat(32),
    ' ',
    'with spaces and "quotes"',
    '日本語',
    '\u00a0\u200b\ufeff',
    '__proto__',
    'constructor',
    '\ud83d\ude00',
  ];
  const refused = [
    ['', 'empty'],
    ['x'.repeat(129), 'of 129 bytes'],
    [`${'ä'.repeat(64)}x`, 'of 129 bytes in 65 characters'],
    ['€'.repeat(43), 'of 129 bytes in 43 characters'],
    ['😀'.repeat(33), 'of 132 bytes in 33 characters'],
    ['a\nb', 'with a newline'],
    ['a\0', 'with a NUL'],
    ['\t', 'with a tab'],
    ['\u007f', 'with DEL'],
    ['a\u0085', 'with a control character above ASCII'],
    ['\u009f', 'with the last control character'],
    ['\ud800', 'with half a surrogate pair'],
    ['a\udc00b', 'with the other half of a surrogate pair'],
    ['\ude00\ud83d', 'with a surrogate pair the wrong way round'],
    [null, 'null'],
    [undefined, 'missing'],
    [1, 'a number'],
    [true, 'a boolean'],
    [['a'], 'an array'],
    [{}, 'an object'],
  ] as const;

  for (const wire of changing) {
    describe(`of ${wire.action}`, () => {
      for (const name of accepted) {
        it(`may be ${JSON.stringify(name.slice(0, 24))} of ${Buffer.byteLength(name)} bytes`, () => {
          expect(parseRequest({ ...wire, service_name: name })).to.have.property(
            'serviceName',
            name,
          );
        });
      }

      for (const [service_name, what] of refused) {
        it(`must not be ${what}`, () => {
          expect(codeOf({ ...wire, service_name })).to.equal('INVALID_REQUEST');
          expect(messageOf({ ...wire, service_name })).to.include('service_name');
        });
      }
    });
  }

  for (const action of reading) {
    it(`is optional in ${action}`, () => {
      for (const service_name of ['a', null, undefined]) {
        expect(codeOf({ action, service_name })).to.equal(null);
      }
    });

    for (const service_name of [0, 1, true, false, [], ['a'], {}]) {
      it(`must not be ${JSON.stringify(service_name)} in ${action}`, () => {
        expect(codeOf({ action, service_name })).to.equal('INVALID_REQUEST');
      });
    }
  }
});
