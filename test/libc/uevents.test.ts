/** What the kernel announces, and what of it is about the machine. */

import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { isAboutMachine } from '../../src/daemon/hotplug.js';
import { listenToUevents } from '../../src/libc/uevents.js';

/** Written to, it has the kernel announce a change that is none. */
const CPU_0 = '/sys/devices/system/cpu/cpu0/uevent';

function canAnnounce(): boolean {
  if (!existsSync(CPU_0)) return false;
  try {
    writeFileSync(CPU_0, 'change');
    return true;
  } catch {
    return false;
  }
}

const why = canAnnounce() ? '' : ' (skipped: only root can have the kernel announce something)';

describe(`the announcements of the kernel${why}`, () => {
  before(function () {
    if (why !== '') this.skip();
  });

  it('are heard, and nothing that came before', async () => {
    const uevents = listenToUevents();
    expect(uevents.look()).to.deep.equal([]);
    writeFileSync(CPU_0, 'change');
    const heard: string[] = [];
    while (!heard.includes('change@/devices/system/cpu/cpu0')) {
      heard.push(...uevents.look());
      await setTimeout(1);
    }
    uevents.close();
  });

  it('count as one more when there were too many to keep', () => {
    const uevents = listenToUevents();
    // Thousands of messages are more than any socket holds; nobody looks meanwhile.
    for (let count = 0; count < 5_000; count++) writeFileSync(CPU_0, 'change');
    const heard: string[] = [];
    for (let more = uevents.look(); more.length > 0; more = uevents.look()) heard.push(...more);
    expect(heard).to.include('');
    expect(heard.length).to.be.below(5_000);
    uevents.close();
  });
});

describe('an announcement', () => {
  for (const [headline, isIt] of [
    ['offline@/devices/system/cpu/cpu5', true],
    ['add@/devices/system/node/node2', true],
    ['online@/devices/system/memory/memory32', true],
    ['', true],
    ['add@/devices/pci0000:00/0000:00:03.0', false],
    ['change@/devices/virtual/block/loop0', false],
    ['add@/module/system/cpu/', false],
  ] as const) {
    it(`"${headline}" is ${isIt ? '' : 'not '}about the machine`, () => {
      expect(isAboutMachine(headline)).to.equal(isIt);
    });
  }
});
