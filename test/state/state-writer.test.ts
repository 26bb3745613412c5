/** Writing the state to a real disk: both copies, durably, and never half of it. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { NO_CPUS } from '../../src/core/cpu-set.js';
import { Holdings } from '../../src/core/holdings.js';
import type { Snapshot } from '../../src/core/snapshot.js';
import { replaceCopies } from '../../src/state/replace-copies.js';
import { type Replace, replaceInThread } from '../../src/state/replace-in-thread.js';
import { chooseState, readCopies } from '../../src/state/state-copies.js';
import { openStateDirectory } from '../../src/state/state-directory.js';
import { copyPaths, temporaryPath } from '../../src/state/state-names.js';
import { StateWriter } from '../../src/state/state-writer.js';
import { type FileThreads, startFileThreads } from '../../src/threads/file-threads.js';
import { useTemporaryDirectories } from '../sysfs/trees.js';
import { rejectionOf } from './rejections.js';
import { replaceHere } from './replacing.js';

const NAMES = ['state.json', 'state.twin.json'];

/** A state in which `a` holds these CPUs. */
function contentOf(cpuList: string): Snapshot {
  const cpus = parseCpuList(cpuList);
  const claim = { pool: 'isolated', policy: 'legacy', cpus, explicitCpus: NO_CPUS } as const;
  return {
    holdings: Holdings.none.withClaims([{ serviceName: 'a', claim }]),
    homes: new Map([[0, cpus]]),
  };
}

const [one, two, three] = [contentOf('1'), contentOf('1-2'), contentOf('1-3')];

/** The texts of both copies. */
const textsOf = (directory: string) =>
  copyPaths(directory).map((path) => readFileSync(path, 'utf8'));
/** The CPUs of `a` in each copy. */
const claimsOf = (directory: string) =>
  textsOf(directory).map((text) => JSON.parse(text).claims[0].cpus);
const generationsOf = (directory: string) =>
  textsOf(directory).map((text) => JSON.parse(text).generation);

describe('replaceCopies', () => {
  const temporaryDirectory = useTemporaryDirectories();

  it('puts the text into both copies and leaves no other file', async () => {
    const directory = temporaryDirectory();
    for (const text of ['long'.repeat(50_000), 'short', 'other']) {
      replaceCopies(directory, text);
      expect(textsOf(directory)).to.deep.equal([text, text]);
      expect(readdirSync(directory)).to.have.members(NAMES);
    }
  });

  it('gets over what an interrupted replacement left behind', async () => {
    const directory = temporaryDirectory();
    for (const path of copyPaths(directory)) writeFileSync(temporaryPath(path), 'x'.repeat(500));
    replaceCopies(directory, 'text');
    expect(textsOf(directory)).to.deep.equal(['text', 'text']);
    expect(readdirSync(directory)).to.have.members(NAMES);
  });

  it('fails when the directory is missing, and does not make it', async () => {
    const directory = join(temporaryDirectory(), 'gone');
    expect(await rejectionOf(replaceHere(directory, 'text', 'none'))).to.have.property(
      'code',
      'ENOENT',
    );
    expect(existsSync(directory)).to.equal(false);
  });

  for (const index of [0, 1] as const) {
    it(`touches nothing when ${NAMES[index]} cannot be prepared`, async () => {
      const directory = temporaryDirectory();
      replaceCopies(directory, 'before');
      mkdirSync(temporaryPath(copyPaths(directory)[index]));
      const error = await rejectionOf(replaceHere(directory, 'after', 'none'));
      expect(error).to.have.property('code', 'EISDIR');
      expect(textsOf(directory)).to.deep.equal(['before', 'before']);
      expect(readdirSync(directory)).to.have.members([...NAMES, `${NAMES[index]}.tmp`]);
    });
  }
});

describe('the state writer', () => {
  const temporaryDirectory = useTemporaryDirectories();
  const errors: unknown[] = [];
  let threads: FileThreads;
  let replace: Replace;

  before(() => {
    threads = startFileThreads();
    threads.onError((error) => errors.push(error));
    replace = replaceInThread(threads);
  });

  after(async () => {
    await threads.close();
    expect(errors).to.deep.equal([]);
  });

  it('numbers what it writes from the generation that was there', async () => {
    const directory = temporaryDirectory();
    const writer = new StateWriter(directory, 41, replace);
    expect(await writer.write({ next: one, acknowledged: one })).to.equal(42);
    expect(await writer.write({ next: two, acknowledged: one })).to.equal(43);
    expect(generationsOf(directory)).to.deep.equal([43, 43]);
  });

  it('begins at once, unless another is under way', async () => {
    const directory = temporaryDirectory();
    const begun: string[] = [];
    const replace: Replace = async (_, text) => {
      begun.push(JSON.parse(text).claims[0].cpus);
    };
    const writer = new StateWriter(directory, 0, replace);
    const write = (next: Snapshot) => writer.write({ next, acknowledged: one });
    const writes = [write(one), write(two)];
    expect(begun).to.deep.equal(['1']);
    await Promise.all(writes);
    const last = write(three);
    expect(begun).to.deep.equal(['1', '1-2', '1-3']);
    await last;
  });

  it('writes one after the other, in the order in which it was asked', async () => {
    const directory = temporaryDirectory();
    const writer = new StateWriter(directory, 0, replace);
    const ended: number[] = [];
    for (const next of [one, two, three]) {
      void writer.write({ next, acknowledged: one }).then((generation) => ended.push(generation));
    }
    await writer.settled();
    expect(ended).to.deep.equal([1, 2, 3]);
    expect(claimsOf(directory)).to.deep.equal(['1-3', '1-3']);
  });

  it('does not begin what nobody waits for any more', async () => {
    const directory = temporaryDirectory();
    const writer = new StateWriter(directory, 0, replace);
    const first = writer.write({ next: one, acknowledged: one });
    const given = AbortSignal.abort();
    await rejectionOf(writer.write({ next: two, acknowledged: one }, given));
    await first;
    expect(claimsOf(directory)).to.deep.equal(['1', '1']);
  });

  it('changes nothing when it fails before the first copy, and goes on afterwards', async () => {
    const directory = temporaryDirectory();
    const writer = new StateWriter(directory, 0, replace);
    await writer.write({ next: one, acknowledged: one });
    const before = textsOf(directory);
    const obstacle = temporaryPath(copyPaths(directory)[1]);
    mkdirSync(obstacle);
    await rejectionOf(writer.write({ next: two, acknowledged: one }));
    expect(textsOf(directory)).to.deep.equal(before);
  });

  it('puts back what was acknowledged when it fails between the copies, with a newer number', async () => {
    const directory = temporaryDirectory();
    const writer = new StateWriter(directory, 0, replace);
    await writer.write({ next: one, acknowledged: one });
    // No file can take the place of a directory.
    const [first, twin] = copyPaths(directory);
    rmSync(twin);
    mkdirSync(twin);
    const error = await rejectionOf(writer.write({ next: two, acknowledged: one }));
    expect(String(error)).to.match(/EISDIR.*; and what was stored before could not be put back/);
    const text = JSON.parse(readFileSync(first, 'utf8'));
    expect(text.claims[0].cpus).to.equal('1');
    expect(text.generation).to.equal(3);
    expect(chooseState(await readCopies(directory)).state?.generation).to.equal(3);
    expect(readdirSync(directory)).to.have.members(NAMES);
  });
});

describe('a state directory', () => {
  const temporaryDirectory = useTemporaryDirectories();

  it('is made with those above it when it is missing', async () => {
    const directory = join(temporaryDirectory(), 'a', 'b');
    const opened = await openStateDirectory(directory, 'tests', replaceHere);
    expect(opened.found).to.deep.equal({ state: null, faults: [] });
    await opened.close();
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('is opened by one at a time, and says by whom', async () => {
    const directory = temporaryDirectory();
    const opened = await openStateDirectory(directory, 'serves /run/x.sock', replaceHere);
    const error = await rejectionOf(openStateDirectory(directory, 'serves too', replaceHere));
    expect(String(error)).to.include(directory);
    expect(String(error)).to.include(`process ${process.pid} serves /run/x.sock, since 2`);
    await opened.close();
    await (await openStateDirectory(directory, 'serves too', replaceHere)).close();
  });

  it('is not in use because a process that was killed left its name there', async () => {
    const directory = temporaryDirectory();
    const gone = { pid: 2 ** 22 + 1, since: '2024-01-01T00:00:00Z', what: 'served long ago' };
    writeFileSync(join(directory, 'holder.json'), JSON.stringify(gone));
    const opened = await openStateDirectory(directory, 'serves now', replaceHere);
    const error = await rejectionOf(openStateDirectory(directory, 'serves too', replaceHere));
    expect(String(error)).to.include('serves now').and.not.include('long ago');
    await opened.close();
  });

  it('gives no name that it cannot be sure of', async () => {
    const directory = temporaryDirectory();
    const opened = await openStateDirectory(directory, 'serves', replaceHere);
    const gone = { pid: 2 ** 22 + 1, since: '2024-01-01T00:00:00Z', what: 'served long ago' };
    for (const text of [JSON.stringify(gone), '{"pid":', '{"pid":"x"}', '']) {
      writeFileSync(join(directory, 'holder.json'), text);
      const error = await rejectionOf(openStateDirectory(directory, 'serves too', replaceHere));
      expect(String(error)).to.include('by a process that does not say which it is');
    }
    await opened.close();
  });

  it('is free again when it could not be opened', async () => {
    const directory = temporaryDirectory();
    writeFileSync(copyPaths(directory)[0], 'damaged');
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await rejectionOf(openStateDirectory(directory, 'tests', replaceHere));
      expect(String(error)).to.include('no copy of it is whole');
    }
    expect(readdirSync(directory)).to.deep.equal(['state.json']);
  });

  it('is cleared of what an interrupted write left behind, but not while it is damaged', async () => {
    const directory = temporaryDirectory();
    for (const path of copyPaths(directory)) writeFileSync(temporaryPath(path), 'half');
    writeFileSync(copyPaths(directory)[0], 'damaged');
    await rejectionOf(openStateDirectory(directory, 'tests', replaceHere));
    expect(readdirSync(directory)).to.have.length(3);
    rmSync(copyPaths(directory)[0]);
    const opened = await openStateDirectory(directory, 'tests', replaceHere);
    expect(readdirSync(directory)).to.deep.equal(['holder.json']);
    await opened.close();
  });

  it('says why it cannot be used', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    const error = await rejectionOf(openStateDirectory(file, 'tests', replaceHere));
    expect(String(error)).to.include(file).and.include('EEXIST');
  });
});
