/** The state file on a real disk. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Holdings } from '../../src/core/holdings.js';
import { loadState, stateFilePath, writeState } from '../../src/state/state-file.js';
import { formatState } from '../../src/state/state-format.js';
import { StateError } from '../../src/state/stored-state.js';
import { useTemporaryDirectories } from '../sysfs/trees.js';
import { readable, smallState } from './states.js';

const now = new Date('2024-05-06T07:08:09.010Z');
const smallText = formatState(smallState, now);

/** What a promise is rejected with. */
async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it was not rejected');
}

describe('loadState', () => {
  const temporaryDirectory = useTemporaryDirectories();

  /** A directory with this as its state file. */
  function directoryWith(content: string | Buffer): string {
    const directory = temporaryDirectory();
    writeFileSync(stateFilePath(directory), content);
    return directory;
  }

  it('finds nothing in a directory without a state file', async () => {
    expect(await loadState(temporaryDirectory())).to.equal(null);
  });

  it('makes a directory that is missing, with those above it', async () => {
    const directory = join(temporaryDirectory(), 'a', 'b');
    expect(await loadState(directory)).to.equal(null);
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('reads what was written', async () => {
    const state = await loadState(directoryWith(smallText));
    expect(state).not.to.equal(null);
    if (state !== null) expect(readable(state)).to.deep.equal(readable(smallState));
  });

  it('takes over a file of the older format, and leaves it as it is', async () => {
    const older = '{"version": 1, "allocations_db": {"allocations": {"a": "0-1"}}}';
    const directory = directoryWith(older);
    expect((await loadState(directory))?.holdings.claims.size).to.equal(1);
    expect(readFileSync(stateFilePath(directory), 'utf8')).to.equal(older);
  });

  it('pays no attention to what a write that was interrupted left behind', async () => {
    const directory = directoryWith(smallText);
    writeFileSync(`${stateFilePath(directory)}.tmp`, smallText.slice(0, 50));
    expect((await loadState(directory))?.generation).to.equal(smallState.generation);
    rmSync(stateFilePath(directory));
    expect(await loadState(directory)).to.equal(null);
  });

  for (const [what, content] of [
    ['empty', ''],
    ['full of zeros', Buffer.alloc(400)],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['not JSON', '{"version": 2,'],
    ['cut off', smallText.slice(0, -20)],
    ['altered', smallText.replace('"cpus":"5"', '"cpus":"7"')],
    ['of an unknown version', '{"version": 3}'],
    [
      'corrupt in the older format',
      '{"version": 1, "allocations_db": {"allocations": {"a": "x"}}}',
    ],
  ] as const) {
    it(`names a file that is ${what}, and leaves it untouched`, async () => {
      const directory = directoryWith(content);
      const error = await rejectionOf(loadState(directory));
      expect(error).to.be.instanceOf(StateError);
      expect(String(error)).to.include(stateFilePath(directory));
      const left = readFileSync(stateFilePath(directory));
      expect(left.equals(Buffer.from(content))).to.equal(true);
      expect(readdirSync(directory)).to.deep.equal(['state.json']);
    });
  }

  it('names a directory that cannot be used, and says why', async () => {
    const withDirectory = temporaryDirectory();
    mkdirSync(stateFilePath(withDirectory));
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    for (const [directory, reason] of [
      [withDirectory, 'EISDIR'],
      [file, 'EEXIST'],
    ] as const) {
      const error = await rejectionOf(loadState(directory));
      expect(error).to.be.instanceOf(StateError);
      expect(String(error)).to.include(directory).and.include(reason);
    }
  });

  it('does not take a directory that cannot be made for one without a state file', async () => {
    const link = join(temporaryDirectory(), 'link');
    symlinkSync(join(temporaryDirectory(), 'not-mounted'), link);
    expect(await rejectionOf(loadState(link))).to.be.instanceOf(StateError);
  });
});

describe('writeState', () => {
  const temporaryDirectory = useTemporaryDirectories();

  it('writes the text under the name that older releases use', async () => {
    const directory = temporaryDirectory();
    await writeState(directory, smallText);
    expect(readFileSync(join(directory, 'state.json'), 'utf8')).to.equal(smallText);
  });

  it('replaces what was there and leaves no other file', async () => {
    const directory = temporaryDirectory();
    const first = formatState({ ...smallState, holdings: Holdings.none, generation: 1 }, now);
    for (const text of [smallText.repeat(20), first, smallText]) {
      await writeState(directory, text);
      expect(readdirSync(directory)).to.deep.equal(['state.json']);
      expect(readFileSync(stateFilePath(directory), 'utf8')).to.equal(text);
    }
  });

  it('gets over what a write that was interrupted left behind', async () => {
    const directory = temporaryDirectory();
    writeFileSync(`${stateFilePath(directory)}.tmp`, smallText.repeat(20));
    await writeState(directory, smallText);
    expect(readdirSync(directory)).to.deep.equal(['state.json']);
    expect(readFileSync(stateFilePath(directory), 'utf8')).to.equal(smallText);
  });

  it('fails when the directory is missing, and does not make it', async () => {
    const directory = join(temporaryDirectory(), 'gone');
    const error = await rejectionOf(writeState(directory, smallText));
    expect(error).to.have.property('code', 'ENOENT');
    expect(existsSync(directory)).to.equal(false);
  });

  it('fails when the file cannot be replaced, and leaves no other file', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(stateFilePath(directory), 'in-the-way'), { recursive: true });
    expect(await rejectionOf(writeState(directory, smallText))).to.be.instanceOf(Error);
    expect(readdirSync(directory)).to.deep.equal(['state.json']);
    expect(readdirSync(stateFilePath(directory))).to.deep.equal(['in-the-way']);
  });
});
