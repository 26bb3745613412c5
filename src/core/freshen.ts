/** Bringing known facts up to date with what a quick look found. */

import { isDeepStrictEqual } from 'node:util';
import { sameCpus } from './cpu-set.js';
import type { MachineFacts, VitalSigns } from './machine.js';

/** Whether the CPUs, the isolation or the nodes are others than those that were scanned. */
export function isOutdated(facts: MachineFacts, vitals: VitalSigns): boolean {
  return !(
    sameCpus(facts.onlineCpus, vitals.onlineCpus) &&
    sameCpus(facts.isolatedCpus, vitals.isolatedCpus) &&
    facts.nodes.length === vitals.nodeIds.length &&
    facts.nodes.every((node, index) => node.nodeId === vitals.nodeIds[index])
  );
}

/** The facts with fresh page counters. The same reference when no counter changed. */
export function withFreshPages(facts: MachineFacts, vitals: VitalSigns): MachineFacts {
  if (vitals.pages.length === 0) return facts;
  const fresh = new Map(vitals.pages.map(({ nodeId, pages }) => [nodeId, pages]));
  let isSame = true;
  const nodes = facts.nodes.map((node) => {
    const pages = fresh.get(node.nodeId);
    if (pages === undefined || isDeepStrictEqual(pages, node.pages)) return node;
    isSame = false;
    return { ...node, pages };
  });
  return isSame ? facts : { ...facts, nodes };
}

/** The newer facts, or the same reference as before when nothing changed. */
export function unlessSame(known: MachineFacts | null, scanned: MachineFacts): MachineFacts {
  return known !== null && isDeepStrictEqual(known, scanned) ? known : scanned;
}
