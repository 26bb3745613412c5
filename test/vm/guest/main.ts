/** The driver, the only program of the guest: runs the scenarios one after the other and reports. */

import { Guest } from './guest.js';
import { Link } from './link.js';
import { SCENARIOS } from './scenarios.js';

const link = new Link();
// Whoever waits for the reports knows now that there will be some.
link.send({ isUp: true });
const guest = new Guest(link);
await guest.startDaemon();
await guest.gatherCrowd();
await guest.startWatcher();
for (const [scenario, run] of Object.entries(SCENARIOS)) {
  say(`begins with ${scenario}`);
  try {
    link.send({ scenario, report: await run(guest) });
  } catch (error) {
    // The others may show something all the same.
    link.send({ scenario, error: error instanceof Error ? error.stack : String(error) });
  }
}
say('is done');
process.exit();

/** Tells whoever reads the guest's console how far it is. */
function say(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(1)} s: the driver ${what}\n`);
}
