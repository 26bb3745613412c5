/** Another state in the place of a directory's own, on a real disk. */

import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { Holdings } from '../../src/core/holdings.js';
import { importState, restoreState } from '../../src/state/replace-state.js';
import { readCopies } from '../../src/state/state-copies.js';
import { formatState, parseState } from '../../src/state/state-format.js';
import { lockStateDirectory } from '../../src/state/state-lock.js';
import { copyPaths } from '../../src/state/state-names.js';
import { StateError } from '../../src/state/stored-state.js';
import { useTemporaryDirectories } from '../sysfs/trees.js';
import { everythingIn } from './directories.js';
import { rejectionOf } from './rejections.js';
import { readable, smallState, states } from './states.js';

const now = new Date('2026-11-24T22:37:00.123Z');
const smallText = formatState(smallState, now);
const otherText = formatState({ ...smallState, holdings: Holdings.none, generation: 40 }, now);
const olderText = JSON.stringify({
  version: 1,
  updated_at: null,
  allocations_db: { allocations: { vm: '0-1', gone: '' }, allocation_pools: { vm: 'general' } },
});

/** A file with that text. */
const fileOf = (text: string) => ({ name: 'backup.json', bytes: Buffer.from(text) });

describe('a state that takes the place of another', () => {
  const temporaryDirectory = useTemporaryDirectories();

  /** A directory with these copies. */
  const directoryWith = (first: string | Buffer | null, twin: string | Buffer | null) => {
    const directory = temporaryDirectory();
    const [firstPath, twinPath] = copyPaths(directory);
    if (first !== null) writeFileSync(firstPath, first);
    if (twin !== null) writeFileSync(twinPath, twin);
    return directory;
  };
  /** What both copies say, which must be the same and whole. */
  const storedIn = async (directory: string) => {
    const [first, twin] = copyPaths(directory).map((path) => readFileSync(path, 'utf8'));
    expect(first).to.equal(twin);
    return parseState(first ?? '');
  };
  /** The message of the StateError that is thrown, after which everything is as it was. */
  const refusal = async (directory: string, replace: () => Promise<unknown>) => {
    const before = everythingIn(directory);
    const error = await rejectionOf(replace());
    expect(error).to.be.instanceOf(StateError);
    expect(everythingIn(directory)).to.deep.equal(before);
    return (error as StateError).message;
  };

  /** A copy as it may be found: whole, of some generation, damaged in some way, or missing. */
  const copies = fc.oneof(
    states.filter(({ generation }) => generation < 2 ** 50).map((state) => formatState(state, now)),
    fc.constantFrom(null, '', olderText, olderText.slice(0, -1), smallText.slice(0, 99)),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  );

  it('has the claims of its file, is newest, and keeps each copy byte for byte', async () => {
    const situations = fc.record({
      first: copies,
      twin: copies,
      file: states.filter(({ generation }) => generation < 2 ** 50),
      isImport: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(situations, async ({ first, twin, file, isImport }) => {
        const directory = directoryWith(first, twin);
        const before = everythingIn(directory);
        const found = await readCopies(directory);
        const source = fileOf(formatState(file, now));
        await (isImport ? importState : restoreState)(directory, source, now);
        const stored = await storedIn(directory);
        const expected = parseState(source.bytes.toString());
        const homes = isImport ? new Map() : expected.homes;
        const holdings = isImport ? expected.holdings.withoutOwners() : expected.holdings;
        expect(readable(stored)).to.deep.equal(
          readable({ holdings, homes, generation: stored.generation }),
        );
        const generations = found.flatMap((copy) =>
          copy.condition === 'whole' ? [copy.state.generation] : [],
        );
        for (const older of [...generations, file.generation]) {
          expect(stored.generation).to.be.above(older);
        }
        const { 'state.json': _first, 'state.twin.json': _twin, ...kept } = everythingIn(directory);
        const expectedNames = Object.entries(before).map(([name, bytes]) => [
          `${name}.kept-20261124T223700Z`,
          bytes,
        ]);
        expect(kept).to.deep.equal(Object.fromEntries(expectedNames));
      }),
      { numRuns: 60 },
    );
  });

  it('is told with what was there before, what is there now, and where that is kept', async () => {
    const directory = directoryWith(smallText, smallText);
    const { before, after, kept } = await importState(directory, fileOf(olderText), now);
    expect(before?.generation).to.equal(smallState.generation);
    expect(readable(after)).to.deep.equal(readable(await storedIn(directory)));
    expect(after.generation).to.equal(smallState.generation + 1);
    expect(after.remarks.join()).to.include('dropped gone').and.include('older format');
    expect(kept).to.deep.equal(copyPaths(directory).map((path) => `${path}.kept-20261124T223700Z`));
    const inNew = await importState(temporaryDirectory(), fileOf(smallText), now);
    expect(inNew).to.deep.include({ before: null, kept: [] });
    const overDamage = await importState(directoryWith('', null), fileOf(smallText), now);
    expect(overDamage.before).to.equal(undefined);
    expect(overDamage.kept).to.have.length(1);
  });

  it('makes a directory that is missing', async () => {
    const directory = join(temporaryDirectory(), 'a', 'b');
    await importState(directory, fileOf(smallText), now);
    expect(Object.keys(everythingIn(directory))).to.deep.equal(['state.json', 'state.twin.json']);
  });

  it('never takes the name of one that was kept within the same second', async () => {
    const directory = directoryWith(smallText, null);
    await importState(directory, fileOf(olderText), now);
    await importState(directory, fileOf(olderText), now);
    await importState(directory, fileOf(olderText), now);
    expect(Object.keys(everythingIn(directory))).to.deep.equal([
      'state.json',
      'state.json.kept-20261124T223700Z',
      'state.json.kept-20261124T223700Z-2',
      'state.json.kept-20261124T223700Z-3',
      'state.twin.json',
      'state.twin.json.kept-20261124T223700Z-2',
      'state.twin.json.kept-20261124T223700Z-3',
    ]);
    const first = everythingIn(directory)['state.json.kept-20261124T223700Z'];
    expect(first).to.equal(Buffer.from(smallText).toString('latin1'));
  });

  it('can be what was kept, and so undo a replacement', async () => {
    const directory = directoryWith(smallText, smallText);
    const { kept } = await importState(directory, fileOf(olderText), now);
    await restoreState(directory, { name: 'kept', bytes: readFileSync(kept[0] ?? '') }, now);
    expect(readable(await storedIn(directory))).to.deep.equal({
      ...readable(parseState(smallText)),
      generation: smallState.generation + 2,
    });
  });

  for (const [what, text] of [
    ['empty', ''],
    ['cut off', smallText.slice(0, -30)],
    ['altered', smallText.replace('"cpus":"5"', '"cpus":"7"')],
    ['not JSON', '\0\0\0'],
    ['of an unknown version', '{"version": 3}'],
    ['of the older format, and damaged', olderText.replace('0-1', '0-x')],
  ] as const) {
    it(`is refused with the name of its file when that is ${what}`, async () => {
      const directory = directoryWith(smallText, otherText);
      for (const replace of [importState, restoreState]) {
        const message = await refusal(directory, () => replace(directory, fileOf(text), now));
        expect(message).to.match(/^cannot (import|restore) backup\.json: ./);
      }
      const missing = join(temporaryDirectory(), 'missing');
      await rejectionOf(importState(missing, fileOf(text), now));
      expect(existsSync(missing)).to.equal(false);
    });
  }

  it('is not restored from the older format, which is to be imported', async () => {
    const directory = directoryWith(smallText, null);
    const message = await refusal(directory, () => restoreState(directory, fileOf(olderText), now));
    expect(message).to.include('state import');
  });

  it('is refused while somebody has the directory, and says who', async () => {
    const directory = directoryWith(smallText, null);
    const lock = lockStateDirectory(directory, 'serves /run/x.sock');
    try {
      for (const replace of [importState, restoreState]) {
        const message = await refusal(directory, () => replace(directory, fileOf(otherText), now));
        expect(message).to.include(`process ${process.pid} serves /run/x.sock`);
      }
    } finally {
      lock.release();
    }
    await importState(directory, fileOf(otherText), now);
  });

  it('changes nothing when it cannot be written, or what is there cannot be kept', async () => {
    for (const inTheWay of ['state.json.tmp', 'state.twin.json.tmp', 'state.twin.json']) {
      const directory = directoryWith(smallText, null);
      mkdirSync(join(directory, inTheWay));
      const message = await refusal(directory, () =>
        importState(directory, fileOf(otherText), now),
      );
      expect(message).to.match(/^cannot replace the state in .*All is as it was$/);
    }
  });

  it('is refused when no generation is higher than the one it must win over', async () => {
    const generation = Number.MAX_SAFE_INTEGER;
    const directory = directoryWith(formatState({ ...smallState, generation }, now), null);
    const message = await refusal(directory, () => importState(directory, fileOf(smallText), now));
    expect(message).to.include(`${generation}`);
  });

  it('belongs to the user of the daemon when root puts it there', async function () {
    if (process.geteuid?.() !== 0) this.skip();
    const directory = directoryWith(smallText, null);
    chownSync(copyPaths(directory)[0], 1234, 1235);
    const empty = temporaryDirectory();
    chownSync(empty, 1236, 1237);
    await importState(directory, fileOf(otherText), now);
    await importState(empty, fileOf(otherText), now);
    const ownersIn = (path: string) =>
      Object.keys(everythingIn(path)).map((name) => {
        const { uid, gid, mode } = lstatSync(join(path, name));
        return `${name} ${uid} ${gid} ${(mode & 0o777).toString(8)}`;
      });
    expect(ownersIn(directory)).to.include.members([
      'state.json 1234 1235 600',
      'state.twin.json 1234 1235 600',
    ]);
    expect(ownersIn(empty)).to.deep.equal([
      'state.json 1236 1237 600',
      'state.twin.json 1236 1237 600',
    ]);
  });
});
