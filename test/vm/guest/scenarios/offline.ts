/** CPUs go offline and come back, one at a time, under claims and under the crowd. */

import { type Guest, nameOf, numaCores } from '../guest.js';
import { idsOf, isolatedCpus, onlineCpus } from '../kernel.js';

/** How often a CPU goes offline under the crowd, and how much the crowd does meanwhile. */
const ROUNDS = 5;
const ANSWERS = 7;

export async function offline(guest: Guest) {
  const kept = await guest.claim('kept', 1, 2);
  const keptCpu = idsOf(kept)[1] ?? -1;
  const leftCpu = Number(await guest.claim('left', 0, 1));

  await guest.cpus.takeOffline(keptCpu);
  const whileKept = {
    list: await guest.list(),
    more: await guest.ask(numaCores('kept', 1, 3)),
    nodes: await guest.nodePictures(),
  };
  await guest.cpus.takeOffline(leftCpu);
  const release = await guest.ask(numaCores('left', 0, -1));
  const afterRelease = await guest.list();
  await guest.cpus.bringBack(leftCpu);
  await guest.cpus.bringBack(keptCpu);
  const backAgain = {
    list: await guest.list(),
    again: await guest.ask(numaCores('kept', 1, 2)),
    nodes: await guest.nodePictures(),
  };

  const isolated = idsOf(isolatedCpus()).filter((cpu) => idsOf(onlineCpus()).includes(cpu));
  for (let round = 0; round < ROUNDS; round++) {
    // Five and the count of CPUs, which is twelve, have no common divisor: each of the CPUs gets its turn, whoever has it then.
    const cpu = isolated[(round * 5) % isolated.length] ?? -1;
    await guest.cpus.takeOffline(cpu);
    await guest.crowd.answers(ANSWERS);
    await guest.cpus.bringBack(cpu);
  }
  await guest.ask(numaCores('kept', 1, -1));
  return {
    services: { kept: nameOf('kept'), left: nameOf('left') },
    ...{ kept, keptCpu, leftCpu, whileKept, release, afterRelease, backAgain },
    afterwards: await guest.nodePictures(),
  };
}
