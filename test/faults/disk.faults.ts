/** Every step of a write fails, for each copy and with each error that disks are known to give. */

import { expect } from 'chai';
import { ProcessHost } from '../process/process-host.js';
import { readStored } from '../process/stored-copies.js';
import { useTally } from '../process/tally.js';
import { allAtOnce } from './all-at-once.js';
import { CROWD_OPTIONS, Crowd, tallyCrowd } from './crowd.js';
import { DiskTrace } from './disk-trace.js';
import { releasesNothing } from './failing-release.js';
import { endures, expectRecovery, type Fault } from './failing-write.js';
import { requireTools } from './require-tools.js';

interface Step {
  readonly what: string;
  /** The system call of it. */
  readonly call: string;
  readonly errors: readonly string[];
  readonly isHalfDone: boolean;
  readonly path: (host: ProcessHost) => string;
}

const COPIES = [
  ['the first copy', (host: ProcessHost) => `${host.statePath}.tmp`],
  ['the twin', (host: ProcessHost) => `${host.twinPath}.tmp`],
] as const;

const STEPS: readonly Step[] = [
  ...COPIES.flatMap(([copy, path]) => {
    const step = { path, isHalfDone: false };
    const file = `the temporary file of ${copy}`;
    return [
      { ...step, what: `the open of ${file}`, call: 'openat', errors: ['EROFS', 'EACCES'] },
      { ...step, what: `the write of ${file}`, call: 'write', errors: ['ENOSPC', 'EIO'] },
      { ...step, what: `the sync of ${file}`, call: 'fdatasync', errors: ['EIO', 'ENOSPC'] },
      { ...step, what: `the close of ${file}`, call: 'close', errors: ['EIO'] },
    ];
  }),
  ...COPIES.map(([copy, path], index) => ({
    ...{ what: `the rename of ${copy}`, call: 'rename', errors: ['EIO', 'EROFS', 'ENOSPC'] },
    ...{ path, isHalfDone: index > 0 },
  })),
  ...['openat', 'fsync'].map((call) => ({
    ...{ what: `the ${call === 'openat' ? 'open' : 'fsync'} of the directory`, call },
    ...{ errors: ['EIO'], path: (host: ProcessHost) => host.stateDirectory, isHalfDone: true },
  })),
];

/**
 * The call waits before it fails, so that others come while the write is in flight: they must fail
 * with it. What is shown does not depend on how many make it.
 */
const DELAY = 'delay_enter=50000';

/** strace counts calls for each thread by itself. */
const ONE_FILE_THREAD = { UV_THREADPOOL_SIZE: '1' };

/** @param when which of the calls fail; all, unless it says otherwise */
function faultOf({ path, call, isHalfDone }: Step, error: string, when = ''): Fault {
  return {
    ...{ reason: new RegExp(error), isHalfDone },
    strike: async (host) => {
      const calls = { [call]: `error=${error}:${DELAY}${when}` };
      const trace = await DiskTrace.attach(host.daemon, { path: path(host), calls });
      return {
        get failedCallCount() {
          return trace.failedCallCount;
        },
        lift: () => trace.detach(),
      };
    },
  };
}

describe('a daemon in whose write one step fails', function () {
  requireTools();
  this.timeout(120_000);
  const tally = useTally();

  for (const step of STEPS) {
    it(`fails whom it concerns, keeps the state and recovers: ${titleOf(step)}`, async () => {
      await allAtOnce(step.errors, String, async (error) => {
        await using host = new ProcessHost();
        const count = await endures(host, faultOf(step, error));
        tally(`× ${error} at ${step.what}`);
        tallyCrowd(tally, count);
      });
    });
  }

  for (const step of STEPS.filter(({ isHalfDone }) => isHalfDone)) {
    it(`has put both copies back before it answers, when it can: ${titleOf(step)}`, async () => {
      await allAtOnce(step.errors, String, async (error) => {
        await using host = new ProcessHost();
        await host.start(CROWD_OPTIONS, ONE_FILE_THREAD);
        const crowd = await Crowd.settle(host);
        const fault = faultOf(step, error, ':when=1');
        const once = await fault.strike(host);
        tallyCrowd(tally, await crowd.meetsAsOne(fault.reason));
        // The fault is over by itself.
        await expectRecovery(host);
        expect(once.failedCallCount).to.equal(1);
        await once.lift();
        const acknowledged = await host.holdings();
        const before = readStored(host);
        const onceMore = await fault.strike(host);
        await crowd.seesItKilled(fault.reason);
        expect(onceMore.failedCallCount).to.equal(1);
        await onceMore.lift();
        const after = readStored(host);
        expect(after.contents).to.deep.equal(before.contents);
        expect(after.texts[0]).to.equal(after.texts[1]);
        expect(after.generations[0]).to.be.above(before.generations[0] + 1);
        await host.start(CROWD_OPTIONS);
        expect(await host.holdings()).to.deep.equal(acknowledged);
        tally(`× ${error} once at ${step.what}, and once more`);
      });
    });
  }

  it('hands nobody the CPUs of a release that fails, at whatever step', async () => {
    const steps = STEPS.filter(({ call }) => /sync|rename/.test(call));
    await allAtOnce(
      steps,
      ({ what }) => what,
      async (step) => {
        await using host = new ProcessHost();
        const undoneCount = await releasesNothing(host, faultOf(step, 'EIO'));
        // Otherwise nobody was in the way of the failure.
        expect(undoneCount).to.be.above(0);
        tally('CPUs of a failed release were given to another, and taken back', undoneCount);
      },
    );
  });
});

function titleOf({ what, errors }: Step): string {
  return `${errors.join(', ')} at ${what}`;
}
