/** That the daemon and the kernel say the same. */

import { expect } from 'chai';
import type { Wire } from '../daemon/wire.js';
import type { NodePictures, PagePicture } from './guest/guest.js';
import { idsOf } from './guest/kernel.js';

/** Nodes: their CPUs, cores, memory and distances. */
export function expectAgreement({ daemon, kernel }: NodePictures): void {
  expect(daemon).to.deep.equal(kernel);
}

/** Hugepages: all of the kernel's, and those left as the contract counts them. */
export function expectPagesAgree(pages: readonly PagePicture[], when: string): void {
  for (const page of pages) {
    const used = page.total - page.kernelFree;
    const notYetUsed = Math.max(page.recorded - used, 0);
    expect(page, when).to.include({
      daemonTotal: page.total,
      daemonFree: Math.max(page.kernelFree - notYetUsed, 0),
    });
  }
}

/** A list: what is claimed and not eligible is said to be unavailable, and nothing else. */
export function expectUnavailable(list: Wire, offline: readonly number[]): void {
  const claimed: number[] = list['allocations'].flatMap((one: Wire) =>
    idsOf(one['allocated_cores']),
  );
  const unavailable = idsOf(list['cpu_pool'].unavailable_allocated_cpus);
  const expected = claimed.filter((cpu) => offline.includes(cpu));
  expect(unavailable).to.have.members(expected);
  const eligible = idsOf(list['cpu_pool'].eligible_cpus);
  expect(eligible.filter((cpu) => offline.includes(cpu))).to.deep.equal([]);
}
