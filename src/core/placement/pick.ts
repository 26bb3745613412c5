/** Which CPUs of a region: by the steps of the plain choice, for each way of using cores. */

import { chooseCpus } from '../choose-cpus.js';
import { cpuSetOf, cpusOf, hasCpu } from '../cpu-set.js';
import { invariant } from '../invariant.js';
import { NOWHERE, type Part } from './geometry.js';
import {
  FREE,
  type Ground,
  type KnownPick,
  type Layout,
  NOBODY,
  OWN,
  TAKEABLE,
  valueAt,
} from './ground.js';
import type { Region } from './region.js';

/** The CPUs picked, ascending: exactly `cpuCount`, for which the region must have room. */
export function pickIn(ground: Ground, region: Region, cpuCount: number): number[] {
  const picked = PICKS[ground.cores](ground, region.parts, cpuCount).sort((a, b) => a - b);
  invariant(picked.length === cpuCount, 'a region had less room than it said');
  return picked;
}

const PICKS = { any: pickAny, whole: pickWhole, spread: pickOnePerCore } as const;

/** How many cores are split by the CPUs that {@link pickIn} picks where cores may be split. */
export function splitBy(ground: Ground, region: Region, cpuCount: number): number {
  if (cpuCount === 0) return 0;
  return knownPick(ground, layoutOf(ground, region.parts), cpuCount).split;
}

/** The plain choice. */
function pickAny(ground: Ground, parts: readonly Part[], cpuCount: number): number[] {
  const layout = layoutOf(ground, parts);
  const { places } = knownPick(ground, layout, cpuCount);
  return places.map((place) => layout.siblings[place] ?? NOWHERE);
}

/** More CPUs than this are not likely to lie as others do. */
const ALIKE_MAX = 256;

/**
 * The plain choice depends on the order of CPUs, not on their ids; so it is made on CPUs that are
 * numbered anew from 0, and once for all regions in which they lie alike. There may be a thousand.
 */
function knownPick({ picks }: Ground, layout: Layout, cpuCount: number): KnownPick {
  const { cores, tiers, siblings } = layout;
  const key = layout.key === null ? null : `${cpuCount}${layout.key}`;
  const known = key === null ? undefined : picks.get(key);
  if (known !== undefined) return known;
  const chosen = chooseCpus({
    cpuCount,
    ownCpus: cpuSetOf(tiers[OWN] ?? []),
    freeCpus: cpuSetOf(tiers[FREE] ?? []),
    takeableCpus: cpuSetOf(tiers[TAKEABLE] ?? []),
    cores,
    eligibleCpus: cpuSetOf(siblings.keys()),
  });
  const isChosen = (place: number) => hasCpu(chosen, place);
  const split = cores.filter((core) => core.some(isChosen) && !core.every(isChosen)).length;
  const pick = { places: cpusOf(chosen), split };
  if (key !== null) picks.set(key, pick);
  return pick;
}

/** How the CPUs of some parts lie; worked out once, as several counts are tried in a region. */
export function layoutOf(ground: Ground, parts: readonly Part[]): Layout {
  const { geometry, tierOf, layouts } = ground;
  const known = layouts.get(parts);
  if (known !== undefined) return known;
  const siblings: number[] = [];
  for (const { coreIndex } of parts) siblings.push(...(geometry.wholes[coreIndex]?.cpus ?? []));
  siblings.sort((a, b) => a - b);
  const offered = new Set<number>();
  for (const { cpus } of parts) for (const cpu of cpus) offered.add(cpu);
  const names = new Map<number, number>();
  const cores: number[][] = [];
  const tiers: number[][] = [[], [], [], []];
  let key = siblings.length <= ALIKE_MAX ? '' : null;
  siblings.forEach((cpu, place) => {
    const coreIndex = valueAt(geometry.coreOf, cpu);
    let core = names.get(coreIndex);
    if (core === undefined) {
      core = cores.push([]) - 1;
      names.set(coreIndex, core);
    }
    const tier = offered.has(cpu) ? valueAt(tierOf, cpu) : NOBODY;
    cores[core]?.push(place);
    tiers[tier]?.push(place);
    if (key !== null) key += `,${core}${TIER_NAMES[tier]}`;
  });
  const layout = { siblings, cores, tiers, key };
  layouts.set(parts, layout);
  return layout;
}

/** Names of the tiers, by their number. */
const TIER_NAMES = ['n', 'o', 'f', 't'];

interface Unit {
  readonly part: Part;
  readonly own: number;
  readonly taken: number;
}

/**
 * Cores as a whole: those that take the least from others, then those of which most is held, then
 * the lowest. Of widths that do not go together, the mix that is best in that order.
 */
function pickWhole({ tierOf }: Ground, parts: readonly Part[], cpuCount: number): number[] {
  const units = parts.map((part): Unit => {
    const count = (tier: number) => part.cpus.filter((cpu) => tierOf[cpu] === tier).length;
    return { part, own: count(OWN), taken: count(TAKEABLE) };
  });
  units.sort((a, b) => a.taken - b.taken || b.own - a.own || a.part.coreIndex - b.part.coreIndex);
  const byWidth = new Map<number, Unit[]>();
  for (const unit of units) {
    const width = unit.part.cpus.length;
    const known = byWidth.get(width);
    if (known === undefined) byWidth.set(width, [unit]);
    else known.push(unit);
  }
  return bestMix([...byWidth], cpuCount).flatMap(({ part }) => part.cpus);
}

/** What a mix takes from others, and keeps; more `worth` is better. */
interface Mix {
  readonly worth: number;
  readonly previous: Mix | null;
  readonly units: readonly Unit[];
}

/** To take nothing is worth more than to keep everything. */
const WORTH_OF_TAKEN = 65_536;

/**
 * The best units of each width that add up to `cpuCount`. All widths but the most frequent are tried
 * in every number; of that one, the number follows.
 */
function bestMix(widths: [number, Unit[]][], cpuCount: number): readonly Unit[] {
  widths.sort((a, b) => b[1].length - a[1].length || a[0] - b[0]);
  const [main, ...others] = widths;
  if (main === undefined) return [];
  const [mainWidth, mainUnits] = main;
  if (others.length === 0) return mainUnits.slice(0, cpuCount / mainWidth);
  let mixes = new Map<number, Mix>([[0, { worth: 0, previous: null, units: [] }]]);
  for (const [width, units] of others) {
    const next = new Map<number, Mix>();
    for (const [sum, previous] of mixes) {
      for (let count = 0; count <= units.length && sum + count * width <= cpuCount; count++) {
        const chosen = units.slice(0, count);
        const worth = previous.worth + worthOf(chosen);
        const total = sum + count * width;
        if (worth > (next.get(total)?.worth ?? Number.NEGATIVE_INFINITY)) {
          next.set(total, { worth, previous, units: chosen });
        }
      }
    }
    mixes = next;
  }
  let best: Mix | null = null;
  for (const [sum, previous] of mixes) {
    const count = (cpuCount - sum) / mainWidth;
    if (!Number.isInteger(count) || count > mainUnits.length) continue;
    const chosen = mainUnits.slice(0, count);
    const worth = previous.worth + worthOf(chosen);
    if (best === null || worth > best.worth) best = { worth, previous, units: chosen };
  }
  const units: Unit[] = [];
  for (let mix = best; mix !== null; mix = mix.previous) units.push(...mix.units);
  return units;
}

function worthOf(units: readonly Unit[]): number {
  return units.reduce((sum, { own, taken }) => sum + own - taken * WORTH_OF_TAKEN, 0);
}

/**
 * One thread of each core: cores that the service is on already, then free threads, of split cores
 * before those of unbroken ones; then the lowest.
 */
function pickOnePerCore(ground: Ground, parts: readonly Part[], cpuCount: number): number[] {
  const { geometry, tierOf } = ground;
  const threads = parts.map(({ coreIndex, cpus }) => {
    const tiers = cpus.map((cpu) => valueAt(tierOf, cpu));
    const tier = Math.min(...tiers);
    const width = geometry.wholes[coreIndex]?.cpus.length ?? 0;
    const loose = tiers.filter((each) => each !== TAKEABLE).length;
    // A core of one thread cannot be split; one that is split already may as well be.
    const harm = width === 1 ? 0 : loose < width ? 1 : 2;
    return { cpu: cpus[tiers.indexOf(tier)] ?? -1, tier, harm };
  });
  threads.sort((a, b) => a.tier - b.tier || a.harm - b.harm || a.cpu - b.cpu);
  return threads.slice(0, cpuCount).map(({ cpu }) => cpu);
}
