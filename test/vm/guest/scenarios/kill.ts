/** The daemon is killed under the crowd, and what was acknowledged is there when it is back. */

import { type Guest, nameOf, numaCores, pageRecord } from '../guest.js';
import { idsOf } from '../kernel.js';

const ANSWERS = 14;

export async function kill(guest: Guest) {
  const claimed = await guest.claim('survivor', 1, 2);
  const recorded = await guest.ask(pageRecord('survivor', 1, 2048, 3));
  const cpu = idsOf(claimed)[0] ?? -1;
  await guest.cpus.takeOffline(cpu);
  await guest.crowd.answers(ANSWERS);
  await guest.killAndRestart();
  const memory = await guest.ask({ action: 'get_memory_info' });
  const afterKill = {
    cpus: await guest.cpusOf('survivor'),
    pages: memory['numa_hugepages'].node1.allocations[nameOf('survivor')],
    list: await guest.list(),
  };
  // Of a CPU that is offline only the stored state tells where it is at home.
  const release = await guest.ask(numaCores('survivor', 1, -1));
  const afterRelease = await guest.cpusOf('survivor');
  await guest.cpus.bringBack(cpu);
  await guest.ask(pageRecord('survivor', 1, 2048, -1));
  return { claimed, recorded, cpu, afterKill, release, afterRelease };
}
