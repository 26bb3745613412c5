/** A real file system that is full, out of inodes, or read-only; and daemons that start on it. */

import { truncateSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { ProcessHost } from '../process/process-host.js';
import { readStored } from '../process/stored-copies.js';
import { useTally } from '../process/tally.js';
import { logged, statusOf, storeFails } from '../process/watching.js';
import { CROWD_OPTIONS, Crowd, tallyCrowd } from './crowd.js';
import { releasesNothing } from './failing-release.js';
import {
  endures,
  expectOrderlyEnd,
  expectReadOnly,
  expectRecovery,
  type Fault,
  PROBLEM,
} from './failing-write.js';
import { requireTools } from './require-tools.js';
import { SmallDisk } from './small-disk.js';

interface DiskFault {
  readonly what: string;
  readonly reason: RegExp;
  readonly strike: (disk: SmallDisk) => void;
  readonly lift: (disk: SmallDisk) => void;
}

const lift = (disk: SmallDisk) => disk.makeRoom();
const FULL: DiskFault = {
  ...{ what: 'full', reason: /ENOSPC/, lift },
  strike: (disk) => {
    disk.fill();
    expect(disk.freeBytes).to.equal(0);
  },
};
const READ_ONLY: DiskFault = {
  ...{ what: 'read-only', reason: /EROFS/ },
  strike: (disk) => disk.makeReadOnly(),
  lift: (disk) => disk.makeWritable(),
};
const DISK_FAULTS: readonly DiskFault[] = [
  FULL,
  READ_ONLY,
  // The two temporary files want it at the same time.
  { what: 'full but for one page', reason: /ENOSPC/, lift, strike: (disk) => disk.fill(1) },
  { what: 'out of inodes', reason: /ENOSPC/, lift, strike: (disk) => disk.useUpInodes() },
];

function faultOf({ reason, strike, lift }: DiskFault, disk: SmallDisk): Fault {
  return {
    ...{ reason, isHalfDone: false },
    strike: async (host) => {
      // Otherwise there is room for what comes next: see below.
      host.removeRoom();
      strike(disk);
      return { failedCallCount: null, lift: async () => lift(disk) };
    },
  };
}

/** As the release before this one leaves it. */
const OLDER_STATE = JSON.stringify({
  version: 1,
  updated_at: '2024-01-01T00:00:00Z',
  allocations_db: {
    allocations: { nova: '1-3,17-19', dpdk: '9-10' },
    explicit_allocations: { dpdk: '9' },
    preemption_policies: { dpdk: 'non-preemptive' },
  },
  hugepages_db: { allocations: { dpdk: [{ node_id: 1, size_kb: 2048, count: 12 }] } },
});

describe('a daemon whose disk is full or read-only', function () {
  requireTools();
  this.timeout(60_000);
  const tally = useTally();

  for (const diskFault of DISK_FAULTS) {
    it(`fails whom it concerns, keeps the state and recovers: ${diskFault.what}`, async () => {
      await using host = new ProcessHost();
      using disk = new SmallDisk(host.stateDirectory);
      const count = await endures(host, faultOf(diskFault, disk));
      tally(`× a disk that is ${diskFault.what}`);
      tallyCrowd(tally, count);
    });
  }

  for (const { what, strike, lift } of DISK_FAULTS.filter((fault) => fault !== READ_ONLY)) {
    it(`goes on in the room of what it replaced, as long as that will do: ${what}`, async () => {
      await using host = new ProcessHost();
      using disk = new SmallDisk(host.stateDirectory);
      await host.start(CROWD_OPTIONS);
      const crowd = await Crowd.settle(host);
      const acknowledged = await host.holdings();
      strike(disk);
      const change = { action: 'allocate_cores', service_name: 'more' };
      for (const num_of_cores of [1, 2, 1, -1]) {
        expect(await host.ask({ ...change, num_of_cores })).not.to.have.property('error');
      }
      expect((await statusOf(host))['store'].problem).to.equal(null);
      await crowd.seesNoChange();
      await host.daemon.kill();
      lift(disk);
      await host.start(CROWD_OPTIONS);
      expect(await host.holdings()).to.deep.equal(acknowledged);
      await expectOrderlyEnd(host);
      tally('× changes on a disk without room for a new file');
    });
  }

  for (const diskFault of [FULL, READ_ONLY]) {
    it(`hands nobody the CPUs of a release that fails: ${diskFault.what}`, async () => {
      await using host = new ProcessHost();
      using disk = new SmallDisk(host.stateDirectory);
      await releasesNothing(host, faultOf(diskFault, disk));
      tally('× a release that fails');
    });
  }

  for (const { what, reason, strike, lift } of [FULL, READ_ONLY]) {
    it(`serves what was stored when it starts on a disk that is ${what}`, async () => {
      await using host = new ProcessHost();
      using disk = new SmallDisk(host.stateDirectory);
      await host.start(CROWD_OPTIONS);
      const crowd = await Crowd.settle(host);
      await host.daemon.kill();
      const before = readStored(host);
      const startedAtMs = Date.now();
      // The start would clear it away, and have as much to write into.
      host.removeRoom();
      strike(disk);
      await host.start(CROWD_OPTIONS);
      await storeFails(host);
      await crowd.seesNoChange();
      await expectReadOnly(host, reason, startedAtMs);
      const problems = await logged(host, PROBLEM);
      expect(problems.map((line) => reason.test(line['reason']))).to.deep.equal([true]);
      expect(readStored(host).texts).to.deep.equal(before.texts);
      lift(disk);
      await expectRecovery(host);
      await expectOrderlyEnd(host);
      tally('× a start on a disk that fails');
    });

    it(`serves what an older release stored when it starts on a disk that is ${what}`, async () => {
      await using healthy = new ProcessHost();
      writeFileSync(healthy.statePath, OLDER_STATE);
      await healthy.start();
      await using host = new ProcessHost();
      using disk = new SmallDisk(host.stateDirectory);
      writeFileSync(host.statePath, OLDER_STATE);
      const startedAtMs = Date.now();
      strike(disk);
      await host.start();
      await storeFails(host);
      expect(await host.holdings()).to.deep.equal(await healthy.holdings());
      await expectReadOnly(host, reason, startedAtMs);
      expect(host.files.filter((name) => name.startsWith('state'))).to.deep.equal(['state.json']);
      lift(disk);
      await expectRecovery(host);
      await expectOrderlyEnd(host);
      tally('× a start on a disk that fails');
    });
  }

  it('serves from the whole copy when the disk is too full to heal the other, and heals it later', async () => {
    await using host = new ProcessHost();
    using disk = new SmallDisk(host.stateDirectory);
    await host.start(CROWD_OPTIONS);
    const crowd = await Crowd.settle(host);
    await host.daemon.stop();
    truncateSync(host.statePath, 100);
    disk.fill();
    await host.start(CROWD_OPTIONS);
    await storeFails(host);
    await crowd.seesNoChange();
    const { healed } = (await statusOf(host))['store'];
    expect(healed.map((one: { file: string }) => one.file)).to.deep.equal([host.statePath]);
    disk.makeRoom();
    await expectRecovery(host);
    await expectOrderlyEnd(host);
    tally('× a start on a disk that fails');
  });
});
