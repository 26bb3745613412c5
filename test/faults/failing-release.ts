/** The classic of full disks: a release that is told to succeed, and CPUs that two services hold. */

import { expect } from 'chai';
import type { Wire } from '../daemon/harness.js';
import type { ProcessHost } from '../process/process-host.js';
import { storeWorks } from '../process/watching.js';
import { session } from './crowd.js';
import type { Fault } from './failing-write.js';

const cores = (service_name: string, num_of_cores: number): Wire => ({
  ...{ action: 'allocate_cores', service_name, num_of_cores },
});

const THIEVES = ['glance', 'heat', 'ironic', 'swift'];

/**
 * All CPUs are held; their holders release them while the disk fails, and others want them. Shows
 * that nobody gets them: while the fault is there, and after a restart without it.
 *
 * @param host on which no daemon runs yet
 * @returns how many were refused CPUs that had been given to them until the write failed
 */
export async function releasesNothing(host: ProcessHost, fault: Fault): Promise<number> {
  await host.start();
  await host.ask(cores('nova', 20));
  await host.ask(cores('ceph', 8));
  const { allocations } = await host.holdings();
  const inForce = await fault.strike(host);
  const visits = THIEVES.map((thief, index) =>
    session(host, [
      cores(index % 2 === 0 ? 'nova' : 'ceph', -1),
      cores(thief, 8),
      { action: 'list_allocations' },
    ]),
  );
  let undoneCount = 0;
  for (const [release, theft, list] of await Promise.all(visits)) {
    expect(release?.['code']).to.be.oneOf(['STORAGE_FAILED', 'READ_ONLY']);
    expect(theft?.['code']).to.be.oneOf(['STORAGE_FAILED', 'READ_ONLY', 'INSUFFICIENT_CPUS']);
    expect(list?.['allocations']).to.deep.equal(allocations);
    if (theft?.['code'] === 'STORAGE_FAILED') undoneCount++;
  }
  expect(await host.ask(cores('late', 1))).to.include({ code: 'INSUFFICIENT_CPUS' });
  await host.daemon.kill();
  await inForce.lift();
  await host.start();
  expect((await host.holdings())['allocations']).to.deep.equal(allocations);
  await storeWorks(host);
  const [release, gain] = await session(host, [cores('nova', -1), cores('glance', 20)]);
  expect(release).to.include({ cores_allocated: 0 });
  expect(gain).to.include({ allocated_cores: cpusOf(allocations, 'nova') });
  return undoneCount;
}

function cpusOf(allocations: readonly Wire[], serviceName: string): unknown {
  return allocations.find((one) => one['service_name'] === serviceName)?.['allocated_cores'];
}
