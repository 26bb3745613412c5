/** Where a JSON object ends, and how deep it is. */

import { expect } from 'chai';
import fc from 'fast-check';
import { ObjectScanner } from '../../src/socket/framing.js';
import { cuts, jsonText, nested, piecesOf } from './json.js';

describe('ObjectScanner', () => {
  it('finds the end of an object, however it is cut and whatever follows', () => {
    fc.assert(
      fc.property(jsonText, fc.string(), cuts, (text, tail, at) => {
        const scanner = new ObjectScanner();
        const pieces = piecesOf(text + tail, at);
        let before = 0;
        for (const piece of pieces) {
          const end = scanner.scan(piece, 0);
          if (end >= 0) {
            expect(before + end).to.equal(Buffer.byteLength(text));
            return;
          }
          before += piece.length;
        }
        throw new Error('the end was not found');
      }),
    );
  });

  it('begins where it is told to', () => {
    expect(new ObjectScanner().scan(Buffer.from('}]{}'), 2)).to.equal(4);
  });

  for (const depth of [1, 2, 32, 33, 1_000]) {
    it(`counts ${depth} levels`, () => {
      const scanner = new ObjectScanner();
      scanner.scan(Buffer.from(nested(depth)), 0);
      expect(scanner.maxDepth).to.equal(depth);
    });
  }

  it('counts no brackets within strings', () => {
    const scanner = new ObjectScanner();
    scanner.scan(Buffer.from(JSON.stringify({ '{"[{': '\\"{[[' })), 0);
    expect(scanner.maxDepth).to.equal(1);
  });
});
