import { expect } from 'chai';
import fc from 'fast-check';
import { fitsPattern } from '../../src/core/name-pattern.js';

describe('a pattern of names', () => {
  for (const [pattern, fitting, others] of [
    ['nova', ['nova'], ['', 'nov', 'nova1', 'xnova', 'NOVA']],
    ['nova-*', ['nova-', 'nova-1', 'nova-*'], ['nova', 'xnova-1']],
    ['*', ['', 'a', '*'], []],
    ['*-osd', ['-osd', 'ceph-osd'], ['osd', 'ceph-osd2']],
    ['a*a', ['aa', 'aba', 'aaa'], ['a', 'ab']],
    ['a*b*c', ['abc', 'axbxc', 'abbc', 'abcbc'], ['ac', 'acb', 'abcx']],
    ['snap.*.daemon', ['snap.x.daemon', 'snap..daemon'], ['snap.daemon']],
    ['.+', ['.+'], ['ab']],
  ] as const) {
    it(`"${pattern}" fits what it says`, () => {
      expect(fitting.filter((name) => !fitsPattern(pattern, name))).to.deep.equal([]);
      expect(others.filter((name) => fitsPattern(pattern, name))).to.deep.equal([]);
    });
  }

  it('fits as the regular expression does in which a star is any run of characters', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 's');
        expect(fitsPattern(pattern, name)).to.equal(expression.test(name));
      }),
      { numRuns: 5_000 },
    );
  });
});
