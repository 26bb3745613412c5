/** How long a decision takes where a request says how its CPUs are to lie; without a daemon. */

import { performance } from 'node:perf_hooks';
import { freeCpus } from '../../src/core/claim-changes.js';
import { countCpus } from '../../src/core/cpu-set.js';
import { decide } from '../../src/core/decide.js';
import type { View } from '../../src/core/view.js';
import { isRefusal } from '../../src/protocol/error-codes.js';
import { isChanging, parseRequest } from '../../src/protocol/request.js';
import { ROOT } from '../core/callers.js';
import { cores, Host, numa, type Wire } from '../core/hosts.js';
import { type BenchMachine, LARGEST } from './machines.js';
import { median } from './results.js';

/** A request, and how long its decision took, in milliseconds: the median. */
export interface DecisionTime {
  readonly what: string;
  readonly ms: number;
}

const CORES_PER_CACHE = 2;
const TIMES = 15;

/** Few CPUs and many; `null` = the plain choice. */
const ASKED: readonly (readonly [what: string, count: number, placement: Wire | null])[] = [
  ['6 CPUs, plain', 6, null],
  ['6 CPUs, whole cores', 6, { cores: 'whole' }],
  ['3 CPUs, one per core, one node', 3, { cores: 'spread', numa: 'single' }],
  ['6 CPUs, one node', 6, { numa: 'single' }],
  ['3 CPUs, one cache', 3, { cache: 'require' }],
  ['3 CPUs, few caches', 3, { cache: 'prefer' }],
  ['2,000 CPUs, plain', 2_000, null],
  ['2,000 CPUs, few nodes', 2_000, { numa: 'pack' }],
  ['2,000 CPUs, all nodes alike', 2_000, { numa: 'spread' }],
  ['2,000 CPUs, few nodes and caches', 2_000, { numa: 'pack', cache: 'prefer' }],
];

/** Decides each request many times on the largest machine, with its services. */
export function measurePlacements(machine: BenchMachine = LARGEST): DecisionTime[] {
  const view = crowded(machine);
  const freeCount = countCpus(freeCpus(view.pools.isolated, view.holdings));
  return ASKED.filter(([, count]) => count <= freeCount).map(([what, count, placement]) => {
    const request = parseRequest(cores('asks', count, placement === null ? {} : { placement }));
    if (isRefusal(request) || !isChanging(request)) throw new Error(`${what} is no request`);
    const times = Array.from({ length: TIMES }, () => {
      const start = performance.now();
      const decision = decide(view, request, ROOT, null);
      const ms = performance.now() - start;
      if (isRefusal(decision)) throw new Error(`${what}: ${decision.message}`);
      return ms;
    });
    return { what, ms: median(times) };
  });
}

/** The machine, each service with one CPU of some node. */
function crowded({ shape, nodeCount, serviceCount }: BenchMachine): View {
  const nodes = shape.nodes.map((node) => ({ ...node, coresPerCache: CORES_PER_CACHE }));
  let { view } = new Host({ ...shape, nodes });
  for (let index = 0; index < serviceCount; index++) {
    // 7 has no divisor in common with a power of two, so that every node gets its share.
    const request = parseRequest(numa(`s${index}`, (index * 7) % nodeCount, 1));
    if (isRefusal(request) || !isChanging(request)) throw new Error('no request');
    const plan = decide(view, request, ROOT, null);
    if (isRefusal(plan)) throw new Error(plan.message);
    view = { ...view, holdings: plan.holdings };
  }
  return view;
}
