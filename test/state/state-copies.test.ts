/** The two copies of the state on a real disk: what each is worth, and what they come to. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { Holdings } from '../../src/core/holdings.js';
import { chooseState, readCopies } from '../../src/state/state-copies.js';
import { formatState } from '../../src/state/state-format.js';
import { copyPaths } from '../../src/state/state-names.js';
import { StateError } from '../../src/state/stored-state.js';
import { useTemporaryDirectories } from '../sysfs/trees.js';
import { rejectionOf } from './rejections.js';
import { readable, smallState } from './states.js';

const now = new Date('2024-05-06T07:08:09.010Z');
const whole = formatState(smallState, now);
const earlier = formatState(
  { ...smallState, holdings: Holdings.none, generation: smallState.generation - 1 },
  now,
);
const older = '{"version": 1, "allocations_db": {"allocations": {"a": "0-1"}}}';

/** Files that are not whole, by what is wrong with them. */
const DAMAGE: readonly (readonly [what: string, content: string | Buffer, reason: string])[] = [
  ['empty', '', 'the file is empty'],
  ['full of zeros', Buffer.alloc(400), 'not JSON'],
  ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'not UTF-8'],
  ['cut off', whole.slice(0, -20), 'not JSON'],
  ['altered', whole.replace('"cpus":"5"', '"cpus":"7"'), 'checksum'],
  ['of an unknown version', '{"version": 3}', 'its version is 3'],
];

describe('the two copies of the state', () => {
  const temporaryDirectory = useTemporaryDirectories();

  /** A directory with these as the first copy and its twin; `null` = it is missing. */
  function directoryWith(...contents: readonly (string | Buffer | null)[]): string {
    const directory = temporaryDirectory();
    copyPaths(directory).forEach((path, index) => {
      const content = contents[index] ?? null;
      if (content !== null) writeFileSync(path, content);
    });
    return directory;
  }

  const find = async (directory: string) => chooseState(await readCopies(directory));

  it('are nothing in a directory without them', async () => {
    expect(await find(temporaryDirectory())).to.deep.equal({ state: null, faults: [] });
  });

  it('are what was written when both are whole', async () => {
    const { state, faults } = await find(directoryWith(whole, whole));
    expect(faults).to.deep.equal([]);
    if (state === null) throw new Error('nothing was found');
    expect(readable(state)).to.deep.equal(readable(smallState));
    expect(state).to.include({ format: 'own', updatedAt: now.toISOString() });
  });

  for (const index of [0, 1]) {
    const name = index === 0 ? 'first copy' : 'twin';
    const withOne = (content: string | Buffer | null) =>
      index === 0 ? directoryWith(content, whole) : directoryWith(whole, content);

    for (const [what, content, reason] of DAMAGE) {
      it(`are the other one when the ${name} is ${what}`, async () => {
        const directory = withOne(content);
        const { state, faults } = await find(directory);
        if (state === null) throw new Error('nothing was found');
        expect(readable(state)).to.deep.equal(readable(smallState));
        expect(faults).to.have.length(1);
        expect(faults[0]?.path).to.equal(copyPaths(directory)[index]);
        expect(faults[0]?.reason).to.include(reason);
      });
    }

    it(`are the other one when the ${name} is missing`, async () => {
      const directory = withOne(null);
      const { state, faults } = await find(directory);
      expect(state?.generation).to.equal(smallState.generation);
      const path = copyPaths(directory)[index];
      expect(faults).to.deep.equal([{ path, reason: 'it is missing' }]);
    });

    it(`are the other one when the ${name} cannot be read at all`, async () => {
      const directory = withOne(null);
      mkdirSync(copyPaths(directory)[index] ?? '');
      const { state, faults } = await find(directory);
      expect(state?.generation).to.equal(smallState.generation);
      expect(faults[0]?.reason).to.include('EISDIR');
    });

    it(`are the newer one when the ${name} is older`, async () => {
      const { state, faults } = await find(withOne(earlier));
      expect(state?.generation).to.equal(smallState.generation);
      expect(state?.holdings.claims.size).to.equal(smallState.holdings.claims.size);
      const { generation } = smallState;
      expect(faults[0]?.reason).to.equal(
        `it is of generation ${generation - 1}, its twin of ${generation}`,
      );
    });
  }

  for (const [first, firstContent, firstReason] of DAMAGE) {
    for (const [second, secondContent, secondReason] of [
      ...DAMAGE,
      ['missing', null, 'it is missing'] as const,
    ]) {
      it(`are refused when one is ${first} and the other ${second}`, async () => {
        for (const contents of [
          [firstContent, secondContent],
          [secondContent, firstContent],
        ]) {
          const directory = directoryWith(...contents);
          const before = bytesOf(directory);
          const error = await rejectionOf(find(directory));
          expect(error).to.be.instanceOf(StateError);
          for (const path of copyPaths(directory)) expect(String(error)).to.include(path);
          expect(String(error)).to.include(firstReason).and.include(secondReason);
          expect(bytesOf(directory)).to.deep.equal(before);
        }
      });
    }
  }

  it('are refused when both are whole, of one generation, and say different things', async () => {
    const other = formatState({ ...smallState, holdings: Holdings.none }, now);
    const directory = directoryWith(whole, other);
    const error = await rejectionOf(find(directory));
    expect(error).to.be.instanceOf(StateError);
    for (const path of copyPaths(directory)) expect(String(error)).to.include(path);
    expect(String(error)).to.include(`generation ${smallState.generation}`);
  });

  it('are a file of the older format when the first copy is one, whatever the twin says', async () => {
    for (const twin of [null, whole, 'damaged']) {
      const { state, faults } = await find(directoryWith(older, twin));
      expect([...(state?.holdings.claims.keys() ?? [])]).to.deep.equal(['a']);
      expect(faults).to.deep.equal([]);
      // What is written next must win over a twin that was there.
      expect(state?.generation).to.equal(twin === whole ? smallState.generation : 0);
      const remarks = state?.remarks.join('\n') ?? '';
      expect(remarks).to.include('taken over');
      expect(remarks.includes('state.twin.json')).to.equal(twin === whole);
    }
  });

  it('are refused when the first copy is a damaged file of the older format', async () => {
    const twoOwners = '{"version":1,"allocations_db":{"allocations":{"a":"1","b":"0-1"}}}';
    const versionLast = '{"allocations_db":{"allocations":{"a":"x"}},"version":1}';
    for (const damaged of [older.slice(0, -1), older.slice(0, 30), twoOwners, versionLast]) {
      for (const twin of [null, whole]) {
        const directory = directoryWith(damaged, twin);
        const before = bytesOf(directory);
        const error = await rejectionOf(find(directory));
        expect(error, damaged).to.be.instanceOf(StateError);
        expect(String(error)).to.include(copyPaths(directory)[0]);
        expect(bytesOf(directory)).to.deep.equal(before);
      }
    }
  });

  it('are the first copy when the twin is a file of the older format', async () => {
    const { state, faults } = await find(directoryWith(whole, older));
    expect(state?.generation).to.equal(smallState.generation);
    expect(faults[0]?.reason).to.include('older format');
  });

  it('pay no attention to what an interrupted write left behind', async () => {
    const directory = directoryWith(whole, whole);
    for (const path of copyPaths(directory)) writeFileSync(`${path}.tmp`, earlier.slice(0, 50));
    expect((await find(directory)).state?.generation).to.equal(smallState.generation);
    for (const path of copyPaths(directory)) rmSync(path);
    expect((await find(directory)).state).to.equal(null);
  });
});

function bytesOf(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [
      name,
      readFileSync(`${directory}/${name}`).toString('hex'),
    ]),
  );
}
