/** What a write replaced is room for the next one: what may be written over, and what never is. */

import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { Holdings } from '../../src/core/holdings.js';
import { HalfDoneError, type Room, replaceCopies } from '../../src/state/replace-copies.js';
import { readCopies } from '../../src/state/state-copies.js';
import { openStateDirectory } from '../../src/state/state-directory.js';
import { formatState } from '../../src/state/state-format.js';
import { copyPaths, temporaryPath } from '../../src/state/state-names.js';
import { useTemporaryDirectories } from '../sysfs/trees.js';
import { replaceHere } from './replacing.js';

const BLOCK_BYTES = 4_096;
const COPIES = ['state.json', 'state.twin.json'];
const WITH_ROOM = COPIES.flatMap((name) => [name, `${name}.tmp`]);

const NOTHING = { holdings: Holdings.none, homes: new Map() };
/** Longer than what is read of a file in one go. */
const LONG_BYTES = 600_000;

const write = (directory: string, text: string, room: Room) =>
  replaceCopies(directory, `${text}\n`, { room });
/** What both copies say. */
const said = (directory: string) =>
  copyPaths(directory).map((path) => readFileSync(path, 'utf8').trimEnd());
const inodesOf = (paths: readonly string[]) => paths.map((path) => statSync(path).ino);
/** The files that the copies are now, and those that the next write may go into. */
const filesOf = (directory: string) => {
  const paths = copyPaths(directory);
  return { copies: inodesOf(paths), room: inodesOf(paths.map(temporaryPath)) };
};

describe('the room of a state', () => {
  const temporaryDirectory = useTemporaryDirectories();

  /** A directory whose next write may be put where the one before the last one was. */
  function withRoom(): string {
    const directory = temporaryDirectory();
    write(directory, 'first', 'keep');
    write(directory, 'second', 'reuse');
    expect(readdirSync(directory)).to.have.members(WITH_ROOM);
    return directory;
  }

  it('is taken in turn: a write goes into what the one before replaced', () => {
    const directory = withRoom();
    for (const text of ['third', 'fourth', 'fifth']) {
      const before = filesOf(directory);
      write(directory, text, 'reuse');
      expect(said(directory)).to.deep.equal([text, text]);
      expect(filesOf(directory)).to.deep.equal({ copies: before.room, room: before.copies });
      expect(readdirSync(directory)).to.have.members(WITH_ROOM);
    }
  });

  it('is blanks behind the text, in whole blocks, and a newline last', () => {
    const directory = withRoom();
    for (const length of [1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 20_000, 30]) {
      write(directory, 'x'.repeat(length), 'reuse');
      for (const path of copyPaths(directory)) {
        const text = readFileSync(path, 'utf8');
        expect(text.length % BLOCK_BYTES).to.equal(0);
        expect(text).to.match(/^x+ *\n$/);
        expect(text.trimEnd()).to.have.length(length);
      }
    }
  });

  it('grows with the text, and shrinks when twice as much as is needed would stay', () => {
    const directory = withRoom();
    const sizes = [1, 3, 4, 3, 2, 1, 1].map((blocks) => {
      write(directory, 'x'.repeat(blocks * BLOCK_BYTES - 1), 'reuse');
      write(directory, 'x'.repeat(blocks * BLOCK_BYTES - 1), 'reuse');
      return statSync(copyPaths(directory)[0]).size / BLOCK_BYTES;
    });
    expect(sizes).to.deep.equal([1, 3, 4, 4, 4, 1, 1]);
  });

  it('is not used by whoever has not made it', () => {
    const directory = withRoom();
    const before = filesOf(directory);
    write(directory, 'third', 'keep');
    expect(said(directory)).to.deep.equal(['third', 'third']);
    const after = filesOf(directory);
    expect(after.room).to.deep.equal(before.copies);
    for (const inode of after.copies) expect(before.room).not.to.include(inode);
  });

  it('is none where the text is put in place once and for all', () => {
    const directory = withRoom();
    write(directory, 'third', 'none');
    expect(copyPaths(directory).map((path) => readFileSync(path, 'utf8'))).to.deep.equal([
      'third\n',
      'third\n',
    ]);
    expect(readdirSync(directory)).to.have.members(COPIES);
  });

  for (const [what, change] of [
    ['has a second name, as a backup has it', (path: string) => linkSync(path, `${path}.backup`)],
    ['others may read', (path: string) => chmodSync(path, 0o644)],
    [
      'is a symbolic link',
      (path: string) => {
        renameSync(path, `${path}.backup`);
        symlinkSync(`${path}.backup`, path);
      },
    ],
  ] as const) {
    it(`is no file that ${what}`, () => {
      const directory = withRoom();
      const [first] = copyPaths(directory);
      const backup = `${first}.backup`;
      change(first);
      const kept = statSync(first).ino;
      for (const text of ['third', 'fourth', 'fifth', 'sixth']) {
        write(directory, text, 'reuse');
        expect(said(directory)).to.deep.equal([text, text]);
      }
      if (what.startsWith('others')) {
        expect(Object.values(filesOf(directory)).flat()).not.to.include(kept);
      } else {
        expect(readFileSync(backup, 'utf8').trimEnd()).to.equal('second');
      }
      for (const path of copyPaths(directory)) expect(statSync(path).mode & 0o777).to.equal(0o600);
    });
  }

  it('is made anew when somebody removed it, or put something else there', () => {
    const directory = withRoom();
    const [first, twin] = copyPaths(directory).map(temporaryPath) as [string, string];
    rmSync(first);
    write(directory, 'third', 'reuse');
    writeFileSync(twin, 'of another length', { mode: 0o600 });
    write(directory, 'fourth', 'reuse');
    expect(said(directory)).to.deep.equal(['fourth', 'fourth']);
    expect(readdirSync(directory)).to.have.members(WITH_ROOM);
  });

  it('is gone after a write that failed, half done or not', () => {
    const directory = withRoom();
    const refuse = () => {
      throw new Error('given up');
    };
    const givenUp = () => replaceCopies(directory, 'third', { mayTouch: refuse, room: 'reuse' });
    expect(givenUp).to.throw('given up');
    expect(said(directory)).to.deep.equal(['second', 'second']);
    expect(readdirSync(directory)).to.have.members(COPIES);
    write(directory, 'third', 'keep');
    const [, twin] = copyPaths(directory);
    rmSync(twin);
    mkdirSync(twin);
    expect(() => write(directory, 'fourth', 'reuse')).to.throw(HalfDoneError, 'EISDIR');
    expect(readdirSync(directory)).to.have.members(COPIES);
    rmdirSync(twin);
    write(directory, 'fourth', 'keep');
    expect(said(directory)).to.deep.equal(['fourth', 'fourth']);
  });

  it('never is a file with a second name, whatever comes in between', () => {
    const act = fc.oneof(
      { weight: 5, arbitrary: fc.nat({ max: 3 }).map((blocks) => ({ act: 'write', blocks })) },
      { weight: 1, arbitrary: fc.constantFrom('fail', 'fail late', 'lose room', 'back up') },
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const directory = temporaryDirectory();
        const backups = new Map<string, string>();
        const [first, twin] = copyPaths(directory);
        let room: Room = 'keep';
        let stored: string | null = null;
        for (const [index, one] of acts.entries()) {
          const text = `${index}`.padEnd(typeof one === 'string' ? 1 : 1 + one.blocks * 4_000, '.');
          if (typeof one !== 'string') {
            write(directory, text, room);
            [room, stored] = ['reuse', text];
          } else if (one === 'lose room') rmSync(temporaryPath(first), { force: true });
          else if (stored === null) continue;
          else if (one === 'back up') {
            backups.set(join(directory, `backup-${index}`), stored);
            linkSync(twin, join(directory, `backup-${index}`));
          } else {
            const isLate = one === 'fail late';
            if (isLate) renameSync(twin, `${twin}.away`);
            if (isLate) mkdirSync(twin);
            const mayTouch = () => {
              if (!isLate) throw new Error('given up');
            };
            expect(() => replaceCopies(directory, text, { mayTouch, room })).to.throw();
            if (isLate) rmdirSync(twin);
            if (isLate) renameSync(`${twin}.away`, twin);
            room = 'keep';
            // As the writer does it.
            if (isLate) write(directory, stored, room);
          }
          if (stored !== null) expect(said(directory)).to.deep.equal([stored, stored]);
        }
        for (const [path, text] of backups) {
          expect(readFileSync(path, 'utf8').trimEnd()).to.equal(text);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('disturbs nobody who reads while it is written over', async () => {
    const directory = temporaryDirectory();
    // The beginning of one and the end of another do not fit each other.
    const textOf = (generation: number) =>
      formatState({ ...NOTHING, generation }, new Date()).replace(
        ',"checksum"',
        `,${' '.repeat(LONG_BYTES)}"checksum"`,
      );
    replaceCopies(directory, textOf(0), { room: 'keep' });
    const conditions = new Set<string>();
    let generation = 0;
    for (let burst = 0; burst < 20; burst++) {
      // Begun before the burst, torn within it, and read again until it is over.
      const reading = readCopies(directory);
      for (let turn = 0; turn < 8; turn++) {
        for (const _ of COPIES) replaceCopies(directory, textOf(++generation), { room: 'reuse' });
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const { condition } of await reading) conditions.add(condition);
    }
    expect([...conditions]).to.deep.equal(['whole']);
  });

  it('goes with the daemon', async () => {
    const directory = temporaryDirectory();
    const { writer, close } = await openStateDirectory(directory, 'is tested', replaceHere);
    for (const _ of [1, 2, 3]) await writer.write({ next: NOTHING, acknowledged: NOTHING });
    expect(readdirSync(directory)).to.include.members(WITH_ROOM);
    await close();
    expect(readdirSync(directory)).to.have.members(COPIES);
  });
});
