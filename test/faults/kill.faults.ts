/**
 * `kill -9` at random moments, of the built daemon under the load of 16 clients, and during its
 * start. After each restart everything that clients were told is there, nothing is there twice,
 * nothing that nobody asked for, and no file that does not belong there.
 *
 * EPA_FAULTS_ROUNDS says how often it is killed; EPA_FAULTS_SEED repeats the choices of a run, the
 * seed of which is printed at its start. The moments of the kills differ all the same.
 */

import { randomInt } from 'node:crypto';
import { expect } from 'chai';
import { KillingGround } from './killing-ground.js';

const ROUNDS_DEFAULT = 200;
const ROUNDS = Number(process.env['EPA_FAULTS_ROUNDS'] ?? ROUNDS_DEFAULT);
const SEED = Number(process.env['EPA_FAULTS_SEED'] ?? randomInt(2 ** 31));

/** Hosts that share the rounds, because a start mostly waits for the disk. */
const GROUNDS = 2;

/**
 * Whether a kill comes between the two renames; and whether a list, which leaves with the replies that
 * it had to wait for, is read before them.
 */
const MATTERS_OF_LUCK = ['healed copies', 'lists ahead'];

describe('a daemon that is killed at random moments', () => {
  it('has lost nothing, doubled nothing and left nothing behind after each restart', async () => {
    process.stdout.write(`      seed of the choices: EPA_FAULTS_SEED=${SEED}\n`);
    const failure = new AbortController();
    const tallies = await Promise.all(
      Array.from({ length: GROUNDS }, (_, index) => {
        const rounds = Math.ceil((ROUNDS - index) / GROUNDS);
        return killAgainAndAgain(SEED + index, rounds, failure);
      }),
    );
    const counts = Object.entries(tallies[0] ?? {}).map(([name]) => {
      const count = tallies.reduce((sum, tally) => sum + (tally[name] ?? 0), 0);
      return { name: name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`), count };
    });
    process.stdout.write(
      `      ${counts.map(({ name, count }) => `${name}: ${count}`).join(', ')}\n`,
    );
    if (ROUNDS < ROUNDS_DEFAULT) return;
    // A run in which nothing was at stake shows nothing.
    for (const { name, count } of counts) {
      if (!MATTERS_OF_LUCK.includes(name)) expect(count, name).to.be.above(0);
    }
  });
});

/** Kills the daemons of one host, until one of any host fails; tells what happened. */
async function killAgainAndAgain(
  seed: number,
  rounds: number,
  failure: AbortController,
): Promise<Record<string, number>> {
  await using ground = new KillingGround(seed);
  try {
    await ground.prepare();
    while (ground.tally.rounds < rounds && !failure.signal.aborted) await ground.round();
    await ground.end();
  } catch (error) {
    failure.abort();
    throw error;
  }
  return { ...ground.tally, ...ground.load.tally };
}
