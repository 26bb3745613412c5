/** A state directory looked at from outside, whether or not somebody writes to it. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { inspectDirectory, inspectFile } from '../../src/state/inspect-state.js';
import { formatState } from '../../src/state/state-format.js';
import { copyPaths } from '../../src/state/state-names.js';
import { StateError } from '../../src/state/stored-state.js';
import { useTemporaryDirectories } from '../sysfs/trees.js';
import { everythingIn } from './directories.js';
import { rejectionOf } from './rejections.js';
import { smallState } from './states.js';

const now = new Date('2026-11-24T22:37:00.123Z');
const textOf = (generation: number) => formatState({ ...smallState, generation }, now);
const olderText = '{"version": 1, "allocations_db": {"allocations": {"vm": "0-1"}}}';

describe('a state directory that is looked at', () => {
  const temporaryDirectory = useTemporaryDirectories();

  /** What is found in a directory with these copies, which nothing changes. */
  const found = async (first: string | null, twin: string | null) => {
    const directory = temporaryDirectory();
    const [firstPath, twinPath] = copyPaths(directory);
    if (first !== null) writeFileSync(firstPath, first);
    if (twin !== null) writeFileSync(twinPath, twin);
    const before = everythingIn(directory);
    const { state, faults, problem } = await inspectDirectory(directory);
    expect(everythingIn(directory)).to.deep.equal(before);
    return {
      generation: state?.generation ?? null,
      faults: faults.map(({ path, reason }) => `${path.slice(directory.length + 1)}: ${reason}`),
      problem,
    };
  };

  it('is well with two copies that say the same', async () => {
    expect(await found(textOf(7), textOf(7))).to.deep.equal({
      generation: 7,
      faults: [],
      problem: null,
    });
  });

  it('has a fault for the copy that is older, missing or damaged, and the state of the other', async () => {
    for (const [first, twin, fault] of [
      [textOf(7), textOf(9), 'state.json: it is of generation 7, its twin of 9'],
      [textOf(9), textOf(8), 'state.twin.json: it is of generation 8, its twin of 9'],
      [null, textOf(9), 'state.json: it is missing'],
      [textOf(9), '', 'state.twin.json: the file is empty'],
    ] as const) {
      const { generation, faults } = await found(first, twin);
      expect({ generation, faults }).to.deep.equal({ generation: 9, faults: [fault] });
    }
  });

  it('has a problem when no daemon could start on it', async () => {
    const { generation, problem } = await found('', textOf(9).slice(0, 50));
    expect(generation).to.equal(null);
    expect(problem).to.include('no copy of it is whole').and.include('the file is empty');
    const other = formatState({ ...smallState, generation: 9, homes: new Map() }, now);
    expect((await found(textOf(9), other)).problem).to.include('say different things');
  });

  it('is empty, or has a file of the older release, without a fault', async () => {
    expect(await found(null, null)).to.deep.equal({ generation: null, faults: [], problem: null });
    expect(await found(olderText, null)).to.deep.equal({
      generation: 0,
      faults: [],
      problem: null,
    });
  });

  it('has no fault while its copies are replaced one after the other', async () => {
    const directory = temporaryDirectory();
    const put = (path: string, generation: number) => {
      writeFileSync(`${path}.new`, textOf(generation));
      renameSync(`${path}.new`, path);
    };
    const [first, twin] = copyPaths(directory);
    put(first, 1);
    put(twin, 1);
    let isOver = false;
    const writing = (async () => {
      for (let generation = 2; !isOver; generation++) {
        put(first, generation);
        // For most of the time the copies are of two generations.
        for (let turn = 0; turn < 50; turn++) await nextTurn();
        put(twin, generation);
      }
    })();
    try {
      for (let look = 0; look < 10; look++) {
        const { state, faults, problem } = await inspectDirectory(directory);
        expect({ faults, problem }).to.deep.equal({ faults: [], problem: null });
        expect(state).not.to.equal(null);
      }
    } finally {
      isOver = true;
      await writing;
    }
  });

  it('must be there, and readable', async () => {
    const directory = temporaryDirectory();
    const missing = join(directory, 'missing');
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const messages = await Promise.all(
      [missing, join(file, 'state')].map((path) => rejectionOf(inspectDirectory(path))),
    );
    for (const error of messages) expect(error).to.be.instanceOf(StateError);
    expect(String(messages[0])).to.include(`there is no state directory ${missing}`);
    expect(String(messages[1])).to.include('cannot read the state: ENOTDIR');
  });

  it('says of a copy that is no file that it is damaged', async () => {
    const directory = temporaryDirectory();
    const [first, twin] = copyPaths(directory);
    mkdirSync(first);
    writeFileSync(twin, textOf(3));
    const { faults, state } = await inspectDirectory(directory);
    expect(faults[0]?.reason).to.include('EISDIR');
    expect(state?.generation).to.equal(3);
  });
});

describe('a state file that is looked at', () => {
  it('is whole, or says why it is not', () => {
    const bytesOf = (text: string) => ({ name: 'x', bytes: Buffer.from(text) });
    expect(inspectFile(bytesOf(textOf(4)))).to.deep.include({ problem: null, faults: [] });
    expect(inspectFile(bytesOf(olderText)).state?.format).to.equal('older');
    const { state, problem, copies } = inspectFile(bytesOf(''));
    expect({ state, problem }).to.deep.equal({ state: null, problem: 'the file is empty' });
    expect(copies[0]).to.include({ path: 'x', condition: 'damaged' });
  });
});
