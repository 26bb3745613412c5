/** What becomes of the bytes of one request. */

import { expect } from 'chai';
import fc from 'fast-check';
import { type ParsedFrame, parseFrame } from '../../src/socket/parse-frame.js';
import { jsonLine, nested } from './json.js';

const LIST = '{"action":"list_allocations"}';

function parsed(bytes: string | Buffer): ParsedFrame {
  return parseFrame(Buffer.from(bytes));
}

function expectMalformed(bytes: string | Buffer, reason: string): void {
  const frame = parsed(bytes);
  expect(frame).to.deep.include({ isWellFormed: false });
  expect(frame).to.have.nested.property('refusal.code', 'INVALID_REQUEST');
  expect(frame).to.have.nested.property('refusal.message').that.includes(reason);
}

describe('parseFrame', () => {
  it('gives a request', () => {
    const request = { action: 'list_allocations', pool: 'isolated' };
    for (const text of [LIST, ` \t${LIST}\r`, LIST.replace(':', ' : ')]) {
      expect(parsed(text)).to.deep.equal({ request });
    }
  });

  it('reads UTF-8', () => {
    const frame = parsed('{"action":"allocate_cores","service_name":"é😀","num_of_cores":1}');
    expect(frame).to.have.nested.property('request.serviceName', 'é😀');
  });

  for (const text of ['[]', `[${LIST}]`, '"a"', '1', 'null', 'true']) {
    it(`refuses ${text}, which is no object`, () => expectMalformed(text, 'not a JSON object'));
  }

  for (const text of ['', '{', '{]', '{a:1}', `${LIST} {}`, `${LIST},`, "{'a':1}", '{"a":01}']) {
    it(`refuses ${JSON.stringify(text)}, which is no JSON`, () => {
      expectMalformed(text, 'not JSON');
    });
  }

  it('refuses a byte order mark', () => {
    expectMalformed(`\ufeff${LIST}`, 'not JSON');
  });

  it('refuses a control character within a string', () => {
    expectMalformed('{"action":"a\nb"}', 'not JSON');
  });

  const invalidUtf8: Readonly<Record<string, readonly number[]>> = {
    'a byte that never occurs': [0xff],
    'a character cut short': [0xe2, 0x82],
    'a character in more bytes than it needs': [0xc0, 0xaf],
    'half of a surrogate pair': [0xed, 0xa0, 0x80],
    'a character beyond the last': [0xf4, 0x90, 0x80, 0x80],
  };
  for (const [what, bytes] of Object.entries(invalidUtf8)) {
    it(`refuses ${what}`, () => {
      const [before = '', after = ''] = '{"action":"list_allocations","x":"?"}'.split('?');
      const all = [Buffer.from(before), Buffer.from(bytes), Buffer.from(after)];
      expectMalformed(Buffer.concat(all), 'UTF-8');
    });
  }

  it('takes 32 levels', () => {
    const frame = parsed(nested(32, '"action":"list_allocations",'));
    expect(frame).to.have.nested.property('request.action', 'list_allocations');
  });

  it('refuses 33 levels, and calls it well-formed all the same', () => {
    for (const depth of [33, 30_000]) {
      const frame = parsed(nested(depth, '"action":"list_allocations",'));
      expect(frame).to.include({ isWellFormed: true });
      expect(frame).to.have.nested.property('refusal.code', 'INVALID_REQUEST');
      expect(frame).to.have.nested.property('refusal.message').that.includes('32');
    }
  });

  it('counts levels behind blanks, and none within strings', () => {
    expect(parsed(` ${nested(33)}`))
      .to.have.nested.property('refusal.message')
      .that.includes('32');
    const deep = JSON.stringify({ action: 'list_allocations', x: '{'.repeat(100) });
    expect(parsed(deep)).to.have.property('request');
  });

  const wellFormed: Readonly<Record<string, string>> = {
    '{}': 'INVALID_REQUEST',
    '{"action":1}': 'INVALID_REQUEST',
    '{"action":"allocate_cores"}': 'INVALID_REQUEST',
    '{"action":"fly"}': 'UNKNOWN_ACTION',
    '{"action":"__proto__"}': 'UNKNOWN_ACTION',
    '{"action":"list_allocations","version":"2.0"}': 'UNSUPPORTED_VERSION',
    '{"__proto__":{"action":"list_allocations"}}': 'INVALID_REQUEST',
  };
  for (const [text, code] of Object.entries(wellFormed)) {
    it(`refuses ${text} with ${code}, and calls it well-formed`, () => {
      const frame = parsed(text);
      expect(frame).to.include({ isWellFormed: true });
      expect(frame).to.have.nested.property('refusal.code', code);
    });
  }

  it('calls every JSON object well-formed', () => {
    fc.assert(
      fc.property(jsonLine, (line) => {
        const frame = parsed(line);
        expect('request' in frame || frame.isWellFormed).to.equal(true);
      }),
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(parsed(Buffer.from(bytes))).to.be.an('object');
      }),
    );
  });
});
