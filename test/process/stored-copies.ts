/** What the two copies of the state on disk say, whichever of their generations says it. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { judgeCopy } from '../../src/state/state-copies.js';
import type { Wire } from '../daemon/harness.js';
import type { ProcessHost } from './process-host.js';

/** Both copies of one moment. */
export interface StoredCopies {
  /** Of the first copy and of its twin. */
  readonly texts: readonly [string, string];
  readonly generations: readonly [number, number];
  /** Claims, hugepages and homes of the first copy and of its twin. */
  readonly contents: readonly [Wire, Wire];
}

/** Reads both copies; fails unless each is whole by itself. */
export function readStored(host: ProcessHost): StoredCopies {
  const [first, twin] = [readWhole(host.statePath), readWhole(host.twinPath)];
  return {
    texts: [first.text, twin.text],
    generations: [first.generation, twin.generation],
    contents: [first.content, twin.content],
  };
}

function readWhole(path: string) {
  const bytes = readFileSync(path);
  expect(judgeCopy(bytes), path).to.include({ condition: 'whole' });
  const text = bytes.toString();
  const { generation, claims, hugepages, cpu_homes }: Wire = JSON.parse(text);
  return { text, generation: Number(generation), content: { claims, hugepages, cpu_homes } };
}
