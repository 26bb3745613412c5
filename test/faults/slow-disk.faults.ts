/** A disk that does not answer: who waits for it, who does not, and for how long. */

import { expect } from 'chai';
import type { Wire } from '../daemon/harness.js';
import { ProcessHost } from '../process/process-host.js';
import { readStored } from '../process/stored-copies.js';
import { until } from '../process/until.js';
import { logged, statusOf, storeIs, storeWorks } from '../process/watching.js';
import { Peer } from '../socket/peers.js';
import { CROWD_OPTIONS, Crowd, session } from './crowd.js';
import { DiskTrace } from './disk-trace.js';
import { expectOrderlyEnd, expectReadOnly, expectRecovery, PROBLEM } from './failing-write.js';
import { requireTools } from './require-tools.js';
import { SmallDisk } from './small-disk.js';

const HANG = /the disk did not answer within 10 s/;
const STATUS = { action: 'get_status' };
const UNKNOWN = { action: 'no_such_action' };
const LIST = { action: 'list_allocations' };
const cores = (service_name: string): Wire => ({
  ...{ action: 'allocate_cores', service_name, num_of_cores: 1 },
});

const HELD = [
  ['write', 'the temporary file of the first copy', (host: ProcessHost) => `${host.statePath}.tmp`],
  [
    'fdatasync',
    'the temporary file of the first copy',
    (host: ProcessHost) => `${host.statePath}.tmp`,
  ],
  ['fdatasync', 'the temporary file of the twin', (host: ProcessHost) => `${host.twinPath}.tmp`],
  ['rename', 'the first copy', (host: ProcessHost) => `${host.statePath}.tmp`],
  ['rename', 'the twin', (host: ProcessHost) => `${host.twinPath}.tmp`],
  ['fsync', 'the directory', (host: ProcessHost) => host.stateDirectory],
] as const;

describe('a daemon whose disk does not answer', function () {
  requireTools();
  this.timeout(90_000);

  for (const [call, what, path] of HELD) {
    it(`answers who saw nothing that waits for the disk, and only them: ${call} ${what}`, async () => {
      await using host = new ProcessHost();
      await host.start();
      await storeIs(host, 'clean');
      const order: string[] = [];
      const noted = async <T>(name: string, asked: Promise<T>): Promise<T> => {
        const reply = await asked;
        order.push(name);
        return reply;
      };
      const waiting = await Peer.connect(host.socketPath);
      await using hold = await DiskTrace.hold(host.daemon, call, path(host));
      const change = noted('change', host.ask(cores('nova')));
      await storeIs(host, 'writing alone');
      // A session is taken in order: when the second change waits, the list was looked up.
      await waiting.send(`${JSON.stringify(LIST)}\n${JSON.stringify(cores('ceph'))}\n`);
      const list = noted('list', waiting.lines(1));
      const another = noted('another change', waiting.lines(2));
      await storeIs(host, 'writing withMoreWaiting');
      await noted('session', session(host, [UNKNOWN, STATUS, UNKNOWN]));
      await noted('unknown action', host.ask(UNKNOWN));
      await noted('status', statusOf(host));
      expect(order).to.deep.equal(['session', 'unknown action', 'status']);
      await hold.detach();
      expect(await change).to.include({ service_name: 'nova', cores_allocated: 1 });
      const { allocations } = JSON.parse((await list)[0] ?? '');
      expect(allocations.map((one: Wire) => one['service_name'])).to.deep.equal(['nova']);
      const reply = JSON.parse((await another)[1] ?? '');
      expect(reply).to.include({ service_name: 'ceph', cores_allocated: 1 });
      waiting.socket.destroy();
      expect((await statusOf(host))['store'].problem).to.equal(null);
      await expectOrderlyEnd(host);
    });
  }

  it('gives up a write that takes too long, and never puts it on disk after all', async () => {
    await using host = new ProcessHost();
    using disk = new SmallDisk(host.stateDirectory);
    await host.start(CROWD_OPTIONS);
    const crowd = await Crowd.settle(host);
    const acknowledged = await host.holdings();
    const before = readStored(host);
    disk.keepRoomOf([host.statePath, host.twinPath]);
    const hold = await DiskTrace.hold(host.daemon, 'fdatasync', `${host.statePath}.tmp`);
    const startedAtMs = Date.now();
    await crowd.meets(HANG);
    await expectReadOnly(host, HANG, startedAtMs);
    await crowd.seesNoChange();
    expect(await logged(host, PROBLEM)).to.have.length(1);
    expect(readStored(host).texts).to.deep.equal(before.texts);
    disk.fill();
    // The disk answers: what was given up goes on, and whatever is tried next may find no room.
    await hold.detach();
    await until(async () => {
      const { problem } = (await statusOf(host))['store'];
      return problem === null || problem.reason.includes('ENOSPC');
    });
    await host.daemon.kill();
    expect(readStored(host).contents).to.deep.equal(before.contents);
    disk.makeRoom();
    await host.start(CROWD_OPTIONS);
    expect(await host.holdings()).to.deep.equal(acknowledged);
    await expectOrderlyEnd(host);
  });

  it('recovers by itself when the disk answers again, also if all was in place', async () => {
    await using host = new ProcessHost();
    await host.start(CROWD_OPTIONS);
    const crowd = await Crowd.settle(host);
    const acknowledged = await host.holdings();
    const hold = await DiskTrace.hold(host.daemon, 'fsync', host.stateDirectory);
    const startedAtMs = Date.now();
    await crowd.meets(HANG);
    await expectReadOnly(host, HANG, startedAtMs);
    await crowd.seesNoChange();
    expect(await logged(host, PROBLEM)).to.have.length(1);
    await hold.detach();
    await storeWorks(host);
    expect(await host.holdings()).to.deep.equal(acknowledged);
    const stored = readStored(host);
    expect(stored.texts[0]).to.equal(stored.texts[1]);
    await expectRecovery(host);
    const withChange = await host.holdings();
    await host.daemon.kill();
    await host.start(CROWD_OPTIONS);
    expect(await host.holdings()).to.deep.equal(withChange);
    await expectOrderlyEnd(host);
  });
});
