/** What one has heard who watched while the scenarios before went on; and a victim of force. */

import type { Wire } from '../../../daemon/wire.js';
import { type Guest, nameOf } from '../guest.js';

const NODES = [0, 1];
const MOST = 8;

export async function watch(guest: Guest) {
  const { watcher, watchers } = guest;
  await watcher.agrees();
  const taken = await takeByForce(guest);
  for (const { service_name, cpus } of taken['preempted'])
    await watcher.hasTold(service_name, cpus);
  return {
    faults: watchers.map(({ fault }) => fault),
    taken,
    preemptions: watcher.preemptions,
    machineLines: watchers.flatMap(({ machineLines }) => machineLines),
  };
}

/** Takes more and more of a node until somebody must give way; the crowd leaves now this, now that. */
async function takeByForce(guest: Guest): Promise<Wire> {
  for (;;) {
    guest.crowd.throwFault();
    await guest.ask({ action: 'allocate_cores', service_name: nameOf('victim'), num_of_cores: 1 });
    for (const node of NODES) {
      for (let count = 1; count <= MOST; count++) {
        const reply = await guest.ask(taking(node, count));
        if ('preempted' in reply) {
          await guest.ask(taking(node, -1));
          return reply;
        }
      }
      await guest.ask(taking(node, -1));
    }
  }
}

const taking = (node: number, count: number): Wire => ({
  action: 'allocate_numa_cores',
  service_name: nameOf('taker'),
  numa_node: node,
  num_of_cores: count,
});
