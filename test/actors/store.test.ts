/** The machine of durability, with writes that succeed and fail when the test says so. */

import { expect } from 'chai';
import { SimulatedClock } from 'xstate';
import { diskLogic } from '../../actors/disk.js';
import { type StoreReport, storeMachine } from '../../actors/store.js';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { NO_CPUS } from '../../src/core/cpu-set.js';
import { Holdings } from '../../src/core/holdings.js';
import type { Snapshot, Write } from '../../src/core/snapshot.js';
import { ByHand, quiet } from './by-hand.js';
import { useFrozenContexts } from './frozen.js';
import { startUnderParent } from './under-parent.js';

/** Something to be stored: one service holds `cpus`. */
function snapshotOf(cpus: string): Snapshot {
  const claim = {
    pool: 'isolated',
    policy: 'legacy',
    cpus: parseCpuList(cpus),
    explicitCpus: NO_CPUS,
  } as const;
  return {
    holdings: Holdings.none.withClaims([{ serviceName: 'a', claim }]),
    homes: new Map([[0, parseCpuList('0-7')]]),
  };
}

describe('the store machine', () => {
  const inspect = useFrozenContexts();
  const snapshots = ['0', '0-1', '0-2', '0-3', '0-4', '0-5'].map(snapshotOf);

  function startStore(generation = 7) {
    /** The snapshot of a revision: each revision has its own. */
    const snapshot = (revision: number) => snapshots[revision] ?? snapshotOf(`${revision}`);
    let newest = generation;
    const writes = new ByHand<number, Write>();
    const clock = new SimulatedClock();
    const { child, reports } = startUnderParent<StoreReport, typeof storeMachine>(
      storeMachine.provide({ actors: { disk: diskLogic(writes.ask) } }),
      { generation, acknowledged: snapshot(0), now: () => clock.now() },
      { clock, inspect },
    );
    return {
      writes,
      /** Ends the write in flight well. */
      written: () => writes.last.resolve(++newest),
      clock,
      reports,
      snapshot,
      save: (revision: number) => {
        child.send({ type: 'SAVE', save: { revision, snapshot: snapshot(revision) } });
      },
      state: () => child.getSnapshot().value,
      /** The report that a revision is on disk. */
      stored: (revision: number, generation: number): StoreReport => ({
        type: 'STORED',
        revision,
        snapshot: snapshot(revision),
        generation,
      }),
    };
  }

  it('is clean and writes nothing until something is to be saved', async () => {
    const store = startStore();
    store.clock.increment(3_600_000);
    await quiet();
    expect(store.state()).to.equal('clean');
    expect(store.writes.calls).to.deep.equal([]);
  });

  it('writes what is to be saved at once, and says what stays if it cannot', () => {
    const store = startStore(7);
    store.save(1);
    expect(store.state()).to.deep.equal({ writing: 'alone' });
    expect(store.writes.calls).to.have.length(1);
    expect(store.writes.last.input).to.deep.equal({
      next: store.snapshot(1),
      acknowledged: store.snapshot(0),
    });
    expect(store.reports).to.deep.equal([]);
  });

  it('reports a write that succeeded, once, and is clean again', async () => {
    const store = startStore(7);
    store.save(1);
    await store.written();
    expect(store.reports).to.deep.equal([store.stored(1, 8)]);
    expect(store.state()).to.equal('clean');
  });

  it('reports the generation that each write has on disk', async () => {
    const store = startStore(0);
    for (const revision of [1, 2, 3]) {
      store.save(revision);
      await store.written();
    }
    expect(store.reports).to.deep.equal([1, 2, 3].map((n) => store.stored(n, n)));
  });

  describe('while a write is in flight', () => {
    it('gathers what comes, and starts no second one', () => {
      const store = startStore();
      for (const revision of [1, 2, 3, 4]) store.save(revision);
      expect(store.state()).to.deep.equal({ writing: 'withMoreWaiting' });
      expect(store.writes.calls).to.have.length(1);
      expect(store.writes.last.input.next).to.equal(store.snapshot(1));
    });

    it('writes only the newest of what came, once', async () => {
      const store = startStore(7);
      for (const revision of [1, 2, 3, 4]) store.save(revision);
      await store.written();
      expect(store.reports).to.deep.equal([store.stored(1, 8)]);
      expect(store.state()).to.deep.equal({ writing: 'alone' });
      expect(store.writes.calls).to.have.length(2);
      expect(store.writes.last.input).to.deep.equal({
        next: store.snapshot(4),
        acknowledged: store.snapshot(1),
      });
      await store.written();
      expect(store.reports).to.deep.equal([store.stored(1, 8), store.stored(4, 9)]);
      expect(store.state()).to.equal('clean');
      expect(store.writes.calls).to.have.length(2);
    });

    it('begins the next one before it reports the one that ended', async () => {
      const store = startStore();
      const writesAtReports: number[] = [];
      const { push } = store.reports;
      store.reports.push = (...reports) => {
        writesAtReports.push(store.writes.calls.length);
        return push.apply(store.reports, reports);
      };
      store.save(1);
      store.save(2);
      await store.written();
      await store.written();
      expect(writesAtReports).to.deep.equal([2, 2]);
    });

    it('goes on so as long as more comes', async () => {
      const store = startStore(0);
      store.save(1);
      for (const revision of [2, 3, 4, 5]) {
        store.save(revision);
        await store.written();
      }
      expect(store.reports).to.deep.equal([1, 2, 3, 4].map((n) => store.stored(n, n)));
      expect(store.state()).to.deep.equal({ writing: 'alone' });
    });
  });

  describe('when a write fails', () => {
    it('says why, and tries the same again', async () => {
      const store = startStore(7);
      store.save(1);
      await store.writes.last.reject(new Error('ENOSPC: no space left on device'));
      const reason = 'ENOSPC: no space left on device';
      const failed = { type: 'STORE_FAILED', problem: { reason, atMs: 0 } };
      expect(store.reports).to.deep.equal([failed]);
      expect(store.state()).to.equal('failed');
      store.clock.increment(249);
      expect(store.writes.calls).to.have.length(1);
      store.clock.increment(1);
      expect(store.state()).to.deep.equal({ writing: 'alone' });
      expect(store.writes.last.input).to.deep.equal({
        next: store.snapshot(1),
        acknowledged: store.snapshot(0),
      });
      await store.written();
      expect(store.reports).to.deep.equal([failed, store.stored(1, 8)]);
      expect(store.state()).to.equal('clean');
    });

    it('waits twice as long after each failure, 10 s at most', async () => {
      const store = startStore();
      store.save(1);
      const pauses: number[] = [];
      for (let failure = 1; failure <= 9; failure++) {
        await store.writes.last.reject(new Error('EIO'));
        expect(store.reports).to.have.length(failure);
        let pauseMs = 0;
        for (; store.writes.calls.length === failure; pauseMs += 10) store.clock.increment(10);
        pauses.push(pauseMs);
      }
      expect(pauses).to.deep.equal([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    });

    it('begins with the short pause again after a success', async () => {
      const store = startStore();
      store.save(1);
      await store.writes.last.reject(new Error('EIO'));
      store.clock.increment(250);
      await store.writes.last.reject(new Error('EIO'));
      store.clock.increment(500);
      await store.written();
      store.save(2);
      await store.writes.last.reject(new Error('EIO'));
      store.clock.increment(250);
      expect(store.writes.calls).to.have.length(5);
    });

    it('writes what came since when it tries again, and does not hurry for it', async () => {
      const store = startStore(7);
      store.save(1);
      await store.writes.last.reject(new Error('EIO'));
      store.save(2);
      store.save(3);
      expect(store.state()).to.equal('failed');
      expect(store.writes.calls).to.have.length(1);
      store.clock.increment(250);
      expect(store.writes.last.input.next).to.equal(store.snapshot(3));
      await store.written();
      expect(store.reports.slice(1)).to.deep.equal([store.stored(3, 8)]);
      expect(store.state()).to.equal('clean');
    });

    it('writes what had gathered behind the write that failed', async () => {
      const store = startStore(7);
      store.save(1);
      store.save(2);
      await store.writes.last.reject(new Error('EIO'));
      store.clock.increment(250);
      expect(store.writes.last.input.next).to.equal(store.snapshot(2));
    });

    it('goes on with the newest when a retry fails in turn', async () => {
      const store = startStore(7);
      store.save(1);
      await store.writes.last.reject(new Error('EIO'));
      store.save(2);
      store.clock.increment(250);
      store.save(3);
      await store.writes.last.reject(new Error('EIO'));
      store.clock.increment(500);
      expect(store.writes.last.input.next).to.equal(store.snapshot(3));
      expect(store.writes.calls).to.have.length(3);
    });
  });

  describe('when a write does not end', () => {
    it('gives it up after 10 s, says so, and tries again', async () => {
      const store = startStore();
      store.save(1);
      store.clock.increment(9_999);
      expect(store.reports).to.deep.equal([]);
      const first = store.writes.last;
      store.clock.increment(1);
      expect(store.state()).to.equal('failed');
      expect(first.signal.aborted).to.equal(true);
      const reason = 'the disk did not answer within 10 s';
      expect(store.reports).to.deep.equal([
        { type: 'STORE_FAILED', problem: { reason, atMs: 10_000 } },
      ]);
      store.clock.increment(250);
      expect(store.writes.calls).to.have.length(2);
    });

    it('pays no attention to it when it ends after all', async () => {
      const store = startStore();
      store.save(1);
      const first = store.writes.last;
      store.clock.increment(10_000);
      await first.resolve(8);
      expect(store.state()).to.equal('failed');
      store.clock.increment(250);
      expect(store.writes.last.input.acknowledged).to.equal(store.snapshot(0));
    });
  });
});
