/** Replacing the copies in a thread: given up in time, too late, and a thread that ends within it. */

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { HalfDoneError } from '../../src/state/replace-copies.js';
import { replaceInThread } from '../../src/state/replace-in-thread.js';
import replace, { claimed, type ReplaceTask } from '../../src/state/replace-worker.js';
import { copyPaths, temporaryPath } from '../../src/state/state-names.js';
import { type FileThreads, startFileThreads } from '../../src/threads/file-threads.js';
import { useTemporaryDirectories } from '../sysfs/trees.js';
import { rejectionOf } from './rejections.js';

const newClaim = () => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

describe('a replacement in a thread', () => {
  const temporaryDirectory = useTemporaryDirectories();

  it('touches nothing, and leaves nothing, once it was given up', () => {
    const stateDirectory = temporaryDirectory();
    const claim = newClaim();
    replace({ stateDirectory, text: 'before', room: 'none', claim: newClaim() });
    expect(claimed(claim, 'giveUp')).to.equal(true);
    const result = replace({ stateDirectory, text: 'after', room: 'none', claim });
    expect(result).to.deep.equal({
      ok: false,
      isHalfDone: false,
      reason: 'nobody waits for this write any more',
    });
    for (const path of copyPaths(stateDirectory)) {
      expect(readFileSync(path, 'utf8')).to.equal('before');
    }
    expect(readdirSync(stateDirectory)).to.have.length(2);
  });

  it('cannot be given up any more once it has begun with the copies', () => {
    const claim = newClaim();
    const stateDirectory = temporaryDirectory();
    const task: ReplaceTask = { stateDirectory, text: 'text', room: 'none', claim };
    expect(replace(task)).to.deep.equal({ ok: true });
    expect(claimed(claim, 'giveUp')).to.equal(false);
    expect(claimed(claim, 'touch')).to.equal(true);
  });

  it('says which way a write failed', async () => {
    const stateDirectory = temporaryDirectory();
    const threads = startFileThreads();
    const inThread = replaceInThread(threads);
    try {
      const [first, twin] = copyPaths(stateDirectory);
      mkdirSync(temporaryPath(first));
      const unready = await rejectionOf(inThread(stateDirectory, 'text', 'none'));
      expect(String(unready)).to.match(/^Error: EISDIR/);
      const elsewhere = temporaryDirectory();
      mkdirSync(copyPaths(elsewhere)[1]);
      const halfDone = await rejectionOf(inThread(elsewhere, 'text', 'none'));
      expect(halfDone).to.be.instanceOf(HalfDoneError);
      expect(String(halfDone)).to.include('EISDIR');
      expect(existsSync(twin)).to.equal(false);
    } finally {
      await threads.close();
    }
    expect(String(await rejectionOf(inThread(stateDirectory, 'text', 'none')))).to.include(
      'closed',
    );
  });

  for (const isTouched of [false, true]) {
    it(`takes a thread that ends ${isTouched ? 'behind' : 'before'} the first copy as it is`, async () => {
      const threads: FileThreads = {
        onError: () => undefined,
        close: () => Promise.resolve(),
        run: (_, task) => {
          const { claim } = task as ReplaceTask;
          if (isTouched) claimed(claim, 'touch');
          return Promise.reject(new Error('out of memory'));
        },
      };
      const inThread = replaceInThread(threads);
      const error = await rejectionOf(inThread(temporaryDirectory(), 'text', 'none'));
      expect(error instanceof HalfDoneError).to.equal(isTouched);
      expect(String(error)).to.include('out of memory');
    });
  }
});
