/** How the scanner answers when requests wait for fresh facts. */

import { expect } from 'chai';
import type { ScannerReport } from '../../actors/scanner.js';
import { NO_DEVICES } from '../../src/core/view.js';
import { useFrozenContexts } from './frozen.js';
import { RESCAN_INTERVAL_MS, startScanner, sysfsFault } from './scanner-bench.js';
import { machineOf, smallPages } from './sketches.js';

const facts = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8)] }, 1: '4-7' });

const FAULT = sysfsFault('/sys/devices/system/node/online', 'EIO');
const PROBLEM = { path: '/sys/devices/system/node/online', reason: 'EIO' };
const HANG = { path: '/sys', reason: 'reading took too long and was given up' };

describe('the scanner machine, asked for fresh facts', () => {
  const inspect = useFrozenContexts();

  async function scannerThatKnows(known = facts) {
    const scanner = startScanner(inspect);
    await scanner.scanned(known);
    scanner.news();
    return scanner;
  }

  /** The facts of a `FRESH` without a problem that is the only news. */
  function factsIn(news: ScannerReport[]) {
    expect(news.map(({ type }) => type)).to.deep.equal(['FRESH']);
    expect(news[0]).to.include({ problem: null });
    return news[0]?.type === 'FRESH' ? news[0].facts : null;
  }

  it('gives the same reference when nothing changed, after one look and no scan', async () => {
    const scanner = await scannerThatKnows();
    scanner.freshen();
    expect(scanner.state()).to.deep.equal({ schedule: 'idle', demand: { refreshing: 'looking' } });
    expect(scanner.news()).to.deep.equal([]);
    await scanner.looked(facts);
    expect(factsIn(scanner.news())).to.equal(facts);
    expect(scanner.state()).to.deep.equal({ schedule: 'idle', demand: 'quiet' });
    expect([scanner.looks.calls.length, scanner.scans.calls.length]).to.deep.equal([1, 1]);
  });

  it('looks anew each time', async () => {
    const scanner = await scannerThatKnows();
    for (const count of [1, 2, 3]) {
      scanner.freshen();
      expect(scanner.looks.calls).to.have.length(count);
      await scanner.looked(facts);
      expect(factsIn(scanner.news())).to.equal(facts);
    }
  });

  it('reads the page counters that are wanted', async () => {
    const scanner = await scannerThatKnows();
    for (const pagesOf of ['none', 'all', [1], [0, 1]] as const) {
      scanner.freshen({ pagesOf });
      expect(scanner.looks.last.input).to.deep.equal({ pagesOf, devices: [] });
      await scanner.looked(facts);
    }
  });

  it('looks at the devices that are wanted, and tells where they are', async () => {
    const scanner = await scannerThatKnows();
    scanner.freshen({ devices: ['0000:3b:00.0'] });
    expect(scanner.looks.last.input.devices).to.deep.equal(['0000:3b:00.0']);
    await scanner.looked(facts);
    const devices = new Map([['0000:3b:00.0', { nodeId: 1 }]]);
    expect(scanner.news()).to.deep.equal([{ type: 'FRESH', facts, devices, problem: null }]);
    scanner.freshen();
    await scanner.looked(facts);
    expect(scanner.news()).to.deep.include({
      type: 'FRESH',
      facts,
      devices: NO_DEVICES,
      problem: null,
    });
  });

  it('gives page counters as they are now, without a scan', async () => {
    const scanner = await scannerThatKnows();
    const now = machineOf({ 0: { cpus: '0-3', pages: [smallPages(8, 2)] }, 1: '4-7' });
    scanner.freshen({ pagesOf: [0] });
    await scanner.looked(now);
    const fresh = factsIn(scanner.news());
    expect(fresh).to.deep.equal(now);
    expect(scanner.context().facts).to.equal(fresh);
    expect(scanner.scans.calls).to.have.length(1);
  });

  const changes = {
    'a CPU went offline': machineOf({ 0: '0-3', 1: '4-7' }, { online: '0-6', isolated: '0-7' }),
    'the isolated CPUs are others': machineOf({ 0: '0-3', 1: '4-7' }, { isolated: '2-7' }),
    'a node came': machineOf({ 0: '0-3', 1: '4-7', 8: '' }),
    'a node went': machineOf({ 0: '0-3' }, { online: '0-7' }),
    'one node came for another': machineOf({ 0: '0-3', 2: '4-7' }),
  };
  for (const [what, changed] of Object.entries(changes)) {
    it(`scans the machine when ${what}, then looks once more`, async () => {
      const scanner = await scannerThatKnows(machineOf({ 0: '0-3', 1: '4-7' }));
      scanner.freshen({ pagesOf: 'all' });
      await scanner.looked(changed);
      expect(scanner.state()).to.deep.equal({
        schedule: 'scanning',
        demand: { refreshing: 'awaitingScan' },
      });
      expect(scanner.news()).to.deep.equal([]);
      await scanner.scanned(changed);
      expect(scanner.news()).to.deep.equal([{ type: 'FACTS', facts: changed }]);
      expect(scanner.looks.calls).to.have.length(2);
      expect(scanner.looks.last.input.pagesOf).to.equal('all');
      await scanner.looked(changed);
      expect(factsIn(scanner.news())).to.equal(changed);
      expect(scanner.state()).to.deep.equal({ schedule: 'idle', demand: 'quiet' });
    });
  }

  it('scans again when the machine changed during the scan', async () => {
    const scanner = await scannerThatKnows();
    const [first, second] = [machineOf({ 0: '0-2' }), machineOf({ 0: '0-1' })];
    scanner.freshen();
    await scanner.looked(first);
    await scanner.scanned(first);
    await scanner.looked(second);
    expect(scanner.scans.calls).to.have.length(3);
    await scanner.scanned(second);
    await scanner.looked(second);
    const reports = scanner.news();
    expect(reports.map(({ type }) => type)).to.deep.equal(['FACTS', 'FACTS', 'FRESH']);
    expect(reports[2]).to.include({ facts: second, problem: null });
  });

  it('gives up on a machine that changes all the time, within one time limit', async () => {
    const scanner = await scannerThatKnows();
    const [seen, scanned] = [machineOf({ 0: '0-2' }), machineOf({ 0: '0-1' })];
    scanner.freshen();
    for (let round = 0; round < 2; round++) {
      await scanner.looked(seen);
      scanner.clock.increment(1_000);
      await scanner.scanned(scanned);
    }
    scanner.clock.increment(1_000);
    const fresh = scanner.news().at(-1);
    expect(fresh).to.deep.include({ type: 'FRESH', facts: scanned });
    expect(fresh).to.have.nested.property('problem.path', '/sys');
    expect(scanner.state()).to.deep.include({ demand: 'quiet' });
  });

  it('waits for the scan under way when it knows nothing yet', async () => {
    const scanner = startScanner(inspect);
    scanner.freshen();
    await scanner.looked(facts);
    expect(scanner.state()).to.deep.equal({
      schedule: 'scanning',
      demand: { refreshing: 'awaitingScan' },
    });
    expect(scanner.scans.calls).to.have.length(1);
    await scanner.scanned(facts);
    await scanner.looked(facts);
    expect(scanner.news()).to.deep.equal([
      { type: 'FACTS', facts },
      { type: 'FRESH', facts, devices: NO_DEVICES, problem: null },
    ]);
  });

  it('names the path when a look fails, and gives the last facts with it', async () => {
    const scanner = await scannerThatKnows();
    scanner.freshen();
    await scanner.looks.last.reject(FAULT);
    expect(scanner.news()).to.deep.equal([
      { type: 'FRESH', facts, devices: NO_DEVICES, problem: PROBLEM },
    ]);
    expect(scanner.state()).to.deep.equal({ schedule: 'idle', demand: 'quiet' });
    scanner.freshen();
    await scanner.looked(facts);
    expect(factsIn(scanner.news())).to.equal(facts);
  });

  it('says that there are no facts when it never had any', async () => {
    const scanner = startScanner(inspect);
    scanner.freshen();
    await scanner.looks.last.reject(FAULT);
    expect(scanner.news()).to.deep.equal([
      { type: 'FRESH', facts: null, devices: NO_DEVICES, problem: PROBLEM },
    ]);
  });

  it('gives a look up after 3 s', async () => {
    const scanner = await scannerThatKnows();
    scanner.freshen();
    scanner.clock.increment(2_999);
    expect(scanner.looks.last.signal.aborted).to.equal(false);
    scanner.clock.increment(1);
    expect(scanner.looks.last.signal.aborted).to.equal(true);
    expect(scanner.news()).to.deep.equal([
      { type: 'FRESH', facts, devices: NO_DEVICES, problem: HANG },
    ]);
    await scanner.looked(machineOf({ 0: '0' }));
    expect(scanner.news()).to.deep.equal([]);
    expect(scanner.context().facts).to.equal(facts);
  });

  it('names the path when the scan that is needed fails', async () => {
    const scanner = await scannerThatKnows();
    scanner.freshen();
    await scanner.looked(machineOf({ 0: '0' }));
    await scanner.scans.last.reject(FAULT);
    expect(scanner.news()).to.deep.equal([
      { type: 'SCAN_FAILED', problem: PROBLEM },
      { type: 'FRESH', facts, devices: NO_DEVICES, problem: PROBLEM },
    ]);
    expect(scanner.state()).to.deep.equal({ schedule: 'failing', demand: 'quiet' });
  });

  it('lets nobody wait longer than 3 s for the scan that is needed', async () => {
    const scanner = await scannerThatKnows();
    scanner.freshen();
    await scanner.looked(machineOf({ 0: '0' }));
    scanner.clock.increment(2_999);
    expect(scanner.news()).to.deep.equal([]);
    scanner.clock.increment(1);
    expect(scanner.news()).to.deep.equal([
      { type: 'FRESH', facts, devices: NO_DEVICES, problem: HANG },
    ]);
    expect(scanner.state()).to.deep.equal({ schedule: 'scanning', demand: 'quiet' });
    expect(scanner.scans.last.signal.aborted).to.equal(false);
    await scanner.scanned(machineOf({ 0: '0' }));
    expect(scanner.news()).to.deep.equal([{ type: 'FACTS', facts: machineOf({ 0: '0' }) }]);
  });

  describe('while the last scan failed', () => {
    async function scannerThatFails() {
      const scanner = await scannerThatKnows();
      scanner.clock.increment(RESCAN_INTERVAL_MS);
      await scanner.scans.last.reject(FAULT);
      scanner.news();
      return scanner;
    }

    it('scans even if a look finds nothing changed, and does not wait for the pause', async () => {
      const scanner = await scannerThatFails();
      scanner.freshen();
      await scanner.looked(facts);
      expect(scanner.state()).to.deep.equal({
        schedule: 'scanning',
        demand: { refreshing: 'awaitingScan' },
      });
      expect(scanner.scans.calls).to.have.length(3);
      await scanner.scanned(facts);
      await scanner.looked(facts);
      expect(scanner.news()).to.deep.equal([
        { type: 'FACTS', facts },
        { type: 'FRESH', facts, devices: NO_DEVICES, problem: null },
      ]);
      expect(scanner.state()).to.deep.equal({ schedule: 'idle', demand: 'quiet' });
    });

    it('names the path while the scan fails again', async () => {
      const scanner = await scannerThatFails();
      scanner.freshen();
      await scanner.looked(facts);
      await scanner.scans.last.reject(FAULT);
      expect(scanner.news().at(-1)).to.deep.equal({
        type: 'FRESH',
        facts,
        devices: NO_DEVICES,
        problem: PROBLEM,
      });
    });

    it('names the path of the last failure when the scan takes too long', async () => {
      const scanner = await scannerThatFails();
      scanner.freshen();
      await scanner.looked(facts);
      scanner.clock.increment(3_000);
      expect(scanner.news()).to.deep.equal([
        { type: 'FRESH', facts, devices: NO_DEVICES, problem: PROBLEM },
      ]);
    });

    it('scans at once after a scan that hung, too', async () => {
      const scanner = await scannerThatKnows();
      scanner.clock.increment(RESCAN_INTERVAL_MS);
      scanner.clock.increment(10_000);
      expect(scanner.state()).to.deep.include({ schedule: 'overdue' });
      scanner.freshen();
      await scanner.looked(facts);
      expect(scanner.state()).to.deep.equal({
        schedule: 'scanning',
        demand: { refreshing: 'awaitingScan' },
      });
    });
  });
});
