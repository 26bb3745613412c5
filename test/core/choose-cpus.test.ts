/** `chooseCpus` on examples, and against the naive choice on random machines. */

import { expect } from 'chai';
import fc from 'fast-check';
import { type Choice, chooseCpus } from '../../src/core/choose-cpus.js';
import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import { cpuSetOf, cpusOf } from '../../src/core/cpu-set.js';
import { coresOf, type MachineShape } from '../../src/simulate/machine-shape.js';
import { mostMadeWhole, type NaiveChoice, naiveChoice, siblingsInRound } from './naive-choice.js';
import { eligibleCores } from './situations.js';
import { machinesOf } from './stories.js';

/** Pairs n, n+8 for n in 0-7. */
const pairs = Array.from({ length: 8 }, (_, n) => [n, n + 8]);
/** Four cores of eight threads: 0-7, 8-15, 16-23 and 24-31. */
const eights = Array.from({ length: 4 }, (_, n) => Array.from({ length: 8 }, (_, t) => n * 8 + t));
/** Two cores of two threads (0-1, 2-3) and four of one (4 to 7), as on hybrid processors. */
const hybrid = [[0, 1], [2, 3], [4], [5], [6], [7]];

interface Example {
  readonly title: string;
  readonly cores: readonly (readonly number[])[];
  readonly wanted: number;
  readonly own?: string;
  readonly free?: string;
  readonly takeable?: string;
  /** Where absent, the CPUs of all cores. */
  readonly eligible?: string;
  readonly chosen: string;
}

const examples: readonly Example[] = [
  { title: 'takes a whole core', cores: pairs, wanted: 2, free: '0-15', chosen: '0,8' },
  { title: 'takes whole cores', cores: pairs, wanted: 6, free: '0-15', chosen: '0-2,8-10' },
  {
    title: 'splits one core for an odd count',
    cores: pairs,
    wanted: 3,
    free: '0-15',
    chosen: '0-1,8',
  },
  {
    title: 'prefers a single CPU of a split core to splitting another',
    cores: pairs,
    wanted: 3,
    free: '0-6,8-14,15',
    chosen: '0,8,15',
  },
  {
    title: 'takes siblings of its own cores first',
    cores: pairs,
    wanted: 4,
    own: '3,12',
    free: '0-2,4-11,13-15',
    chosen: '3-4,11-12',
  },
  {
    title: 'takes a sibling of its own before a whole core',
    cores: pairs,
    wanted: 3,
    own: '3',
    free: '0-2,4-15',
    chosen: '0,3,11',
  },
  {
    title: 'passes over cores that are too wide',
    cores: hybrid,
    wanted: 1,
    free: '0-7',
    chosen: '4',
  },
  {
    title: 'goes back to narrow cores once wide ones do not fit',
    cores: hybrid,
    wanted: 3,
    free: '0-7',
    chosen: '0-1,4',
  },
  {
    title: 'splits a wide core when nothing narrower is left',
    cores: hybrid,
    wanted: 3,
    free: '0-3',
    chosen: '0-2',
  },
  { title: 'takes cores of eight', cores: eights, wanted: 16, free: '4-31', chosen: '8-23' },
  {
    title: 'takes what is left of a split core before it splits another',
    cores: eights,
    wanted: 11,
    free: '5-31',
    chosen: '5-15',
  },
  {
    title: 'makes most of its split cores whole',
    cores: eights,
    wanted: 11,
    own: '0-2,8-14',
    free: '3-7,15-31',
    chosen: '0-2,8-15',
  },
  {
    title: 'keeps whole cores when it shrinks',
    cores: pairs,
    wanted: 4,
    own: '0-3,10-11,14',
    free: '4-9,12-13,15',
    chosen: '2-3,10-11',
  },
  {
    title: 'gives up a half before it splits a core when it shrinks',
    cores: pairs,
    wanted: 3,
    own: '0-3,10-11',
    free: '4-9,12-15',
    chosen: '0,2,10',
  },
  {
    title: 'takes free CPUs of split cores before any of others',
    cores: pairs,
    wanted: 2,
    free: '1,2',
    takeable: '0,8',
    chosen: '1-2',
  },
  {
    title: 'takes by force siblings of what was free, before whole cores',
    cores: pairs,
    wanted: 3,
    free: '5',
    takeable: '0-4,6-15',
    chosen: '0,5,13',
  },
  {
    title: 'counts as a core what is eligible of it',
    cores: pairs,
    wanted: 2,
    free: '0-3,8-9',
    eligible: '0-3,8-9',
    chosen: '0,8',
  },
  {
    title: 'does not split a core of which one thread is eligible',
    cores: pairs,
    wanted: 1,
    free: '0-3,8-9',
    eligible: '0-3,8-9',
    chosen: '2',
  },
  {
    title: 'takes cores with the lowest eligible id first, though an ineligible sibling is lower',
    cores: pairs,
    wanted: 1,
    free: '1-3,8',
    eligible: '1-3,8',
    chosen: '1',
  },
];

const all = '0-31';

function choiceOf({
  cores,
  wanted,
  own = '',
  free = '',
  takeable = '',
  eligible,
}: Example): Choice {
  return {
    cpuCount: wanted,
    ownCpus: parseCpuList(own),
    freeCpus: parseCpuList(free),
    takeableCpus: parseCpuList(takeable),
    cores,
    eligibleCpus: parseCpuList(eligible ?? all),
  };
}

/** A machine, and of each CPU whose it is; on some machines, not all of the roles appear. */
const dealt = (shapes: fc.Arbitrary<MachineShape>, roles: readonly string[]) =>
  fc
    .record({
      shape: shapes,
      roles: fc
        .subarray([...roles], { minLength: 1 })
        .chain((some) => fc.array(fc.constantFrom(...some), { minLength: 1, maxLength: 48 })),
      percent: fc.integer({ min: 0, max: 100 }),
    })
    .map(({ shape, roles: dealing, percent }) => {
      const cores = coresOf(shape).map(({ cpus }) => cpus);
      const cpus = cores.flat();
      const having = (role: string) =>
        new Set(cpus.filter((cpu) => dealing[cpu % dealing.length] === role));
      const [own, free, takeable] = [having('own'), having('free'), having('takeable')];
      const outside = having('ineligible');
      const eligible = new Set(cpus.filter((cpu) => !outside.has(cpu)));
      const most = own.size + free.size + takeable.size;
      const naive = { own, free, takeable, cores: eligibleCores(cores, eligible) };
      const choice: Choice = {
        cpuCount: Math.round((most * percent) / 100),
        ownCpus: cpuSetOf(own),
        freeCpus: cpuSetOf(free),
        takeableCpus: cpuSetOf(takeable),
        cores: [...cores].sort(([a = 0], [b = 0]) => a - b),
        eligibleCpus: cpuSetOf(eligible),
      };
      return { choice, naive: { ...naive, wanted: choice.cpuCount } };
    });

const ROLES = ['own', 'free', 'takeable', 'held by others'];
const SOME_INELIGIBLE = [...ROLES, 'ineligible'];
const narrow = machinesOf(fc.constantFrom([1], [2], [1, 2]));
const wide = machinesOf(fc.constantFrom([4], [8], [2, 4], [1, 2, 4, 8]));

/** Which round of a choice leaves siblings of held cores over, or `null` when none does. */
function roundWithChoice({ wanted, own, free, takeable, cores }: NaiveChoice) {
  let held: ReadonlySet<number> = own;
  for (const available of [free, takeable]) {
    const lacking = wanted - held.size;
    if (lacking <= 0) return null;
    const round = { lacking, held, available, cores };
    if (siblingsInRound(round).length > lacking) return round;
    held = new Set([...held, ...available]);
  }
  return null;
}

describe('chooseCpus', () => {
  for (const example of examples) {
    it(`${example.title}: ${example.wanted} CPUs are ${example.chosen}`, () => {
      expect(formatCpuList(chooseCpus(choiceOf(example)))).to.equal(example.chosen);
    });
  }

  for (const [which, roles] of [
    ['when all CPUs are eligible', ROLES],
    ['when some CPUs are not eligible', SOME_INELIGIBLE],
  ] as const) {
    it(`gives what the sentences of the contract give on one or two threads, ${which}`, () => {
      fc.assert(
        fc.property(dealt(narrow, roles), ({ choice, naive }) => {
          const chosen = [...naiveChoice(naive)].sort((a, b) => a - b);
          expect(cpusOf(chooseCpus(choice))).to.deep.equal(chosen);
        }),
        { numRuns: 2000 },
      );
    });

    it(`gives what the sentences of the contract give on wider cores, ${which}`, () => {
      fc.assert(
        fc.property(dealt(wide, roles), ({ choice, naive }) => {
          const round = roundWithChoice(naive);
          const chosen = cpusOf(chooseCpus(choice));
          expect(chosen).to.have.length(naive.wanted);
          if (round === null) {
            const expected = [...naiveChoice(naive)].sort((a, b) => a - b);
            expect(chosen).to.deep.equal(expected);
            return;
          }
          const siblings = siblingsInRound(round);
          const picked = chosen.filter((cpu) => !round.held.has(cpu));
          expect(siblings).to.include.members(picked);
          const madeWhole = round.cores.filter(
            (core) =>
              core.some((cpu) => round.held.has(cpu)) &&
              core.some((cpu) => picked.includes(cpu)) &&
              core.every((cpu) => chosen.includes(cpu)),
          );
          expect(madeWhole.length).to.equal(mostMadeWhole(round));
        }),
        { numRuns: 2000 },
      );
    });
  }
});
