/** What one has heard who watched while the scenarios before went on. */

import { until } from '../../../process/until.js';
import type { Guest } from '../guest.js';

export async function watch(guest: Guest) {
  const { watcher, watchers } = guest;
  await watcher.agrees();
  // Now and then the crowd takes CPUs by force, from its own.
  const preemptions = () => watchers.flatMap((one) => one.preemptions);
  await until(() => {
    guest.crowd.throwFault();
    return preemptions().length > 0;
  });
  return {
    faults: watchers.map(({ fault }) => fault),
    preemptions: preemptions(),
    machineLines: watchers.flatMap(({ machineLines }) => machineLines),
  };
}
