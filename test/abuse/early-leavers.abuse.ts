/**
 * Peers that leave before they are done, in every way there is, thousands of them: what they had
 * asked for is there wholly or not at all, and those who only half-closed are answered.
 */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { countCpus } from '../../src/core/cpu-set.js';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { readToEnd } from '../daemon/harness.js';
import { listedClaims, listedPages, pageRecordName } from '../load/listings.js';
import type { ProcessHost } from '../process/process-host.js';
import { storeIs } from '../process/watching.js';
import { useAbusedDaemon } from './abused-daemon.js';

/** Of each kind. */
const LEAVERS = 450;
/** So many are there at a time. */
const AT_A_TIME = 250;

const CPUS = 2;
const PAGES = 3;
const SIZE_KB = 2048;

const takeCpus = (service_name: string) =>
  JSON.stringify({ action: 'allocate_cores', service_name, num_of_cores: CPUS });

const recordPages = (service_name: string, node_id: number) =>
  JSON.stringify({
    ...{ action: 'allocate_hugepages', service_name, node_id, size_kb: SIZE_KB },
    hugepages_requested: PAGES,
  });

const HALF = '{"action":"allocate_cores","service_name":"half","num_';

/** Sends, and leaves when the kernel has taken it. */
async function sendAndLeave(socket: Socket, text: string): Promise<void> {
  socket.write(text, () => socket.destroy());
  await once(socket, 'close');
}

/** What a peer does on a socket that it has just opened; its number tells it from others. */
type Leaver = (socket: Socket, index: number) => Promise<void>;

const LEAVERS_BY_KIND: Readonly<Record<string, Leaver>> = {
  'connects and leaves': async (socket) => {
    await once(socket, 'connect');
    socket.destroy();
  },
  'leaves before it is connected': async (socket) => {
    socket.destroy();
    await once(socket, 'close');
  },
  'sends half a request and leaves': (socket) => sendAndLeave(socket, HALF),
  'sends a whole change and leaves': (socket, index) =>
    sendAndLeave(socket, takeCpus(`gone-${index}`)),
  'sends a session of changes and leaves': (socket, index) =>
    sendAndLeave(
      socket,
      `${takeCpus(`session-${index}`)}\n${recordPages(`session-${index}`, index % 32)}\n${HALF}`,
    ),
  // What it leaves unread makes the kernel reset the connection.
  'leaves at the first of many replies': async (socket, index) => {
    const look = JSON.stringify({ action: 'get_status' });
    socket.write(`${recordPages(`reset-${index}`, index % 32)}\n${`${look}\n`.repeat(20)}`);
    await Promise.race([once(socket, 'data'), once(socket, 'end')]);
    socket.destroy();
  },
  'half-closes behind a whole request': async (socket, index) => {
    socket.end(recordPages(`half-closed-${index}`, index % 32));
    expect(JSON.parse(await readToEnd(socket))).to.include({
      service_name: `half-closed-${index}`,
      allocation_successful: true,
    });
  },
  'half-closes within a request': async (socket) => {
    socket.end(HALF);
    expect(JSON.parse(await readToEnd(socket))).to.include({ code: 'INVALID_REQUEST' });
  },
  'half-closes without a word': async (socket) => {
    socket.end();
    expect(await readToEnd(socket)).to.equal('');
  },
};

/** All of them, mixed, so many at a time. */
async function letThemAllCome(host: ProcessHost): Promise<void> {
  const kinds = Object.entries(LEAVERS_BY_KIND);
  let next = 0;
  const comeOneAfterTheOther = async () => {
    while (next < LEAVERS * kinds.length) {
      const turn = next++;
      const [kind, leave] = kinds[turn % kinds.length] ?? [];
      const socket = host.connect();
      // The daemon may turn away who leaves half a request behind.
      socket.on('error', () => undefined);
      await leave?.(socket, Math.floor(turn / kinds.length)).catch((error: Error) => {
        error.message = `${kind}: ${error.message}`;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, comeOneAfterTheOther));
}

describe('a daemon whose peers leave before they are done', () => {
  const daemon = useAbusedDaemon(simulatedMachines.large.shape);

  it(`has ${LEAVERS} of each kind's changes wholly or not at all`, async () => {
    const { host } = daemon();
    await letThemAllCome(host);
    await daemon().atRest();
    await storeIs(host, 'clean');
    const claims = listedClaims(await host.ask({ action: 'list_allocations' }));
    const pages = listedPages(await host.ask({ action: 'get_memory_info' }));
    const mayBeThere = { claims: new Set<string>(), pages: new Set<string>() };
    for (let index = 0; index < LEAVERS; index++) {
      mayBeThere.claims.add(`gone-${index}`).add(`session-${index}`);
      for (const name of ['session', 'reset', 'half-closed']) {
        mayBeThere.pages.add(pageRecordName(`${name}-${index}`, index % 32, SIZE_KB));
      }
      const answered = pageRecordName(`half-closed-${index}`, index % 32, SIZE_KB);
      expect(pages.get(answered), 'a change that was acknowledged').to.equal(PAGES);
    }
    for (const [name, { cpus }] of claims) {
      expect(mayBeThere.claims.has(name), name).to.equal(true);
      expect(countCpus(parseCpuList(cpus)), name).to.equal(CPUS);
    }
    for (const [name, count] of pages) {
      expect(mayBeThere.pages.has(name), name).to.equal(true);
      expect(count, name).to.equal(PAGES);
    }
    process.stdout.write(
      `      ${claims.size} of ${2 * LEAVERS} claims and ` +
        `${pages.size} of ${3 * LEAVERS} page records were carried out\n`,
    );
  });
});
