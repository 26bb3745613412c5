/** CPU sets against `Set<number>`, which is slow and hard to get wrong. */

import { expect } from 'chai';
import fc from 'fast-check';
import {
  type CpuSet,
  countCpus,
  cpuSetOf,
  cpusOf,
  hasCpu,
  intersectCpus,
  isEmpty,
  isSubset,
  lowestCpu,
  MAX_CPU_ID,
  NO_CPUS,
  overlaps,
  runsOf,
  sameCpus,
  samePart,
  subtractCpus,
  uniteCpus,
} from '../../src/core/cpu-set.js';
import { InvariantError } from '../../src/core/invariant.js';

const ascending = (cpus: Iterable<number>) => [...cpus].sort((a, b) => a - b);

/** Small ids collide often and fill words; the ends of words and of the range are met too. */
const cpuIds = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.nat({ max: 100 }) },
    { weight: 2, arbitrary: fc.constantFrom(0, 31, 32, 63, 64, 511, 512) },
    { weight: 1, arbitrary: fc.nat({ max: MAX_CPU_ID }) },
    { weight: 1, arbitrary: fc.constant(MAX_CPU_ID) },
  ),
  { maxLength: 60 },
);

/** A set and its model. Some sets have zero words at the end, which must not matter. */
const cpuSets = fc
  .record({ cpus: cpuIds, padding: fc.constantFrom(0, 0, 1, 3) })
  .map(({ cpus, padding }) => {
    const set = cpuSetOf(cpus);
    const padded = new Uint32Array(set.length + padding);
    padded.set(set);
    return { set: padded as CpuSet, model: new Set(cpus) };
  });

type Modelled = { readonly set: CpuSet; readonly model: ReadonlySet<number> };

function holdsForPairs(claim: (a: Modelled, b: Modelled) => void): void {
  fc.assert(fc.property(cpuSets, cpuSets, claim), { numRuns: 300 });
}

function expectCpus(set: CpuSet, cpus: Iterable<number>): void {
  expect(cpusOf(set)).to.deep.equal(ascending(cpus));
}

describe('CpuSet', () => {
  it('holds the CPUs it was made of, whatever their order and repetitions', () => {
    fc.assert(
      fc.property(cpuIds, fc.nat({ max: MAX_CPU_ID }), (cpus, other) => {
        const set = cpuSetOf([...cpus, ...cpus]);
        const model = new Set(cpus);
        expectCpus(set, model);
        expect(countCpus(set)).to.equal(model.size);
        expect(isEmpty(set)).to.equal(model.size === 0);
        expect(lowestCpu(set)).to.equal(ascending(model)[0]);
        for (const cpu of [other, ...cpus]) expect(hasCpu(set, cpu)).to.equal(model.has(cpu));
      }),
    );
  });

  it('has the same CPUs in its runs, which do not touch', () => {
    fc.assert(
      fc.property(cpuSets, ({ set, model }) => {
        const runs = runsOf(set);
        const cpus = runs.flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        );
        expect(cpus).to.deep.equal(ascending(model));
        const ends = runs.flat();
        for (let i = 2; i < ends.length; i += 2) {
          expect(ends[i]).to.be.above((ends[i - 1] ?? 0) + 1);
        }
      }),
    );
  });

  it('knows a part of another set that is cut to a third', () => {
    fc.assert(
      fc.property(cpuSets, cpuSets, cpuSets, (part, whole, within) => {
        const cut = intersectCpus(whole.set, within.set);
        expect(samePart(cut, whole.set, within.set)).to.equal(true);
        const isSame = sameCpus(part.set, cut);
        expect(samePart(part.set, whole.set, within.set)).to.equal(isSame);
      }),
    );
  });

  it('unites, intersects and subtracts as sets of numbers do', () => {
    holdsForPairs((a, b) => {
      expectCpus(uniteCpus(a.set, b.set), new Set([...a.model, ...b.model]));
      expectCpus(
        intersectCpus(a.set, b.set),
        [...a.model].filter((cpu) => b.model.has(cpu)),
      );
      expectCpus(
        subtractCpus(a.set, b.set),
        [...a.model].filter((cpu) => !b.model.has(cpu)),
      );
    });
  });

  it('compares as sets of numbers do', () => {
    holdsForPairs((a, b) => {
      const isPart = [...a.model].every((cpu) => b.model.has(cpu));
      expect(isSubset(a.set, b.set)).to.equal(isPart);
      expect(sameCpus(a.set, b.set)).to.equal(isPart && a.model.size === b.model.size);
      expect(overlaps(a.set, b.set)).to.equal([...a.model].some((cpu) => b.model.has(cpu)));
    });
  });

  it('is the same and a subset of itself, however many zero words it ends with', () => {
    fc.assert(
      fc.property(cpuSets, ({ set, model }) => {
        const bare = cpuSetOf(model);
        expect(sameCpus(set, bare) && sameCpus(bare, set)).to.equal(true);
        expect(isSubset(set, bare) && isSubset(bare, set)).to.equal(true);
        expect(isEmpty(subtractCpus(set, bare))).to.equal(true);
      }),
    );
  });

  it('does not change when it is used', () => {
    holdsForPairs(({ set: a }, { set: b }) => {
      const before = [cpusOf(a), cpusOf(b)];
      for (const operate of [uniteCpus, intersectCpus, subtractCpus, isSubset, overlaps]) {
        operate(a, b);
      }
      expect([cpusOf(a), cpusOf(b)]).to.deep.equal(before);
    });
  });

  it('has bit 31 of each word like any other', () => {
    const set = cpuSetOf([31, 63]);
    expectCpus(set, [31, 63]);
    expect(countCpus(set)).to.equal(2);
    expectCpus(intersectCpus(set, cpuSetOf([31])), [31]);
    expectCpus(subtractCpus(set, cpuSetOf([31])), [63]);
    expect(isSubset(set, cpuSetOf([31]))).to.equal(false);
  });

  it('is empty without CPUs', () => {
    expect(cpusOf(NO_CPUS)).to.deep.equal([]);
    expect(lowestCpu(NO_CPUS)).to.equal(undefined);
    expect(isEmpty(cpuSetOf([]))).to.equal(true);
    expect(isSubset(NO_CPUS, NO_CPUS)).to.equal(true);
    expect(overlaps(NO_CPUS, NO_CPUS)).to.equal(false);
  });

  for (const cpu of [-1, 1.5, Number.NaN, MAX_CPU_ID + 1, Number.POSITIVE_INFINITY]) {
    it(`cannot be made of ${cpu}`, () => {
      expect(() => cpuSetOf([0, cpu])).to.throw(InvariantError, `${cpu} is no CPU id`);
    });
  }
});
