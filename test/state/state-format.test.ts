/** The project's own format: written, read back, and refused when anything in it is damaged. */

import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { intersectCpus } from '../../src/core/cpu-set.js';
import { Holdings } from '../../src/core/holdings.js';
import { formatState, parseState } from '../../src/state/state-format.js';
import {
  readable,
  readOrRefuse,
  refusalOf,
  smallState,
  states,
  type WrittenState,
} from './states.js';

const now = new Date('2024-05-06T07:08:09.010Z');
const smallText = formatState(smallState, now);

/** What of a state must come back: homes matter for CPUs that somebody holds, in real nodes. */
function worthKeeping({ holdings, homes, generation }: WrittenState) {
  const kept = [...homes]
    .filter(([nodeId]) => nodeId >= 0)
    .map(([nodeId, cpus]) => [nodeId, intersectCpus(cpus, holdings.claimedCpus)] as const);
  return readable({ holdings, homes: new Map(kept), generation });
}

/** The small state with other content, and a checksum that fits it. */
function forged(change: (body: Record<string, unknown>) => void): string {
  const { checksum, ...body } = JSON.parse(smallText) as Record<string, unknown>;
  change(body);
  const fitting = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  return JSON.stringify({ ...body, checksum: fitting });
}

describe('the state of our own format', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(states, (state) => {
        const read = parseState(formatState(state, now));
        expect(readable(read)).to.deep.equal(worthKeeping(state));
        expect(read.remarks).to.deep.equal([]);
      }),
      { numRuns: 500 },
    );
  });

  it('comes back with all that holdings tell in other words', () => {
    fc.assert(
      fc.property(states, (state) => {
        const { holdings } = parseState(formatState(state, now));
        for (const name of ['claimedCpus', 'explicitCpus', 'protectedCpus'] as const) {
          expect([...holdings[name]].join(), name).to.equal([...state.holdings[name]].join());
        }
      }),
    );
  });

  it('is written the same again once it was read', () => {
    fc.assert(
      fc.property(states, (state) => {
        const text = formatState(state, now);
        expect(formatState(parseState(text), now)).to.equal(text);
      }),
    );
  });

  it('is one line of JSON with a version, a generation, the time and a checksum', () => {
    expect(smallText).to.match(/^\{.*\}\n$/);
    expect(JSON.parse(smallText)).to.deep.include({
      version: 2,
      generation: 17,
      updated_at: '2024-05-06T07:08:09.010Z',
    });
    expect(JSON.parse(smallText))
      .to.have.property('checksum')
      .that.matches(/^[0-9a-f]{64}$/);
  });

  it('comes back when nobody holds anything', () => {
    const empty = { holdings: Holdings.none, homes: new Map(), generation: 0 };
    expect(readable(parseState(formatState(empty, now)))).to.deep.equal(readable(empty));
  });

  it('is read with a line end more or less', () => {
    for (const text of [smallText.trimEnd(), `${smallText}\n`, smallText.replace('\n', '\r\n')]) {
      expect(readable(parseState(text))).to.deep.equal(worthKeeping(smallState));
    }
  });
});

describe('a damaged state of our own format', () => {
  const same = JSON.stringify(worthKeeping(smallState));

  it('is refused, or reads the same, wherever it is cut off', () => {
    const bytes = Buffer.from(smallText);
    for (let length = 0; length < bytes.length; length++) {
      const read = readOrRefuse(bytes.subarray(0, length).toString());
      if (read !== null) expect(JSON.stringify(readable(read)), `${length}`).to.equal(same);
    }
  });

  it('is refused when more than the line end is cut off', () => {
    const text = smallText.trimEnd();
    for (let length = 0; length < text.length; length++) refusalOf(text.slice(0, length));
  });

  it('is refused, or reads the same, whichever bit is flipped', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const bytes = Buffer.from(smallText);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let text: string;
      try {
        text = decoder.decode(flipped);
      } catch {
        continue;
      }
      const read = readOrRefuse(text);
      if (read !== null) expect(JSON.stringify(readable(read)), text).to.equal(same);
    }
  });

  it('is refused, or reads the same, whichever character is replaced by a digit', () => {
    for (let at = 0; at < smallText.length; at++) {
      for (const digit of '0123456789') {
        const text = smallText.slice(0, at) + digit + smallText.slice(at + 1);
        const read = readOrRefuse(text);
        if (read !== null) expect(JSON.stringify(readable(read)), text).to.equal(same);
      }
    }
  });

  it('is refused when its version says that it is of the older format', () => {
    refusalOf(smallText.replace('"version":2', '"version":1'));
  });

  it('is refused, or reads the same, when bytes are changed, lost or repeated', () => {
    const damage = fc.record({
      at: fc.nat({ max: smallText.length }),
      lost: fc.nat({ max: 12 }),
      put: fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('0', '1', ' ', ',', '"', '-')),
    });
    fc.assert(
      fc.property(damage, ({ at, lost, put }) => {
        const text = smallText.slice(0, at) + put + smallText.slice(at + lost);
        const read = readOrRefuse(text);
        if (read !== null) expect(JSON.stringify(readable(read)), text).to.equal(same);
      }),
      { numRuns: 2000 },
    );
  });

  it('is refused when its checksum is another', () => {
    const { checksum, ...body } = JSON.parse(smallText) as Record<string, string>;
    const other = `${checksum?.startsWith('0') ? '1' : '0'}${checksum?.slice(1)}`;
    expect(refusalOf(JSON.stringify({ ...body, checksum: other }))).to.include('checksum');
    expect(refusalOf(JSON.stringify({ ...body, checksum: '' }))).to.include('checksum');
    expect(refusalOf(JSON.stringify(body))).to.include('checksum');
    for (const odd of [null, 1, [checksum]]) refusalOf(JSON.stringify({ ...body, checksum: odd }));
  });

  it('is refused when a part of it was edited, even to something sensible', () => {
    for (const [from, to] of [
      ['"generation":17', '"generation":18'],
      ['"cpus":"5"', '"cpus":"6"'],
      ['non-preemptive', 'legacy'],
      ['"count":10', '"count":11'],
      ['2024', '2025'],
    ] as const) {
      expect(smallText).to.include(from);
      expect(refusalOf(smallText.replace(from, to))).to.include('checksum');
    }
  });

  for (const [text, what] of [
    ['', 'an empty file'],
    [' \n\t\n', 'a file of blanks'],
    ['\0'.repeat(512), 'a file of zeros'],
    ['state', 'a word'],
    ['{"version": 2', 'half an object'],
    ['null', 'null'],
    ['2', 'a number'],
    ['"{}"', 'a string'],
    ['[]', 'an array'],
    ['{}', 'an object without a version'],
    ['{"version": 3}', 'a version from the future'],
    ['{"version": "2"}', 'a version in quotes'],
    ['{"version": null}', 'a version of null'],
    ['{"version": 2}', 'an object with nothing but a version'],
    [`${smallText}${smallText}`, 'two states'],
    [`${smallText}x`, 'a state with something behind it'],
  ] as const) {
    it(`is refused when it is ${what}, and the reason is named`, () => {
      expect(refusalOf(text)).not.to.equal('');
    });
  }

  it('names the version that it does not know', () => {
    expect(refusalOf('{"version": 3}')).to.include('3');
    expect(refusalOf('')).to.include('empty');
  });
});

describe('a state of our own format that contradicts itself', () => {
  const claim = {
    service_name: 'x',
    pool: 'isolated',
    preemption_policy: 'legacy',
    cpus: '20',
    explicit_cpus: '',
  };

  it('would be accepted with a checksum that fits, if it did not', () => {
    expect(readable(parseState(forged(() => undefined)))).to.deep.equal(worthKeeping(smallState));
    expect(parseState(forged((body) => (body['claims'] as object[]).push(claim)))).to.be.an(
      'object',
    );
  });

  for (const [title, wrong] of [
    ['two services hold the same CPU', { ...claim, cpus: '3,20' }],
    ['an explicit CPU is not claimed', { ...claim, explicit_cpus: '21' }],
    ['a claim has no CPU', { ...claim, cpus: '' }],
    ['a CPU list is none', { ...claim, cpus: '20-x' }],
    ['a CPU list is a number', { ...claim, cpus: 20 }],
    ['a pool is unknown', { ...claim, pool: 'shared' }],
    ['a policy is unknown', { ...claim, preemption_policy: 'gentle' }],
    ['a policy is null', { ...claim, preemption_policy: null }],
    ['a name is empty', { ...claim, service_name: '' }],
    ['a name has a control character', { ...claim, service_name: 'a\n' }],
    ['a claim has a field too many', { ...claim, note: '' }],
    ['a claim is none', null],
  ] as const) {
    it(`is refused although its checksum fits when ${title}`, () => {
      refusalOf(forged((body) => (body['claims'] as unknown[]).push(wrong)));
    });
  }

  for (const [field, value] of [
    ['generation', -1],
    ['generation', 1.5],
    ['generation', '17'],
    ['generation', null],
    ['claims', {}],
    ['claims', null],
    ['hugepages', [{ service_name: 'a', node_id: 0, size_kb: 2048, count: 0 }]],
    ['hugepages', [{ service_name: 'a', node_id: -1, size_kb: 2048, count: 1 }]],
    ['hugepages', [{ service_name: 'a', node_id: 0, count: 1 }]],
    ['hugepages', null],
    ['cpu_homes', [{ node_id: -1, cpus: '1' }]],
    ['cpu_homes', {}],
    ['claims', ['1', '2'].map((cpus) => ({ ...claim, service_name: 'twice', cpus }))],
    ['hugepages', [1, 2].map((count) => ({ service_name: 'a', node_id: 0, size_kb: 4, count }))],
    ['cpu_homes', ['1', '2'].map((cpus) => ({ node_id: 0, cpus }))],
    ['updated_at', 0],
    ['note', 'x'],
  ] as const) {
    it(`is refused although its checksum fits when ${field} is ${JSON.stringify(value)}`, () => {
      refusalOf(
        forged((body) => {
          body[field] = value;
        }),
      );
    });
  }
});
