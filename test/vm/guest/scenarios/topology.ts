/** The machine as it was booted, as the daemon shows it and as the kernel does. */

import type { Guest } from '../guest.js';
import { isolatedCpus, onlineCpus } from '../kernel.js';

export async function topology(guest: Guest) {
  const [reply, list, status] = [
    await guest.ask({ action: 'get_topology' }),
    await guest.list(),
    await guest.ask({ action: 'get_status' }),
  ];
  return {
    kernel: { onlineCpus: onlineCpus(), isolatedCpus: isolatedCpus() },
    topology: { onlineCpus: reply['online_cpus'], isolated: reply['pools'].isolated },
    list: { cpuPool: list['cpu_pool'], totalCpus: list['total_available_cpus'] },
    status,
    pid: guest.daemon.process.pid,
    nodes: await guest.nodePictures(),
    pages: await guest.pagePictures(),
  };
}
