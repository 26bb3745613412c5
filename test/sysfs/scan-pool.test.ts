/** Reads sysfs in real worker threads. */

import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { formatCpuList } from '../../src/core/cpu-list.js';
import { NO_CPUS } from '../../src/core/cpu-set.js';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import { readVitals } from '../../src/sysfs/read-vitals.js';
import { createScanPool, type ScanPool } from '../../src/sysfs/scan-pool.js';
import { SysfsError, sysfsFilesAt } from '../../src/sysfs/sysfs-files.js';
import { type FileThreads, startFileThreads } from '../../src/threads/file-threads.js';
import { laidIn, putFile, readable, useTemporaryDirectories } from './trees.js';

describe('the scan pool', () => {
  const temporaryDirectory = useTemporaryDirectories();
  const never = () => new AbortController().signal;
  const errors: unknown[] = [];
  let root = '';
  let threads: FileThreads;
  let pool: ScanPool;

  beforeEach(() => {
    root = laidIn(temporaryDirectory(), simulatedMachines['dual-socket'].shape);
    threads = startFileThreads();
    threads.onError((error) => errors.push(error));
    pool = createScanPool({ root, threads });
  });

  afterEach(async () => {
    await threads.close();
    expect(errors).to.deep.equal([]);
  });

  /** What a promise rejects with. */
  const rejectionOf = async (promise: Promise<unknown>): Promise<unknown> => {
    try {
      await promise;
    } catch (error) {
      return error;
    }
    throw new Error('it did not reject');
  };

  it('gives the same as the readers do', async () => {
    const files = sysfsFilesAt(root);
    const [machine, vitals] = await Promise.all([
      pool.readMachine(never()),
      pool.readVitals({ pagesOf: [1], devices: [] }, never()),
    ]);
    expect(readable(machine)).to.deep.equal(readable(readMachine(files)));
    expect(vitals).to.deep.equal(readVitals(files, { pagesOf: [1], devices: [] }));
    expect(vitals.pages.map(({ nodeId }) => nodeId)).to.deep.equal([1]);
  });

  it('reads anew each time', async () => {
    await pool.readVitals({ pagesOf: 'none', devices: [] }, never());
    putFile(root, 'devices/system/cpu/online', '0-3\n');
    const { onlineCpus } = await pool.readVitals({ pagesOf: 'none', devices: [] }, never());
    expect(formatCpuList(onlineCpus)).to.equal('0-3');
  });

  it('glances at a handful of files, and leaves all else to its threads', async () => {
    const files = sysfsFilesAt(root);
    for (const pagesOf of ['none', [1]] as const) {
      const wanted = { pagesOf, devices: [] };
      expect(pool.glance(wanted)).to.deep.equal(readVitals(files, wanted));
    }
    const all = { pagesOf: 'all', devices: [] } as const;
    expect(pool.glance(all), 'how many nodes there are is not known yet').to.equal(null);
    await pool.readMachine(never());
    expect(pool.glance(all)).to.deep.equal(readVitals(files, all));
    expect(pool.glance({ pagesOf: [0, 1, 2, 3, 4], devices: [] })).to.equal(null);
    expect(pool.glance({ pagesOf: 'none', devices: ['0000:00:00.0'] })).to.equal(null);
    putFile(root, 'devices/system/cpu/online', '0-3\n');
    const seen = pool.glance({ pagesOf: 'none', devices: [] });
    expect(formatCpuList(seen?.onlineCpus ?? NO_CPUS)).to.equal('0-3');
    putFile(root, 'devices/system/cpu/online', 'x\n');
    expect(pool.glance({ pagesOf: 'none', devices: [] })).to.equal(null);
  });

  it('sees at a glance which nodes there are, whichever came or went', () => {
    const nodeIds = () => pool.glance({ pagesOf: 'none', devices: [] })?.nodeIds;
    const directory = `${root}/devices/system/node`;
    expect(nodeIds()).to.deep.equal([0, 1]);
    mkdirSync(`${directory}/node7`);
    expect(nodeIds()).to.deep.equal([0, 1, 7]);
    rmSync(`${directory}/node1`, { recursive: true });
    expect(nodeIds()).to.deep.equal([0, 7]);
    // One for another: the kernel says so, whatever the file system does.
    renameSync(`${directory}/node7`, `${directory}/node9`);
    putFile(root, 'devices/system/node/online', '0,9\n');
    expect(nodeIds()).to.deep.equal([0, 9]);
    rmSync(directory, { recursive: true });
    expect(nodeIds()).to.deep.equal([]);
  });

  it('gives the parts that did not change as they were, and those that did as they are', async () => {
    const before = await pool.readMachine(never());
    expect((await pool.readMachine(never())).nodes[1]).to.equal(before.nodes[1]);
    putFile(root, 'devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages', '7\n');
    const after = await pool.readMachine(never());
    expect(readable(after)).to.deep.equal(readable(readMachine(sysfsFilesAt(root))));
    expect(after.nodes[0]?.pages[0]).to.include({ free: 7 });
    expect(after.nodes[1]).to.equal(before.nodes[1]);
    expect(after.cores).to.equal(before.cores);
    rmSync(`${root}/devices/system/node/node1`, { recursive: true });
    putFile(root, 'devices/system/cpu/online', '0-7,16-23\n');
    putFile(root, 'devices/system/node/online', '0\n');
    putFile(root, 'devices/system/node/node0/distance', '10\n');
    const left = await pool.readMachine(never());
    expect(readable(left)).to.deep.equal(readable(readMachine(sysfsFilesAt(root))));
    expect(left.nodes).to.have.length(1);
    expect(left.cores).to.have.length(8);
  });

  it('rejects with the whole SysfsError, and goes on reading', async () => {
    const path = 'devices/system/cpu/online';
    putFile(root, path, '0-x\n');
    const reads = [
      pool.readMachine(never()),
      pool.readVitals({ pagesOf: 'none', devices: [] }, never()),
    ];
    for (const error of await Promise.all(reads.map(rejectionOf))) {
      expect(error).to.be.instanceOf(SysfsError);
      expect(error).to.deep.include({
        step: 'understand',
        path: `${root}/${path}`,
        reason: '"0-x" is no CPU list: "0-x"',
        message: `cannot understand ${root}/${path}: "0-x" is no CPU list: "0-x"`,
      });
    }
    putFile(root, path, '0-3\n');
    expect(formatCpuList((await pool.readMachine(never())).onlineCpus)).to.equal('0-3');
  });

  it('is usable after reads were aborted', async () => {
    await pool.readVitals({ pagesOf: 'none', devices: [] }, never());
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const reads = [1, 2, 3, 4].map(() => rejectionOf(pool.readMachine(controller.signal)));
      controller.abort(new Error('took too long'));
      for (const error of await Promise.all(reads)) {
        expect(error).to.deep.include({ name: 'AbortError' });
        expect(error).to.have.nested.property('cause.message', 'took too long');
      }
      const { nodeIds } = await pool.readVitals({ pagesOf: 'none', devices: [] }, never());
      expect(nodeIds).to.deep.equal([0, 1]);
    }
    const aborted = await rejectionOf(
      pool.readVitals({ pagesOf: 'none', devices: [] }, AbortSignal.abort()),
    );
    expect(aborted).to.deep.include({ name: 'AbortError' });
  });

  it('goes through more reads than it has threads, and refuses the 17th at once', async () => {
    const reads = Array.from({ length: 16 }, () =>
      pool.readVitals({ pagesOf: 'all', devices: [] }, never()),
    );
    const error = await rejectionOf(pool.readVitals({ pagesOf: 'all', devices: [] }, never()));
    expect(error).to.deep.include({ message: 'cannot scan: 16 scans are waiting already' });
    expect(await Promise.all(reads)).to.have.length(16);
    expect(await pool.readVitals({ pagesOf: 'all', devices: [] }, never())).to.deep.equal(
      await reads[0],
    );
  });

  it('leaves no read unsettled when it closes', async () => {
    const reads = Array.from({ length: 8 }, () => pool.readMachine(never()));
    const settled = Promise.allSettled(reads);
    await threads.close();
    for (const read of await settled) {
      if (read.status === 'rejected') expect(read.reason).to.be.instanceOf(Error);
      else expect(formatCpuList(read.value.onlineCpus)).to.equal('0-31');
    }
  });

  it('takes no reads once it closes, and may be closed twice', async () => {
    await Promise.all([threads.close(), threads.close()]);
    const error = await rejectionOf(pool.readMachine(never()));
    expect(error).to.deep.include({ message: 'the threads for files are closed' });
  });
});
