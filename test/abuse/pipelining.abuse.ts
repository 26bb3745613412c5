/** A session that sends ten thousand requests in one write, and others who come after it. */

import { expect } from 'chai';
import { readToEnd } from '../daemon/harness.js';
import { useAbusedDaemon } from './abused-daemon.js';
import { Model } from './model.js';

const REQUESTS = 10_000;
const OTHERS = 16;
/** What each of the others asks, one after the other. */
const QUESTIONS = ['list_allocations', 'get_memory_info', 'get_topology', 'get_status'];

/** The requests of a client that changes its mind again and again, and looks what came of it. */
function requestOf(index: number): object {
  const service_name = `nova-${index % 3}`;
  switch (index % 6) {
    case 0:
      return { action: 'allocate_cores', service_name, num_of_cores: 1 + (index % 7) };
    case 1:
      return { action: 'allocate_numa_cores', service_name, numa_node: 1, num_of_cores: 2 };
    case 2:
      return { action: 'list_allocations' };
    case 3:
      return { action: 'allocate_cores', service_name, num_of_cores: -1 };
    case 4:
      // Refused on the spot, while those before it wait for the disk.
      return { action: `no such action ${index}` };
    default:
      return { action: 'get_memory_info', service_name: `${index}` };
  }
}

describe('a daemon with a session that asks 10,000 times in one write', () => {
  const daemon = useAbusedDaemon();

  it('answers in order, and answers others before it is done', async () => {
    const { host, pid } = daemon();
    const model = new Model(host.sysfsRoot);
    const bytes = Buffer.from(
      Array.from({ length: REQUESTS }, (_, index) => `${JSON.stringify(requestOf(index))}\n`).join(
        '',
      ),
    );
    const { replies } = model.hear(bytes);
    expect(replies).to.have.length(REQUESTS);

    let isDone = false;
    const pipeliner = host.connect();
    const first = new Promise((resolve) => pipeliner.once('data', resolve));
    const all = readToEnd(pipeliner).then((text) => {
      isDone = true;
      return text;
    });
    pipeliner.end(bytes);
    await Promise.race([first, all]);
    const askAll = async () => {
      for (const action of QUESTIONS) {
        const reply = await host.ask({ action });
        expect(reply, action).to.include({ version: '1.0' }).and.not.have.property('error');
        if (action === 'get_status') expect(reply).to.include({ pid });
        expect(isDone, `the session had all its replies before ${action} was answered`).to.equal(
          false,
        );
      }
    };
    await Promise.all(Array.from({ length: OTHERS }, askAll));
    const texts = (await all).split('\n');
    expect(texts.pop()).to.equal('');
    expect(texts).to.have.length(REQUESTS);
    for (const [index, text] of texts.entries()) {
      expect(text, `the reply to request ${index}`).to.equal(replies[index]);
    }
  });
});
