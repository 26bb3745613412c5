/** What the crowd has seen through all scenarios before, and what the daemons have logged. */

import type { Guest } from '../guest.js';

/** pino's number for a warning. */
const WARNING = 40;

export async function crowd(guest: Guest) {
  const { daemon } = guest;
  await guest.crowd.lose(async () => {
    await daemon.stop();
  });
  return {
    fault: guest.crowd.fault,
    tally: { ...guest.crowd.tally, ...guest.cpus.tally },
    exitStatus: await daemon.ended,
    complaints: guest.log.filter(({ level }) => level === undefined || level >= WARNING),
  };
}
