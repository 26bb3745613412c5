/**
 * All scenarios, in the order in which they run. Another one is a file of its own and a line here;
 * its name is what tests ask for.
 */

import { crowd } from './scenarios/crowd.js';
import { hotplug } from './scenarios/hotplug.js';
import { hugepages } from './scenarios/hugepages.js';
import { kill } from './scenarios/kill.js';
import { offline } from './scenarios/offline.js';
import { smt } from './scenarios/smt.js';
import { topology } from './scenarios/topology.js';
import { watch } from './scenarios/watch.js';

export const SCENARIOS = { topology, offline, smt, hugepages, hotplug, watch, kill, crowd };

/** Scenario → what it reports. */
export type Reports = {
  readonly [Name in keyof typeof SCENARIOS]: Awaited<ReturnType<(typeof SCENARIOS)[Name]>>;
};
