/** In which order a write does what, and what it can do without. */

import { expect } from 'chai';
import { ProcessHost } from '../process/process-host.js';
import { readStored } from '../process/stored-copies.js';
import { statusOf } from '../process/watching.js';
import { DiskTrace } from './disk-trace.js';
import { expectOrderlyEnd } from './failing-write.js';
import { requireTools } from './require-tools.js';

const CALLS = ['openat', 'write', 'fsync', 'fdatasync', 'close', 'link', 'rename', 'unlink'];
const COPIES = ['state.json', 'state.twin.json'];
const each = (...words: readonly string[]) =>
  words.flatMap((word) => COPIES.map((copy) => word.replace('*', copy)));
const ofEach = (...words: readonly string[]) =>
  COPIES.flatMap((copy) => words.map((word) => word.replace('*', copy)));

async function change(host: ProcessHost, num_of_cores: number): Promise<void> {
  const request = { action: 'allocate_cores', service_name: 'nova', num_of_cores };
  expect(await host.ask(request)).not.to.have.property('error');
}

describe('a durable write', function () {
  requireTools();
  this.timeout(60_000);

  /** A daemon that has room for its next write. */
  async function serving(host: ProcessHost): Promise<void> {
    await host.start();
    for (const count of [1, 2, 3]) await change(host, count);
  }

  it('has both copies on disk before the first is replaced, and all of it before it replies', async () => {
    await using host = new ProcessHost();
    await serving(host);
    const paths = [host.statePath, host.twinPath].flatMap((path) =>
      ['', '.tmp', '.old'].map((ending) => `${path}${ending}`),
    );
    const trace = await DiskTrace.watch(host.daemon, [...paths, host.stateDirectory], CALLS);
    await change(host, 4);
    const calls = trace.callsSeen;
    await trace.detach();
    expect(calls).to.deep.equal([
      ...each('openat *.tmp', 'write *.tmp', 'fdatasync *.tmp', 'close *.tmp'),
      ...ofEach('link *', 'rename *.tmp', 'rename *.old'),
      ...['openat state', 'fsync state', 'close state'],
    ]);
    await expectOrderlyEnd(host);
  });

  for (const [what, call, path] of [
    ['a file can have one name only', 'link', (host: ProcessHost) => host.statePath],
    ['what was replaced cannot be kept', 'rename', (host: ProcessHost) => `${host.statePath}.old`],
  ] as const) {
    it(`needs no room left by another: ${what}`, async () => {
      await using host = new ProcessHost();
      await serving(host);
      const calls = { [call]: 'error=EPERM' };
      const trace = await DiskTrace.attach(host.daemon, { path: path(host), calls });
      for (const count of [4, 5, 6]) await change(host, count);
      expect(trace.failedCallCount).to.be.above(0);
      await trace.detach();
      for (const count of [7, 8]) await change(host, count);
      const { texts, contents } = readStored(host);
      expect(texts[0]).to.equal(texts[1]);
      expect(contents[0]['claims'][0].cpus).to.equal('1-4,17-20');
      expect((await statusOf(host))['store'].problem).to.equal(null);
      await expectOrderlyEnd(host);
    });
  }
});
