/**
 * What crosses from the worker thread of a scan: only the parts that are others than those of the
 * scan before. The facts of 1,024 nodes are a million distances, which the main thread would need a
 * second to take over, while nobody is answered.
 */

import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import { invariant } from '../core/invariant.js';
import type { MachineFacts, NodeFacts } from '../core/machine.js';

/** Digests of the parts of a machine's facts. */
export interface Digests {
  readonly cores: string;
  readonly caches: string;
  /** Node → digest of its facts. */
  readonly nodes: ReadonlyMap<number, string>;
}

/** Facts, without the parts that are as they were. */
export interface ScannedParts {
  readonly onlineCpus: MachineFacts['onlineCpus'];
  readonly isolatedCpus: MachineFacts['isolatedCpus'];
  /** `null` = as before. */
  readonly cores: MachineFacts['cores'] | null;
  /** `null` = as before. */
  readonly caches: MachineFacts['caches'] | null;
  /** Those that are not as before. */
  readonly changedNodes: readonly NodeFacts[];
  readonly digests: Digests;
}

/** The facts of a scan, and the digests by which the next one tells what changed. */
export interface KnownScan {
  readonly facts: MachineFacts;
  readonly digests: Digests;
}

/** Takes facts apart, in the worker. `known` = digests of the scan before, if there was one. */
export function partsOf(facts: MachineFacts, known: Digests | null): ScannedParts {
  const { onlineCpus, isolatedCpus, cores, caches, nodes } = facts;
  const digests = {
    cores: digestOf(cores),
    caches: digestOf(caches),
    nodes: new Map(nodes.map((node) => [node.nodeId, digestOf(node)])),
  };
  const isSame = ({ nodeId }: NodeFacts) => known?.nodes.get(nodeId) === digests.nodes.get(nodeId);
  return {
    onlineCpus,
    isolatedCpus,
    cores: known?.cores === digests.cores ? null : cores,
    caches: known?.caches === digests.caches ? null : caches,
    changedNodes: nodes.filter((node) => !isSame(node)),
    digests,
  };
}

/** Puts facts together again. `known` = the scan whose digests the parts were told from. */
export function scanOf(parts: ScannedParts, known: KnownScan | null): KnownScan {
  const { onlineCpus, isolatedCpus, changedNodes, digests } = parts;
  const nodes = new Map(known?.facts.nodes.map((node) => [node.nodeId, node]));
  for (const node of changedNodes) nodes.set(node.nodeId, node);
  const cores = parts.cores ?? known?.facts.cores;
  const caches = parts.caches ?? known?.facts.caches;
  invariant(cores !== undefined && caches !== undefined, 'a first scan has all parts');
  const facts = {
    onlineCpus,
    isolatedCpus,
    cores,
    caches,
    nodes: [...digests.nodes.keys()].map((nodeId) => {
      const node = nodes.get(nodeId);
      invariant(node !== undefined, `a scan has node ${nodeId} or knew it`);
      return node;
    }),
  };
  return { facts, digests };
}

function digestOf(part: object): string {
  return createHash('sha1').update(serialize(part)).digest('base64');
}
