/** Bytes that come in pieces. */

import { expect } from 'chai';
import fc from 'fast-check';
import { ByteBuffer } from '../../src/socket/byte-buffer.js';

describe('ByteBuffer', () => {
  it('gives back what came in, and is empty again', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 8 }), (parts) => {
        const bytes = new ByteBuffer();
        for (const part of parts) bytes.append(Buffer.from(part));
        const all = Buffer.concat(parts);
        expect(bytes.length).to.equal(all.length);
        expect(bytes.take().equals(all)).to.equal(true);
        expect(bytes.length).to.equal(0);
        expect(bytes.take()).to.have.length(0);
      }),
    );
  });

  it('keeps a copy: the chunk and what was taken before may change', () => {
    const bytes = new ByteBuffer();
    const part = Buffer.from('abc');
    const first = bytes.append(part).take();
    bytes.append(part);
    part.fill('x');
    first.fill('y');
    expect(bytes.take().toString()).to.equal('abc');
  });
});
