/** How the scanner reads the whole machine: at first, on its schedule, and after failures. */

import { expect } from 'chai';
import { quiet } from './by-hand.js';
import { useFrozenContexts } from './frozen.js';
import { RESCAN_INTERVAL_MS, startScanner, sysfsFault } from './scanner-bench.js';
import { machineOf, smallPages } from './sketches.js';

const facts = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8)] }, 1: '4-7' });
/** Equal, and another object, as every scan makes one. */
const sameFacts = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8)] }, 1: '4-7' });
const otherFacts = machineOf({ 0: '0-3' });

const HANG = { path: '/sys', reason: 'reading took too long and was given up' };

describe('the scanner machine', () => {
  const inspect = useFrozenContexts();

  it('scans at once when it starts, and reports the facts', async () => {
    const scanner = startScanner(inspect);
    expect(scanner.state()).to.deep.equal({ schedule: 'scanning', demand: 'quiet' });
    expect(scanner.scans.calls).to.have.length(1);
    await scanner.scanned(facts, 1_234);
    expect(scanner.news()).to.deep.equal([{ type: 'FACTS', facts }]);
    expect(scanner.state()).to.deep.equal({ schedule: 'idle', demand: 'quiet' });
    expect(scanner.context().scannedAtMs).to.equal(1_234);
  });

  it('scans again when the interval is over, counted from the end of a scan', async () => {
    const scanner = startScanner(inspect);
    for (const count of [1, 2, 3]) {
      expect(scanner.scans.calls).to.have.length(count);
      scanner.clock.increment(5_000);
      await scanner.scanned(facts);
      scanner.clock.increment(RESCAN_INTERVAL_MS - 1);
      expect(scanner.state()).to.deep.include({ schedule: 'idle' });
      scanner.clock.increment(1);
      expect(scanner.state()).to.deep.include({ schedule: 'scanning' });
    }
  });

  it('keeps the reference of facts that did not change', async () => {
    const scanner = startScanner(inspect);
    await scanner.scanned(facts);
    scanner.clock.increment(RESCAN_INTERVAL_MS);
    await scanner.scanned(sameFacts, 99);
    expect(scanner.context()).to.include({ facts, scannedAtMs: 99 });
    expect(scanner.news().map((report) => 'facts' in report && report.facts)).to.satisfy(
      (all: unknown[]) => all.length === 2 && all.every((known) => known === facts),
    );
    scanner.clock.increment(RESCAN_INTERVAL_MS);
    await scanner.scanned(otherFacts);
    expect(scanner.context().facts).to.equal(otherFacts);
  });

  it('pauses a little less than the interval, by chance, and never more', async () => {
    const chances = [0, 0.5, 0.999, 0];
    const scanner = startScanner(inspect, () => chances.shift() ?? 0);
    for (const pauseMs of [60_000, 57_000, 54_006]) {
      await scanner.scanned(facts);
      scanner.clock.increment(pauseMs - 1);
      expect(scanner.state()).to.deep.include({ schedule: 'idle' });
      scanner.clock.increment(1);
      expect(scanner.state()).to.deep.include({ schedule: 'scanning' });
    }
  });

  describe('when something is announced', () => {
    const schedule = (scanner: ReturnType<typeof startScanner>, name: string) =>
      expect(scanner.state()).to.deep.include({ schedule: name });

    it('scans once it has settled, and goes on by its schedule', async () => {
      const scanner = startScanner(inspect);
      await scanner.scanned(facts);
      for (let count = 0; count < 3; count++) scanner.child.send({ type: 'RESCAN' });
      schedule(scanner, 'settling');
      scanner.clock.increment(199);
      scanner.child.send({ type: 'RESCAN' });
      schedule(scanner, 'settling');
      scanner.clock.increment(1);
      expect(scanner.scans.calls).to.have.length(2);
      await scanner.scanned(facts);
      schedule(scanner, 'idle');
      scanner.clock.increment(RESCAN_INTERVAL_MS - 1);
      schedule(scanner, 'idle');
    });

    it('scans again after a scan that had begun before', async () => {
      const scanner = startScanner(inspect);
      scanner.child.send({ type: 'RESCAN' });
      await scanner.scanned(facts);
      schedule(scanner, 'settling');
      scanner.clock.increment(200);
      await scanner.scanned(otherFacts);
      schedule(scanner, 'idle');
      expect(scanner.scans.calls).to.have.length(2);
    });

    it('does not wait until it has settled when somebody wants facts', async () => {
      const scanner = startScanner(inspect);
      await scanner.scanned(facts);
      scanner.child.send({ type: 'RESCAN' });
      scanner.freshen();
      await scanner.looked(otherFacts);
      expect(scanner.scans.calls).to.have.length(2);
    });

    it('waits as after any failure when scans fail', async () => {
      const scanner = startScanner(inspect);
      await scanner.scans.last.reject(sysfsFault('/sys/x', 'torn'));
      scanner.child.send({ type: 'RESCAN' });
      schedule(scanner, 'failing');
      scanner.clock.increment(500);
      await scanner.scanned(facts);
      schedule(scanner, 'idle');
    });
  });

  it('pauses by a new interval at once, whatever the old one was', async () => {
    const scanner = startScanner(inspect);
    scanner.child.send({ type: 'SET_INTERVAL', rescanIntervalMs: 1_000 });
    await scanner.scanned(facts);
    scanner.clock.increment(999);
    expect(scanner.scans.calls).to.have.length(1);
    scanner.clock.increment(1);
    expect(scanner.scans.calls).to.have.length(2);
    await scanner.scanned(facts);
    scanner.child.send({ type: 'SET_INTERVAL', rescanIntervalMs: 86_400_000 });
    scanner.clock.increment(3_600_000);
    expect(scanner.scans.calls).to.have.length(2);
    scanner.child.send({ type: 'SET_INTERVAL', rescanIntervalMs: 5_000 });
    scanner.clock.increment(4_999);
    expect(scanner.scans.calls).to.have.length(2);
    scanner.clock.increment(1);
    expect(scanner.scans.calls).to.have.length(3);
  });

  describe('when a scan fails', () => {
    const fault = sysfsFault('/sys/devices/system/cpu/online', '"x" is no CPU list');
    const problem = { path: '/sys/devices/system/cpu/online', reason: '"x" is no CPU list' };

    it('reports the path and the reason, and keeps the old facts', async () => {
      const scanner = startScanner(inspect);
      await scanner.scanned(facts, 1);
      scanner.clock.increment(RESCAN_INTERVAL_MS);
      scanner.news();
      await scanner.scans.last.reject(fault);
      expect(scanner.news()).to.deep.equal([{ type: 'SCAN_FAILED', problem }]);
      expect(scanner.state()).to.deep.include({ schedule: 'failing' });
      expect(scanner.context()).to.include({ facts, scannedAtMs: 1, failureCount: 1 });
    });

    it('names the root where an error names no path', async () => {
      const scanner = startScanner(inspect);
      await scanner.scans.last.reject(new Error('the worker died'));
      expect(scanner.news()).to.deep.equal([
        { type: 'SCAN_FAILED', problem: { path: '/sys', reason: 'the worker died' } },
      ]);
    });

    it('tries again after half a second, then twice as long each time, 30 s at most', async () => {
      const scanner = startScanner(inspect);
      const pauses: number[] = [];
      for (let failure = 1; failure <= 8; failure++) {
        await scanner.scans.last.reject(fault);
        let pauseMs = 0;
        for (; scanner.scans.calls.length === failure; pauseMs += 100) scanner.clock.increment(100);
        pauses.push(pauseMs);
      }
      expect(pauses).to.deep.equal([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    });

    it('returns to its schedule with the first success', async () => {
      const scanner = startScanner(inspect);
      await scanner.scans.last.reject(fault);
      scanner.clock.increment(500);
      await scanner.scanned(facts);
      expect(scanner.state()).to.deep.include({ schedule: 'idle' });
      expect(scanner.context()).to.include({ problem: null, failureCount: 0 });
      expect(scanner.news().at(-1)).to.deep.equal({ type: 'FACTS', facts });
      scanner.clock.increment(RESCAN_INTERVAL_MS - 1);
      expect(scanner.scans.calls).to.have.length(2);
    });
  });

  describe('when a scan hangs', () => {
    it('gives it up after 10 s, and says so', async () => {
      const scanner = startScanner(inspect);
      scanner.clock.increment(9_999);
      expect(scanner.scans.last.signal.aborted).to.equal(false);
      scanner.clock.increment(1);
      expect(scanner.scans.last.signal.aborted).to.equal(true);
      expect(scanner.state()).to.deep.include({ schedule: 'overdue' });
      expect(scanner.news()).to.deep.equal([{ type: 'SCAN_FAILED', problem: HANG }]);
      await quiet();
      expect(scanner.news()).to.deep.equal([]);
    });

    it('ignores what it finds after all', async () => {
      const scanner = startScanner(inspect);
      scanner.clock.increment(10_000);
      scanner.news();
      await scanner.scanned(facts);
      expect(scanner.news()).to.deep.equal([]);
      expect(scanner.context().facts).to.equal(null);
    });

    it('tries again as after a failure', async () => {
      const scanner = startScanner(inspect);
      scanner.clock.increment(10_000);
      scanner.clock.increment(499);
      expect(scanner.scans.calls).to.have.length(1);
      scanner.clock.increment(1);
      expect(scanner.scans.calls).to.have.length(2);
      await scanner.scanned(facts);
      expect(scanner.state()).to.deep.include({ schedule: 'idle' });
    });
  });
});
