/** The coordinator whose operator changes something while it runs. */

import { expect } from 'chai';
import { formatCpuList } from '../../src/core/cpu-list.js';
import { parsePoolLists } from '../../src/core/pools.js';
import { DEFAULT_SIZE_HEURISTIC } from '../../src/core/size-heuristic.js';
import { Brittle } from './brittle.js';
import { quiet } from './by-hand.js';
import { CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, list } from './requests.js';
import { machineOf } from './sketches.js';

describe('the coordinator that is given other settings', () => {
  const inspect = useFrozenContexts();
  const brittle = new Brittle();

  /** CPUs 0-3 are isolated, 4-7 are not. */
  async function bench(general: string) {
    const facts = machineOf({ 0: '0-7' });
    const host = new CoordinatorBench({
      facts: { ...facts, isolatedCpus: parsePoolLists('0-3').general ?? facts.isolatedCpus },
      general,
      inspect,
      ...brittle.machines,
    });
    await host.start();
    return host;
  }

  const reconfigure = (host: CoordinatorBench, general: string, rescanIntervalMs = 60_000) => {
    const poolLists = parsePoolLists(general);
    const sizeHeuristic = DEFAULT_SIZE_HEURISTIC;
    const settings = { poolLists, access: null, rescanIntervalMs, sizeHeuristic };
    host.coordinator.send({ type: 'RECONFIGURE', settings });
    return quiet();
  };
  const inGeneral = (serviceName: string, count: number) => ({
    ...cores(serviceName, count),
    pool: 'general' as const,
  });

  /** How many scans begin while the clock goes on. */
  const scansWithin = async (host: CoordinatorBench, timeMs: number) => {
    const before = host.scans.calls.length;
    host.clock.increment(timeMs);
    await quiet();
    return host.scans.calls.length - before;
  };

  it('decides by the new pools, and keeps what is claimed', async () => {
    const host = await bench('4-5');
    await host.granted(inGeneral('a', 2));
    expect(await host.ask(inGeneral('b', 1))).to.include({ code: 'INSUFFICIENT_CPUS' });
    await reconfigure(host, '4-7');
    expect(await host.granted(inGeneral('b', 1))).to.include({ allocated_cores: '6' });
    await reconfigure(host, '6-7');
    expect(await host.ask(inGeneral('b', 2))).to.include({ code: 'POOL_INCONSISTENT' });
    await reconfigure(host, '');
    expect(await host.granted(inGeneral('a', -1))).to.include({ cores_allocated: 0 });
    expect(await host.ask(inGeneral('c', 1))).to.include({ code: 'POOL_NOT_CONFIGURED' });
    host.expectAgreement();
  });

  it('tells of the new pools', async () => {
    const host = await bench('4-5');
    await reconfigure(host, '3-5');
    const [told] = host.emissions('POOLS_CHANGED');
    expect(formatCpuList(told?.view.pools.general.configuredCpus ?? new Uint32Array())).to.equal(
      '3-5',
    );
    expect(told?.view.pools.general.closedBecause).to.include('isolated CPUs: 3');
  });

  it('scans by the new schedule at once, and so does a scanner that is made anew', async () => {
    const host = await bench('');
    await reconfigure(host, '', 1_000);
    expect(await scansWithin(host, 1_000)).to.equal(1);
    brittle.arm('scanner');
    await host.granted(list());
    expect(host.emissions('CHILD_FAILED')).to.have.length(1);
    expect(await scansWithin(host, 1_000)).to.equal(1);
  });
});
