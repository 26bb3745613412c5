/**
 * The text of where claimed CPUs are at home. A large machine has a thousand nodes, and between two
 * writes few of them change: what was written of the others is kept.
 */

import { formatCpuList } from '../core/cpu-list.js';
import { type CpuSet, cpusOf, intersectCpus, isEmpty, NO_CPUS } from '../core/cpu-set.js';
import type { Homes } from '../core/homes.js';

/** Writes a home; of no CPUs nothing is written. */
export type WriteHome = (nodeId: number, cpuList: string) => object;

/** Of one machine as long as its homes are the same reference. */
export class WrittenHomes {
  readonly #write: WriteHome;
  #homes: Homes | null = null;
  #nodes: readonly (readonly [nodeId: number, cpus: CpuSet])[] = [];
  /** Word of a bitset → the indexes of the nodes that have CPUs in it. */
  #nodesOfWord: ReadonlyMap<number, readonly number[]> = new Map();
  /** What was written of each of {@link #nodes}; empty = nobody holds a CPU of it. */
  #parts: string[] = [];
  #claimedCpus: CpuSet = NO_CPUS;

  constructor(write: WriteHome) {
    this.#write = write;
  }

  /** The JSON of a list of the homes in which somebody holds CPUs. */
  text(homes: Homes, claimedCpus: CpuSet): string {
    for (const index of this.#changedNodes(homes, claimedCpus)) {
      const [nodeId, cpus] = this.#nodes[index] ?? [0, NO_CPUS];
      const part = intersectCpus(cpus, claimedCpus);
      const isWritten = !isEmpty(part);
      this.#parts[index] = isWritten
        ? JSON.stringify(this.#write(nodeId, formatCpuList(part)))
        : '';
    }
    this.#claimedCpus = claimedCpus;
    return `[${this.#parts.filter((part) => part !== '').join(',')}]`;
  }

  #changedNodes(homes: Homes, claimedCpus: CpuSet): Iterable<number> {
    if (homes !== this.#homes) {
      this.#homes = homes;
      // CPUs without a node have no home to be written.
      this.#nodes = [...homes].filter(([nodeId]) => nodeId >= 0);
      this.#nodesOfWord = nodesByWord(this.#nodes);
      this.#parts = this.#nodes.map(() => '');
      return this.#nodes.keys();
    }
    const changed = new Set<number>();
    const length = Math.max(claimedCpus.length, this.#claimedCpus.length);
    for (let word = 0; word < length; word++) {
      if ((claimedCpus[word] ?? 0) === (this.#claimedCpus[word] ?? 0)) continue;
      for (const index of this.#nodesOfWord.get(word) ?? []) changed.add(index);
    }
    return changed;
  }
}

function nodesByWord(nodes: readonly (readonly [number, CpuSet])[]): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const [index, [, cpus]] of nodes.entries()) {
    for (const word of new Set(cpusOf(cpus).map((cpu) => cpu >>> 5))) {
      const others = found.get(word);
      if (others === undefined) found.set(word, [index]);
      else others.push(index);
    }
  }
  return found;
}
