/**
 * How far placements are from the best that there is, over small machines on which every choice can be
 * tried: `npx tsx test/placement/figures.ts`. The machines are the same each time.
 */

import fc from 'fast-check';
import { chooseCpus } from '../../src/core/choose-cpus.js';
import { cpusOf } from '../../src/core/cpu-set.js';
import { placeCpus, roomFor } from '../../src/core/placement/place-cpus.js';
import {
  compareNaively,
  given,
  Naive,
  type NaiveTerms,
  type Situation,
  situations,
} from './naive-placement.js';

const SEED = 11;
const MACHINES = 4_000;

type Term = keyof NaiveTerms;
const TERMS: readonly Term[] = ['taken', 'numa', 'caches', 'moved', 'split', 'broken', 'left'];

/** The first term in which a choice is worse than the best, and by how much. */
function shortcoming(terms: NaiveTerms, best: NaiveTerms) {
  const term = TERMS.find((each) => terms[each] !== best[each]);
  return term === undefined ? null : { term, by: terms[term] - best[term] };
}

/** Of some situations: how many choices are the best, and how far the others are. */
function figuresOf(those: readonly Situation[]) {
  let [requests, best, plainMeets, plainBest] = [0, 0, 0, 0];
  const worse = new Map<Term, { count: number; by: number; most: number }>();
  for (const situation of those) {
    const naive = new Naive(situation);
    const { offer, site } = given(situation);
    const room = roomFor(offer, site, situation.placement);
    for (let cpuCount = 1; cpuCount <= naive.offered.length; cpuCount++) {
      if (!room.has(cpuCount)) continue;
      requests++;
      const ideal = naive.best(cpuCount);
      if (ideal === null) throw new Error('there is room, and no choice');
      const chosen = cpusOf(placeCpus(offer, site, situation.placement, cpuCount));
      const short = shortcoming(naive.termsOf(chosen), ideal);
      if (short === null) best++;
      else {
        const known = worse.get(short.term) ?? { count: 0, by: 0, most: 0 };
        const most = Math.max(known.most, short.by);
        worse.set(short.term, { count: known.count + 1, by: known.by + short.by, most });
      }
      const plain = cpusOf(chooseCpus({ ...offer, cpuCount }));
      if (!naive.meets(plain)) continue;
      plainMeets++;
      if (compareNaively(naive.termsOf(plain), ideal) === 0) plainBest++;
    }
  }
  return { requests, best, worse, plainMeets, plainBest };
}

const say = (line: string) => process.stdout.write(`${line}\n`);

for (const [title, isMixed] of [
  ['cores of one width', false],
  ['cores of several widths', true],
] as const) {
  const those = fc.sample(situations(isMixed), { seed: SEED, numRuns: MACHINES });
  const { requests, best, worse, plainMeets, plainBest } = figuresOf(those);
  const share = (count: number) => `${((100 * count) / requests).toFixed(2)} %`;
  say(`${title}: ${requests} requests on ${those.length} machines`);
  say(`  the best choice: ${best} (${share(best)})`);
  for (const term of TERMS) {
    const known = worse.get(term);
    if (known === undefined) continue;
    const { count, by, most } = known;
    say(
      `  worse first in ${term}: ${count} (${share(count)}), by ${(by / count).toFixed(2)} on average, ${most} at most`,
    );
  }
  say(`  the plain choice meets the requirements: ${plainMeets} (${share(plainMeets)})`);
  say(`  and is the best: ${plainBest} (${share(plainBest)})`);
}
