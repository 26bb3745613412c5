/** "Where" of the wire contract: held against every choice that there is, on small machines. */

import { expect } from 'chai';
import fc from 'fast-check';
import { cpuSetOf, cpusOf } from '../../src/core/cpu-set.js';
import { offerAfter } from '../../src/core/placement/ground.js';
import { placeCpus, roomFor } from '../../src/core/placement/place-cpus.js';
import { compareScored, type Scored } from '../../src/core/placement/score.js';
import { withoutNearest } from '../core/hosts.js';
import { holdsInStories, stories } from '../core/stories.js';
import { given, Naive, type Situation, situations } from './naive-placement.js';

/** Cores in several widths, as one thread is not eligible: the fewest caches are not the largest. */
const SEVERAL_WIDTHS: Situation = {
  shape: {
    nodes: [4, 1, 1].map((count, nodeId) => ({
      nodeId,
      cores: [{ count, threads: 2 }],
      memoryKb: 1,
      pages: [],
      coresPerCache: 3,
    })),
    numbering: 'contiguous',
    numa: false,
  },
  roles: [
    ...(['own', 'own', 'held by others', 'own', 'free', 'free'] as const),
    ...(['own', 'own', 'own', 'not eligible', 'own', 'own'] as const),
  ],
  placement: { cores: 'whole', numa: 'any', cache: 'prefer', near: null },
};

/** Checks something of each number of CPUs that can be had in a situation. */
function eachGrant(
  check: (situation: Situation, naive: Naive, cpuCount: number, chosen: readonly number[]) => void,
): void {
  fc.assert(
    fc.property(fc.boolean().chain(situations), (situation) => {
      const naive = new Naive(situation);
      const { offer, site } = given(situation);
      const room = roomFor(offer, site, situation.placement);
      for (let cpuCount = 1; cpuCount <= naive.offered.length; cpuCount++) {
        if (!room.has(cpuCount)) continue;
        const chosen = cpusOf(placeCpus(offer, site, situation.placement, cpuCount));
        check(situation, naive, cpuCount, chosen);
      }
    }),
    { numRuns: 300, examples: [[SEVERAL_WIDTHS]] },
  );
}

describe('the room for a placement', () => {
  it('has a number of CPUs if, and only if, some choice of so many meets the requirements', () => {
    fc.assert(
      fc.property(fc.boolean().chain(situations), (situation) => {
        const naive = new Naive(situation);
        const { offer, site } = given(situation);
        const room = roomFor(offer, site, situation.placement);
        const counts = Array.from({ length: naive.offered.length + 2 }, (_, count) => count);
        const possible = counts.filter(
          (count) => count > 0 && naive.choices(count).next().done === false,
        );
        expect(counts.filter((count) => room.has(count))).to.deep.equal(possible);
        expect(room.largest).to.equal(possible.at(-1) ?? 0);
        for (const count of counts) {
          expect(room.atMost(count)).to.equal(possible.findLast((each) => each <= count) ?? 0);
          const least = possible.find((each) => each >= count) ?? 0;
          expect(room.atLeast(count), `at least ${count}`).to.equal(least);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('the CPUs of a placement', () => {
  it('are as many as were asked for, can be had, and meet the requirements', () => {
    eachGrant((_, naive, cpuCount, chosen) => {
      expect(new Set(chosen).size).to.equal(cpuCount);
      expect(naive.offered).to.include.members([...chosen]);
      expect(naive.meets(chosen)).to.equal(true);
    });
  });

  it('are taken from others only as far as no choice needs fewer of them', () => {
    eachGrant((_, naive, cpuCount, chosen) => {
      expect(naive.termsOf(chosen).taken).to.equal(naive.best(cpuCount)?.taken);
    });
  });

  it('are in the fewest nodes or caches, or spread most evenly, where only one of it is wished', () => {
    eachGrant((situation, naive, cpuCount, chosen) => {
      const { numa, cache } = situation.placement;
      if (cache === 'prefer' && (numa === 'pack' || numa === 'spread')) return;
      const [terms, best] = [naive.termsOf(chosen), naive.best(cpuCount)];
      expect(terms.numa).to.equal(best?.numa);
      // What is taken from others comes before caches, and may leave a choice between them.
      if (terms.taken === 0) expect(terms.caches).to.equal(best?.caches);
    });
  });

  it('are the same when the service that got them asks again', () => {
    eachGrant((situation, _, cpuCount, chosen) => {
      const { offer, site } = given(situation);
      const after = offerAfter(offer, cpuSetOf(chosen));
      expect(roomFor(after, site, situation.placement).has(cpuCount)).to.equal(true);
      const again = cpusOf(placeCpus(after, site, situation.placement, cpuCount));
      expect(again).to.deep.equal(chosen);
    });
  });

  it('are the same in whatever order the machine is told of', () => {
    eachGrant(({ placement, ...rest }, _, cpuCount, chosen) => {
      const { offer, site } = given({ placement, ...rest });
      const padded = (cpus: Readonly<Uint32Array>) =>
        Uint32Array.from({ length: 9 }, (_0, word) => cpus[word] ?? 0);
      const other = {
        ...offer,
        ownCpus: padded(offer.ownCpus),
        freeCpus: padded(offer.freeCpus),
        eligibleCpus: padded(offer.eligibleCpus),
      };
      const shuffled = {
        ...site,
        cores: [...site.cores].reverse(),
        caches: [...site.caches].reverse(),
        homes: new Map([...site.homes].reverse()),
      };
      const again = cpusOf(
        placeCpus({ ...other, cores: shuffled.cores }, shuffled, placement, cpuCount),
      );
      expect(again).to.deep.equal(chosen);
    });
  });

  it('are those of the plain choice where the placement says nothing', () => {
    holdsInStories(stories, ({ hostBefore, request, reply }) => {
      for (const placement of [{}, { cores: 'any', numa: 'any', cache: 'any', near: null }]) {
        const { placement: placed, ...rest } = hostBefore.copy().ask({ ...request, placement });
        expect(withoutNearest(rest)).to.deep.equal(withoutNearest(reply));
        const isGrant = !('error' in reply) && 'remaining_available_cpus' in reply;
        const count = Number(request['num_of_cores'] ?? request['percent'] ?? 0);
        const asksForSome = request['action'] === 'allocate_cores' ? count >= 0 : count > 0;
        expect(placed !== undefined).to.equal(isGrant && asksForSome);
      }
    });
  });
});

describe('the order of choices', () => {
  const scored: fc.Arbitrary<Scored> = fc.record({
    cpus: fc
      .uniqueArray(fc.nat({ max: 6 }), { minLength: 3, maxLength: 3 })
      .map((cpus) => cpus.sort((a, b) => a - b)),
    terms: fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 7, maxLength: 7 }),
  });

  it('is a total one', () => {
    fc.assert(
      fc.property(scored, scored, scored, (a, b, c) => {
        expect(Math.sign(compareScored(a, b))).to.equal(0 - Math.sign(compareScored(b, a)));
        if (compareScored(a, b) === 0) expect(a).to.deep.equal(b);
        const isChain = compareScored(a, b) <= 0 && compareScored(b, c) <= 0;
        if (isChain) expect(compareScored(a, c)).to.be.at.most(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
