/**
 * Damage to the files of a real state, made by a real daemon at the request of clients. One copy
 * damaged: exactly what was stored is served, and it is said which file was healed and why. Both
 * damaged: the start is refused, and both are left as they are. Never other claims than the true
 * ones.
 *
 * Done how: every position and every bit of both copies at once goes through a start of the whole
 * daemon, in this process; so does everything else, but for one thing. Every position and every
 * bit of one copy alone goes through the opening of the state directory, which chooses what the
 * daemon serves, and through the write with which the daemon heals: real files, the real lock, a
 * real disk. Of those, one in TRUNCATIONS_STRIDE positions and one in FLIPS_STRIDE bits go through
 * a start of the whole daemon too, with its socket asked; one start takes a third of a second.
 */

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { formatState, parseState } from '../../src/state/state-format.js';
import { ProcessHost } from '../process/process-host.js';
import { DamagedHost, tally } from './damaged-host.js';
import { byOpening, byStart, every, flips, ofBoth, ofOne, truncations, tryAll } from './damages.js';
import { EVERYTHING, type KnownState, LITTLE, shownBy, storeByAsking } from './known-state.js';

const TRUNCATIONS_STRIDE = 29;
const FLIPS_STRIDE = 79;

/** What an older release left, of other claims than the known state's. */
const OLDER = `${JSON.stringify({
  version: 1,
  updated_at: '2024-01-01T00:00:00Z',
  allocations_db: {
    allocations: { nova: '1-3,17-19', dpdk: '9-10' },
    explicit_allocations: { dpdk: '9' },
    preemption_policies: { nova: 'legacy', dpdk: 'non-preemptive' },
    allocation_pools: { nova: 'isolated', dpdk: 'isolated' },
  },
  hugepages_db: { allocations: { dpdk: [{ node_id: 1, size_kb: 2048, count: 12 }] } },
})}\n`;

describe('the files of a state', () => {
  let everything: KnownState;
  let little: KnownState;

  before(async () => {
    [everything, little] = await Promise.all([storeByAsking(EVERYTHING), storeByAsking(LITTLE)]);
  });

  after(() => {
    const counts = Object.entries(tally).map(
      ([name, count]) =>
        `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}: ${count}`,
    );
    process.stdout.write(`      ${counts.join(', ')}\n`);
  });

  describe('a state of which one copy is damaged', () => {
    it('is healed wherever that one is truncated', async () => {
      const damages = ofOne(truncations(everything.bytes));
      tally.truncatedPositions += damages.length;
      await tryAll(everything, damages, byOpening);
    });

    it('is healed whichever of its bits is altered', async () => {
      const damages = ofOne(flips(little.bytes));
      tally.flippedBits += damages.length;
      await tryAll(little, damages, byOpening);
    });

    it('is healed by the daemon, which serves what was stored', async () => {
      const truncated = every(TRUNCATIONS_STRIDE, truncations(everything.bytes));
      await tryAll(everything, ofOne(truncated), byStart, 'one each');
      await tryAll(little, ofOne(every(FLIPS_STRIDE, flips(little.bytes))), byStart, 'one each');
    });

    for (const [what, content, reason] of [
      ['zeroed', ({ bytes }) => Buffer.alloc(bytes.length), 'JSON'],
      ['empty', () => Buffer.of(), 'empty'],
      ['deleted', () => null, 'missing'],
      ['older than the other', ({ earlierBytes }) => earlierBytes, 'generation'],
    ] as readonly [string, (known: KnownState) => Buffer | null, string][]) {
      for (const copy of ['first', 'twin'] as const) {
        it(`is healed when the ${copy} copy is ${what}, and the reason is named`, async () => {
          await using host = new DamagedHost(everything);
          host.put({ [copy]: content(everything) });
          expect(await host.expectServed(copy)).to.contain(reason);
        });
      }
    }

    for (const copy of ['first', 'twin'] as const) {
      it(`is served, and not changed, while a directory is where the ${copy} copy was`, async () => {
        await using host = new DamagedHost(everything);
        host.put({ [copy]: null });
        mkdirSync(host.paths[copy]);
        await host.start();
        const { healed, problem } = await host.storeSettled();
        expect(await shownBy(host)).to.deep.equal(everything.shown);
        expect(healed).to.have.length(1);
        expect(healed[0]).to.have.property('file', host.paths[copy]);
        expect(problem.reason).to.contain('EISDIR');
        const change = { action: 'allocate_cores', service_name: 'more', num_of_cores: 1 };
        expect(await host.ask(change)).to.have.property('code', 'READ_ONLY');
        rmdirSync(host.paths[copy]);
        while ((await host.storeSettled())['problem'] !== null);
        expect(await host.ask({ ...change, num_of_cores: -1 })).not.to.have.property('code');
        await host.stop();
        host.expectWhole();
      });
    }
  });

  describe('a state of which both copies are damaged', () => {
    it('is refused wherever they are truncated, and left as it is', async () => {
      const damages = ofBoth(truncations(everything.bytes));
      tally.truncatedPositions += damages.length;
      await tryAll(everything, damages, byStart);
    });

    it('is refused whichever bit of both is altered, and left as it is', async () => {
      const damages = ofBoth(flips(little.bytes));
      tally.flippedBits += damages.length;
      await tryAll(little, damages, byStart);
    });

    it('is refused when they contradict each other', async () => {
      await using host = new DamagedHost(everything);
      const { generation } = everything;
      const other = parseState(everything.earlierBytes.toString());
      host.put({ twin: Buffer.from(formatState({ ...other, generation }, new Date())) });
      expect(await host.expectRefused())
        .to.contain(host.paths.first)
        .and.contain(host.paths.twin)
        .and.contain(`${generation}`);
    });

    it('is refused when directories are in their place', async () => {
      await using host = new DamagedHost(everything);
      host.put({ first: null, twin: null });
      for (const path of Object.values(host.paths)) mkdirSync(path);
      const message = await host.expectRefused();
      for (const path of Object.values(host.paths)) expect(message).to.contain(`${path}: EISDIR`);
    });

    it('ends the program with a failure that names both files', async () => {
      await using host = new ProcessHost();
      const { length } = everything.bytes.toString().trimEnd();
      const half = everything.bytes.subarray(0, length / 2);
      for (const path of [host.statePath, host.twinPath]) writeFileSync(path, half);
      const daemon = host.launch();
      expect(await daemon.ended).to.equal(1);
      const said = host.log.map(({ msg }) => msg).join('\n');
      expect(said).to.contain(`${host.statePath}: it is not JSON`);
      expect(said).to.contain(`${host.twinPath}: it is not JSON`);
      for (const path of [host.statePath, host.twinPath]) {
        expect(readFileSync(path)).to.deep.equal(half);
      }
      expect(host.files).to.deep.equal(['state.json', 'state.twin.json']);
    });

    it('is none when both are deleted', async () => {
      await using host = new DamagedHost(everything);
      host.put({ first: null, twin: null });
      await host.start();
      expect((await shownBy(host)).allocations).to.deep.equal([]);
    });
  });

  describe('a file of the older format', () => {
    const older = Buffer.from(OLDER);
    const cut = truncations(older).filter(({ isHarm }) => isHarm);
    const claim = { pool: 'isolated', is_explicit: false };
    const shown = {
      allocations: [
        {
          ...claim,
          service_name: 'dpdk',
          preemption_policy: 'non-preemptive',
          allocated_cores: '9-10',
          cores_count: 2,
          is_explicit: true,
          explicit_cores: '9',
        },
        {
          ...claim,
          service_name: 'nova',
          preemption_policy: 'legacy',
          allocated_cores: '1-3,17-19',
          cores_count: 6,
        },
      ],
      pages: { dpdk: { '2048': 12 } },
    };

    for (const [what, first] of [
      ['whole', older],
      ['without its last newline', older.subarray(0, -1)],
    ] as const) {
      for (const [beside, twin] of [
        ['beside a newer twin', () => everything.bytes],
        ['alone', () => null],
      ] as const) {
        it(`is taken over when it is ${what} ${beside}, and it is said`, async () => {
          await using host = new DamagedHost(everything);
          host.put({ first, twin: twin() });
          await host.start();
          tally.starts++;
          const { allocations, hugepages } = await shownBy(host);
          expect({ allocations, pages: hugepages['node1'].allocations }).to.deep.equal(shown);
          expect((await host.storeSettled())['healed']).to.deep.equal([]);
          const remarks = host.log.map(({ remark }) => remark).join('\n');
          expect(remarks).to.contain('taken over from the older format');
          expect(remarks.includes('state.twin.json')).to.equal(twin() !== null);
          await host.stop();
          const copies = Object.values(host.paths).map((path) => readFileSync(path, 'utf8'));
          expect(copies[0]).to.equal(copies[1]);
          const newest = twin() === null ? 0 : everything.generation;
          expect(parseState(copies[0] ?? '').generation).to.be.above(newest);
        });
      }
    }

    it('is refused wherever it is truncated, and left as it is, without a twin', async () => {
      tally.truncatedPositions += cut.length;
      const damages = ofOne(cut).filter(({ laid }) => 'first' in laid);
      await tryAll(everything, damages, async (host, { laid }) => {
        host.put({ ...laid, twin: null });
        expect(await host.expectRefused()).to.contain(`${host.paths.first}: `);
      });
    });

    it('is refused beside a whole twin too, as soon as it can be told from one of ours', async () => {
      tally.truncatedPositions += cut.length;
      const damages = ofOne(cut).filter(({ laid }) => 'first' in laid);
      await tryAll(everything, damages, async (host, { laid }) => {
        host.put(laid);
        const isKnown = laid.first?.toString().startsWith('{"version":1');
        if (isKnown) expect(await host.expectRefused()).to.contain(`${host.paths.first}: `);
        else await host.expectOpened('first');
      });
    });
  });
});
