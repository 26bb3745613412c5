/** "Which CPUs" of the wire contract, a property for each of its sentences. */

import { expect } from 'chai';
import fc from 'fast-check';
import { Holdings } from '../../src/core/holdings.js';
import { recorded } from './hosts.js';
import { type Situation, situationOf, those } from './situations.js';
import { holdsInStories, machinesOf, type Step, stories, storiesOn } from './stories.js';

/** One round of picking: what was held already, what could be picked, and what was. */
interface Round {
  readonly held: ReadonlySet<number>;
  readonly available: ReadonlySet<number>;
  readonly picked: ReadonlySet<number>;
}

/** A round, core by core. */
interface CoresOfRound {
  /** What the round could pick of cores that were held in part. */
  readonly siblings: readonly number[];
  /** Cores of which nothing was held and everything could be picked. */
  readonly whole: readonly (readonly number[])[];
  /** What the round could pick of all other cores. */
  readonly singles: readonly number[];
}

/** The rounds of a grant: free CPUs first, then those that are taken by force. */
function roundsOf({ own, free, takeable, chosen }: Situation): Round[] {
  if (own.size >= chosen.size) return [];
  return [
    { held: own, available: free, picked: those(chosen, (cpu) => free.has(cpu)) },
    {
      held: new Set([...own, ...free]),
      available: takeable,
      picked: those(chosen, (cpu) => takeable.has(cpu)),
    },
  ];
}

function coresOfRound(cores: Situation['cores'], { held, available }: Round): CoresOfRound {
  const touched = cores.filter((core) => core.some((cpu) => held.has(cpu)));
  const untouched = cores.filter((core) => !core.some((cpu) => held.has(cpu)));
  const isWhole = (core: readonly number[]) => core.every((cpu) => available.has(cpu));
  const pickable = (those: readonly (readonly number[])[]) =>
    those.flat().filter((cpu) => available.has(cpu));
  return {
    siblings: pickable(touched),
    whole: untouched.filter(isWhole),
    singles: pickable(untouched.filter((core) => !isWhole(core))).sort((a, b) => a - b),
  };
}

function eachGrant(check: (situation: Situation, step: Step) => void, told = stories): void {
  holdsInStories(told, (step) => {
    const situation = situationOf(step);
    if (situation !== null) check(situation, step);
  });
}

function eachRound(check: (round: Round, cores: CoresOfRound) => void): void {
  eachGrant((situation) => {
    for (const round of roundsOf(situation)) check(round, coresOfRound(situation.cores, round));
  });
}

const isWithin = (part: Iterable<number>, whole: ReadonlySet<number>) =>
  [...part].every((cpu) => whole.has(cpu));

describe('the choice of CPUs', () => {
  it('leaves a service the CPUs it holds', () => {
    eachGrant(({ own, chosen }) => {
      if (own.size <= chosen.size) expect(isWithin(own, chosen)).to.equal(true);
      else expect(isWithin(chosen, own)).to.equal(true);
    });
  });

  it('keeps whole cores before halves when a service shrinks', () => {
    eachGrant(({ own, chosen, cores }) => {
      if (own.size <= chosen.size) return;
      const whole = cores.filter((core) => isWithin(core, own));
      const kept = whole.filter((core) => isWithin(core, chosen));
      const others = chosen.size - kept.flat().length;
      for (const core of whole.filter((each) => !kept.includes(each))) {
        expect(core.length, 'a whole core was given up for as many others').to.be.above(others);
      }
    });
  });

  it('changes nothing when a request is repeated', () => {
    eachGrant((_, { hostAfter, request, reply }) => {
      const before = recorded(hostAfter.holdings);
      const { preempted, ...first } = reply;
      expect(hostAfter.ask(request)).to.deep.equal(first);
      expect(recorded(hostAfter.holdings)).to.deep.equal(before);
    });
  });

  it('begins with siblings of cores that the service holds part of', () => {
    eachRound(({ picked }, { siblings }) => {
      const others = [...picked].some((cpu) => !siblings.includes(cpu));
      if (others) expect(isWithin(siblings, picked)).to.equal(true);
    });
  });

  it('goes on with whole cores that still fit', () => {
    eachRound(({ picked }, { siblings, whole }) => {
      const taken = whole.filter((core) => isWithin(core, picked));
      const rest = those(picked, (cpu) => !siblings.includes(cpu) && !taken.flat().includes(cpu));
      for (const core of whole.filter((each) => !taken.includes(each))) {
        expect(core.length, 'a whole core would have fitted').to.be.above(rest.size);
      }
    });
  });

  it('takes whole cores with the lowest ids, of those that fit', () => {
    eachRound(({ picked }, { whole }) => {
      whole.forEach((core, index) => {
        if (isWithin(core, picked)) return;
        for (const higher of whole.slice(index + 1)) {
          if (isWithin(higher, picked)) expect(higher.length).to.be.below(core.length);
        }
      });
    });
  });

  it('goes on with single CPUs of cores that are split already, lowest ids first', () => {
    eachRound(({ picked }, { singles }) => {
      const taken = singles.filter((cpu) => picked.has(cpu));
      expect(taken).to.deep.equal(singles.slice(0, taken.length));
    });
  });

  it('splits a whole core last, and one at most', () => {
    eachRound(({ picked }, { whole, singles }) => {
      const split = whole.filter(
        (core) => core.some((cpu) => picked.has(cpu)) && !isWithin(core, picked),
      );
      expect(split.length).to.be.at.most(1);
      if (split.length === 1) expect(isWithin(singles, picked)).to.equal(true);
    });
  });

  it('takes by force only for a legacy NUMA request, and only ordinary claims', () => {
    eachGrant(({ own, free, takeable, chosen }) => {
      for (const cpu of chosen) {
        expect(own.has(cpu) || free.has(cpu) || takeable.has(cpu), `CPU ${cpu}`).to.equal(true);
      }
    });
  });

  it('takes by force no more than is lacking', () => {
    eachGrant(({ own, free, takeable, chosen, wanted }) => {
      const taken = those(chosen, (cpu) => takeable.has(cpu));
      expect(taken.size).to.equal(Math.max(0, wanted - own.size - free.size));
    });
  });

  it('takes nothing by force while a free CPU in the node would do', () => {
    eachGrant(({ free, takeable, chosen }) => {
      if ([...chosen].some((cpu) => takeable.has(cpu))) {
        expect(isWithin(free, chosen)).to.equal(true);
      }
    });
  });

  it('takes the lowest ids on a machine without siblings and claims', () => {
    const withoutSiblings = storiesOn(machinesOf(fc.constant([1])));
    eachGrant(({ free, chosen }, { picture }) => {
      if (picture.claims.size > 0) return;
      const lowest = [...free].sort((a, b) => a - b).slice(0, chosen.size);
      expect([...chosen]).to.deep.equal(lowest);
    }, withoutSiblings);
  });

  it('is the same for the same situation, in whatever order it was reached', () => {
    holdsInStories(stories, ({ hostBefore, request, reply, before }) => {
      const other = hostBefore.copy();
      const claims = [...before.claims].map(([serviceName, claim]) => ({ serviceName, claim }));
      other.holdings = Holdings.none.withClaims(claims.reverse());
      expect(hostBefore.ask(request)).to.deep.equal(reply);
      expect(other.ask(request)).to.deep.equal(reply);
      expect(recorded(other.holdings)).to.deep.equal(recorded(hostBefore.holdings));
    });
  });
});
