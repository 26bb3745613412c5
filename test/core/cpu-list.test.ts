/** The kernel's two ways to write a set of CPUs. */

import { expect } from 'chai';
import fc from 'fast-check';
import {
  CpuListError,
  formatCpuList,
  parseCpuList,
  parseCpuMask,
} from '../../src/core/cpu-list.js';
import { cpuSetOf, cpusOf, MAX_CPU_ID } from '../../src/core/cpu-set.js';

const cpuIds = fc.uniqueArray(
  fc.oneof(
    { weight: 5, arbitrary: fc.nat({ max: 70 }) },
    { weight: 1, arbitrary: fc.nat({ max: MAX_CPU_ID }) },
  ),
  { maxLength: 80 },
);

const ascending = (cpus: readonly number[]) => [...cpus].sort((a, b) => a - b);

/** A mask of these CPUs as the kernel prints it, by way of a number without limits. */
function maskOf(cpus: readonly number[]): string {
  const bits = cpus.reduce((sum, cpu) => sum | (1n << BigInt(cpu)), 0n);
  const digits = bits.toString(16);
  const words = digits.padStart(Math.ceil(digits.length / 8) * 8, '0').match(/.{8}/g);
  return (words ?? []).join(',');
}

describe('parseCpuList', () => {
  for (const [text, cpus] of [
    ['', []],
    ['\n', []],
    ['  \t', []],
    ['0', [0]],
    ['0\n', [0]],
    ['0-3', [0, 1, 2, 3]],
    ['0-3,8', [0, 1, 2, 3, 8]],
    ['8,0-3', [0, 1, 2, 3, 8]],
    ['0-2,1-3,2', [0, 1, 2, 3]],
    ['5-5', [5]],
    [' 1 , 3-4 ', [1, 3, 4]],
    ['007', [7]],
    ['31-32', [31, 32]],
    ['65535', [MAX_CPU_ID]],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as ${JSON.stringify(cpus)}`, () => {
      expect(cpusOf(parseCpuList(text))).to.deep.equal(cpus);
    });
  }

  for (const [text, message] of [
    ['0-x', '"0-x" is no CPU list: "0-x"'],
    ['x', '"x" is no CPU list: "x"'],
    [',', '"," is no CPU list: ""'],
    ['1,', '"1," is no CPU list: ""'],
    ['1,,2', '"1,,2" is no CPU list: ""'],
    ['-1', '"-1" is no CPU list: "-1"'],
    ['1-', '"1-" is no CPU list: "1-"'],
    ['1-2-3', '"1-2-3" is no CPU list: "1-2-3"'],
    ['1 2', '"1 2" is no CPU list: "1 2"'],
    ['1.5', '"1.5" is no CPU list: "1.5"'],
    ['0x1', '"0x1" is no CPU list: "0x1"'],
    ['(null)', '"(null)" is no CPU list: "(null)"'],
    ['1\0', '"1\\u0000" is no CPU list: "1\\u0000"'],
    ['٣', '"٣" is no CPU list: "٣"'],
    ['3-1', '"3-1" is no CPU list: the range 3-1 runs down'],
    ['65536', '"65536" names CPU 65536; the highest possible is 65535'],
    ['0-999999999', '"0-999999999" names CPU 999999999; the highest possible is 65535'],
    ['9999999999', '"9999999999" is no CPU list: "9999999999"'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} and says why`, () => {
      expect(() => parseCpuList(text)).to.throw(CpuListError, message);
    });
  }

  it('reads back what formatCpuList writes', () => {
    fc.assert(
      fc.property(cpuIds, (cpus) => {
        const text = formatCpuList(cpuSetOf(cpus));
        expect(cpusOf(parseCpuList(text))).to.deep.equal(ascending(cpus));
        expect(formatCpuList(parseCpuList(text))).to.equal(text);
      }),
    );
  });

  it('reads any text as a list or refuses it with a short message', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('0', '1', '9', '-', ',', ' ', 'x'), maxLength: 200 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseCpuList(text);
        } catch (error) {
          expect(error).to.be.instanceOf(CpuListError);
          expect(error).to.have.property('message').with.length.below(1000);
        }
      }),
    );
  });
});

describe('formatCpuList', () => {
  for (const [cpus, text] of [
    [[], ''],
    [[0], '0'],
    [[0, 1], '0-1'],
    [[3, 1], '1,3'],
    [[0, 1, 2, 5, 7, 8], '0-2,5,7-8'],
    [[31, 32, 33], '31-33'],
    [[63, 64, 512], '63-64,512'],
  ] as const) {
    it(`writes ${JSON.stringify(cpus)} as ${JSON.stringify(text)}`, () => {
      expect(formatCpuList(cpuSetOf(cpus))).to.equal(text);
    });
  }

  it('names each CPU once, ascending, with as few parts as possible', () => {
    fc.assert(
      fc.property(cpuIds, (cpus) => {
        const parts = formatCpuList(cpuSetOf(cpus)).split(',');
        const ranges = cpus.length === 0 ? [] : parts.map((part) => part.split('-').map(Number));
        const named = ranges.flatMap(([first = 0, last = first]) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        );
        expect(named).to.deep.equal(ascending(cpus));
        const runs = cpus.filter((cpu) => !cpus.includes(cpu - 1));
        expect(ranges).to.have.length(runs.length);
      }),
    );
  });
});

describe('parseCpuMask', () => {
  for (const [text, cpus] of [
    ['', []],
    ['\n', []],
    ['0', []],
    ['00000000,00000000', []],
    ['f', [0, 1, 2, 3]],
    ['F', [0, 1, 2, 3]],
    ['80000000', [31]],
    ['00000001,0000000f\n', [0, 1, 2, 3, 32]],
    ['1,00000000,80000000', [31, 64]],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as ${JSON.stringify(cpus)}`, () => {
      expect(cpusOf(parseCpuMask(text))).to.deep.equal(cpus);
    });
  }

  for (const [text, message] of [
    ['g', '"g" is no CPU mask: "g"'],
    ['0x3', '"0x3" is no CPU mask: "0x3"'],
    ['123456789', '"123456789" is no CPU mask: "123456789"'],
    ['1,', '"1," is no CPU mask: ""'],
    ['-1', '"-1" is no CPU mask: "-1"'],
    ['1 ,2', '"1 ,2" is no CPU mask: "1 "'],
    [Array(2049).fill('0').join(','), 'a mask of 2049 words names CPUs above 65535'],
  ] as const) {
    it(`refuses ${JSON.stringify(text.slice(0, 12))} and says why`, () => {
      expect(() => parseCpuMask(text)).to.throw(CpuListError, message);
    });
  }

  it('reads a mask of the longest length', () => {
    const text = ['80000000', ...Array(2047).fill('00000000')].join(',');
    expect(cpusOf(parseCpuMask(text))).to.deep.equal([MAX_CPU_ID]);
  });

  it('reads the mask of any set of CPUs', () => {
    fc.assert(
      fc.property(cpuIds, (cpus) => {
        expect(cpusOf(parseCpuMask(maskOf(cpus)))).to.deep.equal(ascending(cpus));
      }),
    );
  });
});
