/** Numbers with blanks between them, against the plain way of reading them. */

import { expect } from 'chai';
import fc from 'fast-check';
import { sysfsFilesAt } from '../../src/sysfs/sysfs-files.js';
import { parseCount, parseCounts } from '../../src/sysfs/sysfs-values.js';

const PATH = 'devices/system/node/node0/distance';
const files = sysfsFilesAt('/nowhere');

/** What it gives, or the error it throws, as text. */
function outcomeOf(parse: () => number[]): string {
  try {
    return JSON.stringify(parse());
  } catch (error) {
    return String(error);
  }
}

describe('numbers with blanks between them', () => {
  it('are read, or refused in the same words, as each by itself', () => {
    const digits = fc.stringMatching(/^\d{1,17}$/);
    const blanks = fc.constantFrom(' ', ' ', ' ', '  ', '\t', '\n', ',', ' x ', ' -1 ');
    const texts = fc
      .tuple(digits, fc.array(fc.tuple(blanks, digits), { maxLength: 5 }))
      .map(([first, rest]) => first + rest.flat().join(''));
    fc.assert(
      fc.property(texts, (text) => {
        const plainly = () => text.split(/\s+/).map((word) => parseCount(files, PATH, word));
        expect(outcomeOf(() => parseCounts(files, PATH, text))).to.equal(outcomeOf(plainly));
      }),
      { numRuns: 1_000 },
    );
  });
});
