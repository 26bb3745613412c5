/** Inspectors of a coordinator: they listen only while somebody looks, and never harm it. */

import { expect } from 'chai';
import { pino } from 'pino';
import type { ActorSystem } from 'xstate';
import { Inspectors } from '../../src/daemon/inspectors.js';
import { Watchers } from '../../src/daemon/watchers.js';
import { isRefusal } from '../../src/protocol/error-codes.js';
import type { Stream } from '../../src/socket/connection.js';
import { CoordinatorBench } from '../actors/coordinator-bench.js';
import { factsOf, nodeOf } from '../core/hosts.js';

const facts = factsOf({ nodes: [nodeOf(0, 4)], numbering: 'contiguous', isolated: '0-3' });

/** Counts who listens to a system of actors. */
function listenersOf(system: ActorSystem<never>): { readonly count: number } {
  const listeners = { count: 0 };
  const inspect = system.inspect.bind(system);
  system.inspect = (observer) => {
    listeners.count++;
    const subscription = inspect(observer);
    return {
      unsubscribe: () => {
        listeners.count--;
        subscription.unsubscribe();
      },
    };
  };
  return listeners;
}

/** A reader who reads all. */
class FakeStream implements Stream {
  unreadBytes = 0;
  readonly lines: string[] = [];
  isEnded = false;

  readonly write = (line: string): void => {
    this.lines.push(line);
  };

  readonly end = (): void => {
    this.isEnded = true;
  };
}

async function inspected() {
  const bench = new CoordinatorBench({ facts, inspect: () => undefined });
  await bench.start();
  const listeners = listenersOf(bench.coordinator.system as ActorSystem<never>);
  const log: string[] = [];
  const logger = pino({}, { write: (line: string) => void log.push(line) });
  const inspectors = new Inspectors(bench.coordinator, new Watchers(bench.coordinator), logger);
  const join = () => {
    const stream = new FakeStream();
    const stop = inspectors.subscribe(stream);
    if (isRefusal(stop)) throw new Error(stop.message);
    return { stream, stop };
  };
  return { bench, listeners, log, join };
}

const request = {
  action: 'allocate_cores',
  serviceName: 'nova',
  cpuCount: 1,
  pool: 'isolated',
  policy: null,
  isDryRun: false,
  requestId: null,
  placement: null,
} as const;

describe('those who inspect', () => {
  it('listen to the actors only while there are any', async () => {
    const { listeners, join } = await inspected();
    expect(listeners.count).to.equal(0);
    const [first, second] = [join(), join()];
    expect(listeners.count).to.equal(1);
    first.stop();
    expect(listeners.count).to.equal(1);
    second.stop();
    expect(listeners.count).to.equal(0);
    join().stop();
    expect(listeners.count).to.equal(0);
  });

  it('are told the same, at the price of making it once', async () => {
    const { bench, join } = await inspected();
    const [first, second] = [join(), join()];
    const before = [first.stream.lines.length, second.stream.lines.length];
    await bench.granted(request);
    const [told, toldToo] = [first, second].map(({ stream }, index) =>
      stream.lines.slice(before[index]),
    );
    expect(told?.length).to.be.above(10);
    expect(told).to.deep.equal(toldToo);
  });

  it('are ended, and nobody else is harmed, when something cannot be shown', async () => {
    const { bench, log, join } = await inspected();
    const { stream } = join();
    const unspeakable = {
      toString: () => {
        throw new Error('no words for it');
      },
    };
    bench.coordinator.system.get('scanner')?.send({ type: 'RESCAN', error: unspeakable });
    expect(stream.isEnded).to.equal(true);
    expect(log.join('')).to.contain('the inspection failed and was ended').and.contain('no words');
    await bench.granted(request);
    expect(bench.failure).to.equal(null);
  });
});
