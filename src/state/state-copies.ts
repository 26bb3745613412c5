/**
 * The two copies of the state on disk: each judged by itself, and what they come to together.
 * Reads, and never writes.
 */

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf } from '../core/quoting.js';
import { isMissing } from './missing.js';
import { claimsOlderFormat, parseState } from './state-format.js';
import { copyPaths } from './state-names.js';
import { StateError, type StoredState } from './stored-state.js';

/** One copy as it was found. */
export type Copy = { readonly path: string } & (
  | { readonly condition: 'whole'; readonly state: StoredState }
  | { readonly condition: 'missing' }
  | {
      readonly condition: 'damaged';
      readonly reason: string;
      /** It says that it is of the older format, so somebody put it there. */
      readonly isOlder: boolean;
    }
);

/** Both copies, the one under the name of older releases first. */
export type Copies = readonly [Copy, Copy];

/** What is wrong with a copy whose twin makes up for it. */
export interface CopyFault {
  readonly path: string;
  readonly reason: string;
}

/** What both copies come to. */
export interface FoundState {
  /** `null` = nothing was ever stored here. */
  readonly state: StoredState | null;
  /** Copies that the next write heals; what they lack is in {@link state}. */
  readonly faults: readonly CopyFault[];
}

/** Reads both copies of a state directory. */
export async function readCopies(stateDirectory: string): Promise<Copies> {
  const [first, twin] = copyPaths(stateDirectory);
  return Promise.all([readCopy(first), readCopy(twin)]);
}

/** So often a copy is read that is another one each time. */
const READS_MAX = 10;

/**
 * Reads one state file. A file that cannot be read at all is damaged too. One that seems damaged is
 * read again until it stays the same: a daemon that runs may have written over what was being read.
 */
export async function readCopy(path: string): Promise<Copy> {
  let before: Buffer | null = null;
  for (let reads = 1; ; reads++) {
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (error) {
      if (isMissing(error)) return { path, condition: 'missing' };
      return { path, condition: 'damaged', reason: messageOf(error), isOlder: false };
    }
    const judged = judgeCopy(bytes);
    const isFinal = judged.condition === 'whole' || before?.equals(bytes) || reads === READS_MAX;
    if (isFinal) return { path, ...judged };
    before = bytes;
  }
}

/** What the bytes of a state file are worth. */
export function judgeCopy(bytes: Buffer) {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { condition: 'damaged', reason: 'it is not UTF-8', isOlder: false } as const;
  }
  try {
    return { condition: 'whole', state: parseState(text) } as const;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const isOlder = claimsOlderFormat(text);
    return { condition: 'damaged', reason: error.message, isOlder } as const;
  }
}

/**
 * Chooses what is served. Both copies are on disk before a reply leaves, so either one alone has
 * everything that was acknowledged: the newest whole one is it.
 *
 * @throws StateError when neither copy is whole, or when they contradict each other
 */
export function chooseState([first, twin]: Copies): FoundState {
  if (first.condition === 'whole' && first.state.format === 'older') {
    return chooseOlder(first.state, twin);
  }
  // Somebody put it there, and it would win over the twin if it were whole.
  if (first.condition === 'damaged' && first.isOlder) throw neitherWhole([first]);
  const judged = [first, judgeTwin(twin)] as const;
  const whole = judged.flatMap((copy) => (copy.condition === 'whole' ? [copy] : []));
  const newest = whole.reduce<(typeof whole)[number] | undefined>(
    (best, copy) =>
      best === undefined || copy.state.generation > best.state.generation ? copy : best,
    undefined,
  );
  if (newest === undefined) {
    if (judged.every(({ condition }) => condition === 'missing'))
      return { state: null, faults: [] };
    throw neitherWhole(judged);
  }
  const { state } = newest;
  const faults: CopyFault[] = [];
  for (const copy of judged) {
    if (copy === newest) continue;
    if (copy.condition !== 'whole') {
      faults.push({ path: copy.path, reason: faultOf(copy) });
    } else if (copy.state.generation < state.generation) {
      const { generation } = copy.state;
      const reason = `it is of generation ${generation}, its twin of ${state.generation}`;
      faults.push({ path: copy.path, reason });
    } else if (copy.state.checksum !== state.checksum) {
      throw contradiction(first.path, twin.path, state.generation);
    }
  }
  return { state, faults };
}

/** An intact file of the older format was put there by somebody, and wins whatever the twin says. */
function chooseOlder(state: StoredState, twin: Copy): FoundState {
  if (twin.condition !== 'whole') return { state, faults: [] };
  // What is written next must be newer than the twin that it replaces.
  const { generation } = twin.state;
  const remark = `${basename(twin.path)} of generation ${generation} is replaced by what it says`;
  return { state: { ...state, generation, remarks: [...state.remarks, remark] }, faults: [] };
}

function judgeTwin(twin: Copy): Copy {
  if (twin.condition !== 'whole' || twin.state.format === 'own') return twin;
  const reason = 'it is of the older format, which has no twin';
  return { path: twin.path, condition: 'damaged', reason, isOlder: true };
}

function faultOf(copy: Copy): string {
  return copy.condition === 'damaged' ? copy.reason : 'it is missing';
}

function neitherWhole(copies: readonly Copy[]): StateError {
  const reasons = copies.map((copy) => `${copy.path}: ${faultOf(copy)}`).join('; ');
  return new StateError(
    `cannot use the state, because no copy of it is whole: ${reasons}. All was left as it is; ` +
      'put a good one in place with `epa-orchestrator state restore FILE`, or move both files ' +
      'away to start with no claims',
  );
}

function contradiction(first: string, twin: string, generation: number): StateError {
  return new StateError(
    `cannot use the state, because ${first} and ${twin} say different things, both of generation ` +
      `${generation}. Both were left as they are; look at each with ` +
      '`epa-orchestrator state show FILE`, and move the wrong one away',
  );
}
