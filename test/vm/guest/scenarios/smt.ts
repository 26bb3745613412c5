/** The second threads of all cores go away at once, by the kernel's own switch, and come back. */

import { type Guest, numaCores } from '../guest.js';

const ANSWERS = 14;

export async function smt(guest: Guest) {
  const kept = await guest.claim('both-threads', 0, 2);
  await guest.claim('leaving', 1, 2);

  const gone = await guest.cpus.turnSmtOff();
  const list = await guest.list();
  const nodes = await guest.nodePictures();
  const release = await guest.ask(numaCores('leaving', 1, -1));
  const afterRelease = await guest.cpusOf('leaving');
  const keptMeanwhile = await guest.cpusOf('both-threads');
  await guest.crowd.answers(ANSWERS);
  await guest.cpus.turnSmtOn();

  const back = {
    list: await guest.list(),
    again: await guest.ask(numaCores('both-threads', 0, 2)),
    nodes: await guest.nodePictures(),
  };
  await guest.crowd.answers(ANSWERS);
  await guest.ask(numaCores('both-threads', 0, -1));
  return {
    ...{ kept, gone, list, nodes, release, afterRelease, keptMeanwhile, back },
  };
}
