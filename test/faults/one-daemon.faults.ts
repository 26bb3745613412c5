/** Daemons that meet on one state directory or one socket: one serves, and is not disturbed. */

import { lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Wire } from '../daemon/harness.js';
import type { DaemonProcess } from '../process/daemon-process.js';
import { FILES_AT_REST, ProcessHost, startProcess } from '../process/process-host.js';
import { logged, statusOf, storeFails } from '../process/watching.js';
import { CROWD_OPTIONS, Crowd } from './crowd.js';
import { expectOrderlyEnd, expectReadOnly, expectRecovery, PROBLEM } from './failing-write.js';
import { requireTools } from './require-tools.js';
import { SmallDisk } from './small-disk.js';

const FATAL = 60;

/** Which file it is, and when something of it was changed last. */
function identityOf(path: string) {
  const { ino, ctimeNs } = lstatSync(path, { bigint: true });
  return { ino, ctimeNs };
}

/** All that another daemon could spoil: the files with their bytes and inodes, and the socket. */
function possessions(host: ProcessHost): Wire {
  const files = host.files.map((name) => {
    const path = join(host.stateDirectory, name);
    return { name, ...identityOf(path), text: readFileSync(path, 'utf8') };
  });
  return { files, socket: identityOf(host.socketPath) };
}

/** What becomes of a daemon that starts: it serves, or ends with that status. */
function outcomeOf({ listening, ended }: DaemonProcess): Promise<'serves' | number | null> {
  return listening.then(
    () => 'serves',
    () => ended,
  );
}

/** Starts a daemon that must end by itself; what it says of it. */
async function refusal(other: ProcessHost, options: readonly string[]): Promise<string> {
  expect(await outcomeOf(other.launch(options))).to.equal(1);
  const reasons = other.log.filter((line) => line['level'] === FATAL);
  expect(reasons).to.have.length(1);
  return reasons[0]?.['msg'];
}

/** Shows that the daemon still serves as before, and stores what it is asked. */
async function expectUndisturbed(host: ProcessHost, crowd: Crowd, before: Wire): Promise<void> {
  expect(possessions(host)).to.deep.equal(before);
  expect(await statusOf(host)).to.include({ pid: host.daemon.process.pid });
  await crowd.seesNoChange();
  const request = { action: 'allocate_cores', service_name: 'after', num_of_cores: 1 };
  expect(await host.ask(request)).to.include({ cores_allocated: 1 });
  expect(readFileSync(host.statePath, 'utf8')).to.contain('"after"');
}

async function serving(host: ProcessHost): Promise<Crowd> {
  await host.start(CROWD_OPTIONS);
  return Crowd.settle(host);
}

const SECOND_STARTS: readonly [string, (host: ProcessHost, other: ProcessHost) => string[]][] = [
  ['with a socket of its own', (host) => ['--state-dir', host.stateDirectory]],
  [
    'on the same socket',
    (host) => ['--state-dir', host.stateDirectory, '--socket', host.socketPath],
  ],
  [
    'by way of a symbolic link',
    (host, other) => {
      const link = join(other.directory, 'link');
      symlinkSync(host.stateDirectory, link);
      return ['--state-dir', link];
    },
  ],
];

describe('a daemon that wants what another has', function () {
  requireTools();
  this.timeout(60_000);

  for (const [how, optionsOf] of SECOND_STARTS) {
    it(`is told who serves the state directory, and ends: ${how}`, async () => {
      await using host = new ProcessHost();
      const crowd = await serving(host);
      const before = possessions(host);
      const { pid, since } = JSON.parse(
        readFileSync(join(host.stateDirectory, 'holder.json'), 'utf8'),
      );
      await using other = new ProcessHost();
      const reason = await refusal(other, optionsOf(host, other));
      expect(pid).to.equal(host.daemon.process.pid);
      expect(reason).to.contain(`process ${pid} serves ${host.socketPath}, since ${since}`);
      expect(() => lstatSync(other.socketPath)).to.throw('ENOENT');
      await expectUndisturbed(host, crowd, before);
      await expectOrderlyEnd(host);
    });
  }

  it('ends when only the socket is the same, and leaves no trace of itself', async () => {
    await using host = new ProcessHost();
    const crowd = await serving(host);
    const before = possessions(host);
    await using other = new ProcessHost();
    const reason = await refusal(other, ['--socket', host.socketPath]);
    expect(reason).to.contain(host.socketPath).and.contain('another daemon');
    expect(other.files).not.to.include('holder.json');
    await expectUndisturbed(host, crowd, before);
    await expectOrderlyEnd(host);
  });

  it('starts at once when the other was killed: its lock and its socket died with it', async () => {
    await using host = new ProcessHost();
    const crowd = await serving(host);
    await host.daemon.kill();
    const left = possessions(host);
    expect(host.filesAtRest).to.deep.equal(FILES_AT_REST);
    await host.start(CROWD_OPTIONS);
    expect(identityOf(host.socketPath)).not.to.deep.equal(left['socket']);
    const holder = readFileSync(join(host.stateDirectory, 'holder.json'), 'utf8');
    expect(JSON.parse(holder)).to.include({ pid: host.daemon.process.pid });
    await crowd.seesNoChange();
    await expectOrderlyEnd(host);
  });

  for (const socket of ['the same socket', 'sockets of their own']) {
    it(`serves alone when two, and eight, start at the same instant, on ${socket}`, async () => {
      await using host = new ProcessHost();
      const crowd = await serving(host);
      await host.daemon.kill();
      for (const count of [2, 2, 8]) {
        const socketPaths = Array.from({ length: count }, (_, index) =>
          socket === 'the same socket' ? host.socketPath : join(host.directory, `${index}.sock`),
        );
        await expectOneServes(host, crowd, socketPaths);
      }
    });
  }

  for (const content of ['a state', 'nothing']) {
    it(`serves what is there and changes nothing on a read-only directory with ${content}`, async () => {
      await using host = new ProcessHost();
      using disk = new SmallDisk(host.stateDirectory);
      const crowd = content === 'nothing' ? null : await serving(host);
      if (crowd !== null) await host.daemon.kill();
      const files = host.files;
      disk.makeReadOnly();
      const startedAtMs = Date.now();
      await host.start(CROWD_OPTIONS);
      await storeFails(host);
      await expectReadOnly(host, /EROFS/, startedAtMs);
      const problems = await logged(host, PROBLEM);
      expect(problems.map((line) => line['reason'])).to.match(/EROFS/);
      if (crowd !== null) await crowd.seesNoChange();
      else expect((await host.holdings())['allocations']).to.deep.equal([]);
      expect(host.files).to.deep.equal(files);
      await using other = new ProcessHost();
      const reason = await refusal(other, ['--state-dir', host.stateDirectory]);
      expect(reason).to.contain(host.stateDirectory).and.contain('is in use');
      expect(await statusOf(host)).to.include({ pid: host.daemon.process.pid });
      disk.makeWritable();
      await expectRecovery(host);
      await expectOrderlyEnd(host);
    });
  }
});

/** Starts daemons on one state directory at once; one serves, the others say so and end. */
async function expectOneServes(host: ProcessHost, crowd: Crowd, socketPaths: readonly string[]) {
  const words = ['--state-dir', host.stateDirectory, '--sysfs-root', host.sysfsRoot];
  const starts = socketPaths.map((socketPath) => {
    const log: Wire[] = [];
    const options = ['serve', '--socket', socketPath, ...words, ...CROWD_OPTIONS];
    return { socketPath, log, daemon: startProcess(options, log) };
  });
  const outcomes = await Promise.all(starts.map(({ daemon }) => outcomeOf(daemon)));
  expect(outcomes.filter((outcome) => outcome !== 1)).to.deep.equal(['serves']);
  for (const [index, { socketPath, log, daemon }] of starts.entries()) {
    if (outcomes[index] === 'serves') {
      await crowd.seesNoChange(socketPath);
      const status = await host.ask({ action: 'get_status' }, socketPath);
      expect(status).to.include({ pid: daemon.process.pid });
    } else {
      expect(log.map((line) => line['msg']).join()).to.contain('is in use');
    }
  }
  const winner = starts[outcomes.indexOf('serves')];
  expect(await winner?.daemon.stop()).to.equal(0);
  expect(host.files).to.deep.equal(['state.json', 'state.twin.json']);
  for (const socketPath of socketPaths) expect(() => lstatSync(socketPath)).to.throw('ENOENT');
}
