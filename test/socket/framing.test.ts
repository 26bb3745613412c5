/** How requests are found in a stream of bytes. */

import { expect } from 'chai';
import fc from 'fast-check';
import { REQUEST_MAX_BYTES } from '../../src/protocol/limits.js';
import { type Frame, Framer } from '../../src/socket/framing.js';
import { cuts, jsonLine, jsonText, objectOf, piecesOf, singleBytesOf } from './json.js';

const blanks = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 5 });

/** The text of a request, or the code of a violation. */
function shown(frame: Frame): string {
  return frame.kind === 'request' ? frame.bytes.toString() : frame.refusal.code;
}

/** What a framer finds in pieces that come one after the other. */
function framesIn(framer: Framer, pieces: readonly (string | Buffer)[]): string[] {
  // What is found is copied: the buffer of a chunk belongs to the socket.
  return pieces.flatMap((piece) => framer.push(Buffer.from(piece)).map(shown));
}

/** A framer whose session has begun. */
function sessionFramer(): Framer {
  const framer = new Framer();
  expect(framesIn(framer, ['{}\n'])).to.deep.equal(['{}']);
  return framer;
}

describe('Framer outside a session', () => {
  it('finds one object with all its bytes, however it is cut', () => {
    fc.assert(
      fc.property(blanks, jsonText, cuts, (before, text, at) => {
        const framer = new Framer();
        expect(framesIn(framer, piecesOf(before + text, at))).to.deep.equal([text]);
        expect(framer).to.include({ isSession: false, isOver: true, hasPartial: false });
      }),
    );
  });

  it('finds the same byte by byte', () => {
    fc.assert(
      fc.property(blanks, jsonText, (before, text) => {
        expect(framesIn(new Framer(), singleBytesOf(before + text))).to.deep.equal([text]);
      }),
    );
  });

  it('ignores what follows without a newline, in the same chunk or later', () => {
    fc.assert(
      fc.property(jsonText, jsonText, cuts, (text, tail, at) => {
        for (const blank of ['', ' ', '\r\n', '\t\n', '}']) {
          const framer = new Framer();
          const [first = '', ...rest] = piecesOf(`${blank}${tail}`, at);
          expect(framesIn(framer, [text + first.toString('latin1'), ...rest])).to.deep.equal([
            text,
          ]);
          expect(framer).to.include({ isSession: false, isOver: true });
          expect(framer.end()).to.deep.equal([]);
        }
      }),
    );
  });

  it('takes a newline in a later chunk for nothing', () => {
    const framer = new Framer();
    expect(framesIn(framer, ['{}', '\n', '{"a":1}\n'])).to.deep.equal(['{}']);
    expect(framer).to.include({ isSession: false, isOver: true });
  });

  it('says whether a request has begun', () => {
    const framer = new Framer();
    expect(framer).to.include({ hasPartial: false, isOver: false });
    framer.push(Buffer.from(' \n'));
    expect(framer.hasPartial).to.equal(false);
    framer.push(Buffer.from(' {'));
    expect(framer.hasPartial).to.equal(true);
    framer.push(Buffer.from('}'));
    expect(framer).to.include({ hasPartial: false, isOver: true });
  });

  for (const text of ['hello', '[]', '"a"', '1', 'null', '}', '\u0000{}', '\ufeff{}', ' \n x{}']) {
    it(`refuses ${JSON.stringify(text)}, which does not begin with an object`, () => {
      for (const pieces of [[text], singleBytesOf(text)]) {
        const framer = new Framer();
        expect(framesIn(framer, pieces)).to.deep.equal(['INVALID_REQUEST']);
        expect(framer).to.include({ isOver: true, hasPartial: false });
        expect(framesIn(framer, ['{}\n'])).to.deep.equal([]);
        expect(framer.end()).to.deep.equal([]);
      }
    });
  }

  it('says so when the stream ends within an object', () => {
    fc.assert(
      fc.property(jsonText, fc.double({ min: 0, max: 0.999, noNaN: true }), (text, share) => {
        const bytes = Buffer.from(text);
        const part = bytes.subarray(0, Math.max(1, Math.floor(share * bytes.length)));
        const framer = new Framer();
        expect(framesIn(framer, [part])).to.deep.equal([]);
        expect(framer.end().map(shown)).to.deep.equal(['INVALID_REQUEST']);
        expect(framer.isOver).to.equal(true);
      }),
    );
  });

  it('ends without a word when nothing came, or blanks only', () => {
    for (const text of ['', ' \r\n\t']) {
      const framer = new Framer();
      framer.push(Buffer.from(text));
      expect(framer.end()).to.deep.equal([]);
    }
  });
});

describe('Framer in a session', () => {
  it('begins with a newline right behind the object, in the same chunk', () => {
    fc.assert(
      fc.property(jsonText, cuts, (text, at) => {
        const pieces = piecesOf(text, at);
        const last = Buffer.concat([pieces.pop() ?? Buffer.alloc(0), Buffer.from('\n')]);
        const framer = new Framer();
        expect(framesIn(framer, [...pieces, last])).to.deep.equal([text]);
        expect(framer).to.include({ isSession: true, isOver: false, hasPartial: false });
      }),
    );
  });

  it('finds a request in each line, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(jsonLine, { maxLength: 6 }), cuts, (lines, at) => {
        const framer = sessionFramer();
        const stream = lines.map((line) => `${line}\n`).join('');
        expect(framesIn(framer, piecesOf(stream, at))).to.deep.equal(lines);
        expect(framer).to.include({ isSession: true, isOver: false, hasPartial: false });
      }),
    );
  });

  it('finds lines in the chunk that begins the session', () => {
    expect(framesIn(new Framer(), ['{}\n{"a":1}\n\n{"b"', ':2}\n'])).to.deep.equal([
      '{}',
      '{"a":1}',
      '{"b":2}',
    ]);
  });

  it('finds the same byte by byte', () => {
    fc.assert(
      fc.property(fc.array(jsonLine, { maxLength: 4 }), (lines) => {
        const stream = lines.map((line) => `${line}\n`).join('');
        expect(framesIn(sessionFramer(), singleBytesOf(stream))).to.deep.equal(lines);
      }),
    );
  });

  it('skips blank lines', () => {
    fc.assert(
      fc.property(fc.array(blanks, { minLength: 2, maxLength: 4 }), cuts, (some, at) => {
        const framer = sessionFramer();
        const stream = some.map((blank) => `${blank}\n`).join('{"a":1}\n');
        const found = framesIn(framer, piecesOf(stream, at)).map((line) => line.trim());
        expect(found).to.deep.equal(some.slice(1).map(() => '{"a":1}'));
      }),
    );
  });

  it('knows a line that has begun from blanks', () => {
    const framer = sessionFramer();
    framer.push(Buffer.from(' \t'));
    expect(framer.hasPartial).to.equal(false);
    framer.push(Buffer.from('{'));
    expect(framer.hasPartial).to.equal(true);
    framer.push(Buffer.from('}\n'));
    expect(framer.hasPartial).to.equal(false);
  });

  it('hands on whatever is on a line: what it means is not its concern', () => {
    const lines = ['[]', 'hello', '{"a":{}', '{} {}', '"a"'];
    expect(framesIn(sessionFramer(), [`${lines.join('\n')}\n`])).to.deep.equal(lines);
  });

  it('takes the last line without its newline when the peer sends no more', () => {
    fc.assert(
      fc.property(jsonLine, cuts, (line, at) => {
        const framer = sessionFramer();
        expect(framesIn(framer, piecesOf(line, at))).to.deep.equal([]);
        expect(framer.end().map(shown)).to.deep.equal([line]);
        expect(framer).to.include({ isOver: true, isSession: true });
      }),
    );
    const framer = sessionFramer();
    framer.push(Buffer.from(' '));
    expect(framer.end()).to.deep.equal([]);
  });
});

describe('Framer and the limit of 64 KiB', () => {
  const most = objectOf(REQUEST_MAX_BYTES);
  const tooMuch = objectOf(REQUEST_MAX_BYTES + 1);
  const ways: Readonly<Record<string, (text: string) => Buffer[]>> = {
    'one chunk': (text) => [Buffer.from(text)],
    'many chunks': (text) => piecesOf(text, [0.1, 0.5, 0.999]),
    'chunks of which the last is short': (text) => [
      Buffer.from(text.slice(0, -1)),
      Buffer.from(text.slice(-1)),
    ],
  };
  for (const [way, cut] of Object.entries(ways)) {
    it(`takes exactly that much as a first object, in ${way}`, () => {
      expect(framesIn(new Framer(), cut(most))).to.deep.equal([most]);
      expect(framesIn(new Framer(), cut(`  ${most}\n{}\n`))[0]).to.equal(most);
    });

    it(`refuses one byte more as a first object, in ${way}`, () => {
      const framer = new Framer();
      expect(framesIn(framer, cut(tooMuch))).to.deep.equal(['REQUEST_TOO_LARGE']);
      expect(framer).to.include({ isOver: true, hasPartial: false });
    });

    it(`takes exactly that much as a line, in ${way}`, () => {
      expect(framesIn(sessionFramer(), cut(`${most}\n`))).to.deep.equal([most]);
    });

    it(`refuses one byte more as a line, in ${way}`, () => {
      const framer = sessionFramer();
      expect(framesIn(framer, cut(`{"a":1}\n${tooMuch}\n`))).to.deep.equal([
        '{"a":1}',
        'REQUEST_TOO_LARGE',
      ]);
      expect(framer).to.include({ isOver: true, hasPartial: false });
    });
  }

  it('refuses an object without end as soon as it is too long', () => {
    const framer = new Framer();
    expect(framesIn(framer, ['{"a":"', 'x'.repeat(REQUEST_MAX_BYTES)])).to.deep.equal([
      'REQUEST_TOO_LARGE',
    ]);
  });

  it('does not count what follows the object', () => {
    expect(framesIn(new Framer(), [`{}${'x'.repeat(REQUEST_MAX_BYTES)}`])).to.deep.equal(['{}']);
  });

  it('takes many lines that are longer together', () => {
    const line = objectOf(40_000);
    expect(framesIn(sessionFramer(), [`${line}\n${line}\n${line}\n`])).to.have.length(3);
  });
});
