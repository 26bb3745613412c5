/**
 * Random small machines on which random things happen: services ask, CPUs and nodes come and go,
 * pools are configured anew. Besides what the code under test sees, every step has a picture of
 * the situation in plain sets and arrays, worked out without that code.
 */

import fc from 'fast-check';
import { cpusOf } from '../../src/core/cpu-set.js';
import type { Holdings } from '../../src/core/holdings.js';
import { coresOf, type MachineShape } from '../../src/simulate/machine-shape.js';
import { Host, nodeOf, type Wire } from './hosts.js';

export type Pool = 'isolated' | 'general';

/** What can change while the machine runs. */
export interface Conditions {
  readonly isolated: readonly number[];
  readonly general: readonly number[] | null;
  readonly offline: readonly number[];
  readonly goneNodes: readonly number[];
}

/** A machine and what happens on it. */
export interface Story {
  readonly shape: MachineShape;
  readonly beginning: Conditions;
  readonly events: readonly (Wire | Conditions)[];
}

/** Who holds what. */
export interface NaiveClaim {
  readonly pool: Pool;
  readonly policy: string;
  readonly cpus: ReadonlySet<number>;
  readonly explicit: ReadonlySet<number>;
}

/** A situation in plain sets and arrays. */
export interface Picture {
  readonly configured: Readonly<Record<Pool, ReadonlySet<number>>>;
  readonly eligible: Readonly<Record<Pool, ReadonlySet<number>>>;
  readonly isGeneralConfigured: boolean;
  /** Thread siblings, whether online or not. */
  readonly cores: readonly (readonly number[])[];
  /** Empty on a machine without NUMA. */
  readonly nodeOfCpu: ReadonlyMap<number, number>;
  /** Nodes that are there. */
  readonly nodeIds: readonly number[];
  readonly claims: ReadonlyMap<string, NaiveClaim>;
}

/** One request of a story. */
export interface Step {
  /** The situation that the request met. */
  readonly picture: Picture;
  readonly request: Wire;
  readonly reply: Wire;
  readonly isGranted: boolean;
  readonly before: Holdings;
  readonly after: ReadonlyMap<string, NaiveClaim>;
  /** A host in the situation that the request met. */
  readonly hostBefore: Host;
  /** A host in the situation after it. */
  readonly hostAfter: Host;
}

/** Tells a story, and shows each of its requests. */
export function tell(story: Story, visit: (step: Step) => void): void {
  let conditions = story.beginning;
  const host = new Host(story.shape).become(changeTo(conditions));
  for (const event of story.events) {
    if ('isolated' in event) {
      conditions = event as Conditions;
      host.become(changeTo(conditions));
      continue;
    }
    const picture = pictureOf(story.shape, conditions, host.holdings);
    const hostBefore = host.copy();
    const before = host.holdings;
    const reply = host.ask(event as Wire);
    visit({
      picture,
      request: event as Wire,
      reply,
      isGranted: !('error' in reply),
      before,
      after: naiveClaimsOf(host.holdings),
      hostBefore,
      hostAfter: host.copy(),
    });
  }
}

/** Checks what must be true of every request of every story. */
export function holdsInStories(
  stories: fc.Arbitrary<Story>,
  visit: (step: Step) => void,
  numRuns = 250,
): void {
  fc.assert(
    fc.property(stories, (story) => {
      tell(story, visit);
    }),
    { numRuns },
  );
}

/** The CPUs of a list such as `0-2,5`. */
export function cpusIn(list: unknown): number[] {
  if (typeof list !== 'string') throw new Error(`${list} is no CPU list`);
  if (list === '') return [];
  return list.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The claims of holdings in plain sets. */
export function naiveClaimsOf(holdings: Holdings): Map<string, NaiveClaim> {
  return new Map(
    [...holdings.claims].map(([name, { pool, policy, cpus, explicitCpus }]) => [
      name,
      { pool, policy, cpus: new Set(cpusOf(cpus)), explicit: new Set(cpusOf(explicitCpus)) },
    ]),
  );
}

function changeTo({ isolated, general, offline, goneNodes }: Conditions) {
  return {
    isolated: isolated.join(','),
    general: general === null ? null : general.join(','),
    offline: offline.join(','),
    goneNodes,
  };
}

function pictureOf(shape: MachineShape, conditions: Conditions, holdings: Holdings): Picture {
  const { isolated, general, offline, goneNodes } = conditions;
  const cores = coresOf(shape);
  const gone = cores.filter(({ nodeId }) => goneNodes.includes(nodeId)).flatMap(({ cpus }) => cpus);
  const isOnline = (cpu: number) => !offline.includes(cpu) && !gone.includes(cpu);
  const isClosed = (general ?? []).some((cpu) => isolated.includes(cpu));
  return {
    configured: { isolated: new Set(isolated), general: new Set(general) },
    eligible: {
      isolated: new Set(isolated.filter(isOnline)),
      general: new Set(isClosed ? [] : general?.filter(isOnline)),
    },
    isGeneralConfigured: general !== null,
    cores: cores.map(({ cpus }) => cpus),
    nodeOfCpu: new Map(
      shape.numa === false
        ? []
        : cores.flatMap(({ nodeId, cpus }) => cpus.map((cpu) => [cpu, nodeId] as const)),
    ),
    nodeIds:
      shape.numa === false
        ? []
        : shape.nodes.map(({ nodeId }) => nodeId).filter((id) => !goneNodes.includes(id)),
    claims: naiveClaimsOf(holdings),
  };
}

/** Widths of the cores of a machine: of one width, or mixed. */
const someWidths = fc.constantFrom([1], [2], [4], [8], [1, 2], [2, 4], [1, 2, 4, 8]);

/** Machines of one to four nodes. */
export function machinesOf(widths: fc.Arbitrary<readonly number[]>): fc.Arbitrary<MachineShape> {
  return fc
    .record({
      widths,
      nodeIds: fc.uniqueArray(fc.constantFrom(0, 1, 2, 8, 250, 255), {
        minLength: 1,
        maxLength: 4,
      }),
      groups: fc.array(
        fc.record({ node: fc.nat({ max: 3 }), count: fc.integer({ min: 1, max: 4 }), w: fc.nat() }),
        { minLength: 1, maxLength: 6 },
      ),
      numbering: fc.constantFrom('interleaved' as const, 'contiguous' as const),
      numa: fc.integer({ min: 0, max: 15 }).map((chance) => chance > 0),
    })
    .map(({ widths: those, nodeIds, groups, numbering, numa }) => ({
      nodes: nodeIds.map((nodeId, index) => ({
        ...nodeOf(nodeId, 0),
        cores: groups
          .filter(({ node }) => node % nodeIds.length === index)
          .map(({ count, w }) => ({ count, threads: those[w % those.length] ?? 1 })),
      })),
      numbering,
      numa,
    }));
}

/** Machines with cores of any width. */
export const machines = machinesOf(someWidths);

const pattern = <T>(...weighted: readonly { weight: number; arbitrary: fc.Arbitrary<T> }[]) =>
  fc.array(fc.oneof(...weighted), { minLength: 1, maxLength: 12 });

const is = <T>(arbitrary: T, weight: number) => ({ weight, arbitrary: fc.constant(arbitrary) });

/** Conditions on a machine; patterns repeat over its CPUs. */
function conditionsOn(shape: MachineShape): fc.Arbitrary<Conditions> {
  const cpus = coresOf(shape).flatMap((core) => core.cpus);
  return fc
    .record({
      pools: pattern<string>(is('isolated', 20), is('general', 5), is('none', 2)),
      isConfigured: fc.boolean(),
      overlap: fc.option(fc.constantFrom(...cpus), { freq: 12 }),
      offline: fc.oneof(
        { weight: 2, arbitrary: fc.constant([false]) },
        {
          weight: 1,
          arbitrary: pattern<boolean>(is(false, 6), is(true, 1)),
        },
      ),
      gone: fc.option(fc.constantFrom(...shape.nodes.map(({ nodeId }) => nodeId)), { freq: 6 }),
    })
    .map(({ pools, isConfigured, overlap, offline, gone }) => {
      const at = <T>(those: readonly T[], cpu: number) => those[cpu % those.length];
      const isolated = cpus.filter((cpu) => at(pools, cpu) === 'isolated' || cpu === overlap);
      const general = cpus.filter((cpu) => at(pools, cpu) === 'general' || cpu === overlap);
      return {
        isolated,
        general: isConfigured && general.length > 0 ? general : null,
        offline: cpus.filter((cpu) => at(offline, cpu)),
        goneNodes: gone === null ? [] : [gone],
      };
    });
}

function requestsOn(shape: MachineShape): fc.Arbitrary<Wire> {
  const common = {
    service_name: fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
    pool: fc.oneof(is('isolated', 5), is('general', 1)),
    preemption_policy: fc.oneof(is(null, 5), is('legacy', 1), is('non-preemptive', 1)),
  };
  const count = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }) },
    { weight: 1, arbitrary: fc.integer({ min: 10, max: 40 }) },
    is(-1, 1),
  );
  const someNode = fc.constantFrom(...shape.nodes.map(({ nodeId }) => nodeId));
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        action: fc.constant('allocate_cores'),
        num_of_cores: fc.oneof({ weight: 5, arbitrary: count }, is(0, 1)),
        ...common,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        action: fc.constant('allocate_cores_percent'),
        percent: fc.integer({ min: -1, max: 100 }),
        ...common,
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        action: fc.constant('allocate_numa_cores'),
        numa_node: fc.oneof({ weight: 20, arbitrary: someNode }, is(7, 1)),
        num_of_cores: count,
        ...common,
      }),
    },
  );
}

/** Stories on such machines. */
export function storiesOn(shapes: fc.Arbitrary<MachineShape>): fc.Arbitrary<Story> {
  return shapes.chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      beginning: conditionsOn(shape),
      events: fc.array(
        fc.oneof<fc.WeightedArbitrary<Wire | Conditions>[]>(
          { weight: 10, arbitrary: requestsOn(shape) },
          { weight: 1, arbitrary: conditionsOn(shape) },
        ),
        { minLength: 1, maxLength: 16 },
      ),
    }),
  );
}

/** Stories on machines with cores of any width. */
export const stories = storiesOn(machines);
