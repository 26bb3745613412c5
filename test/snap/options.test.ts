/** The options of the snap, without a snap: what they accept is what the daemon starts with. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { readConfig } from '../../src/config/config.js';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { Holdings } from '../../src/core/holdings.js';
import { faultOfPool } from '../../src/snap/cpu-pool.js';
import { OptionError, readOptions, SNAP_OPTIONS } from '../../src/snap/options.js';

const PLACES = { socketPath: '/run/x.sock', stateDirectory: '/state' };

const values = fc.oneof(
  fc.constantFrom(
    '',
    'isolated',
    '2-7,10',
    '3',
    '5s',
    '100ms',
    '99ms',
    '24h',
    '660',
    '0666',
    '777',
  ),
  fc.constantFrom('info', 'silent', '/tmp/audit.log', 'audit.log', '-1', '1.5', 'null', ' 4 '),
  fc.integer({ min: -2, max: 200 }),
  fc.constantFrom(0.5, 660, 666, 1e21, null, true, [], {}),
  fc.string({ maxLength: 8 }),
);
const documents = fc.dictionary(fc.constantFrom(...Object.keys(SNAP_OPTIONS), 'unknown'), values);

describe('the options of the snap', () => {
  it('are accepted only when the daemon can start with them', () => {
    let acceptedCount = 0;
    fc.assert(
      fc.property(documents, (document) => {
        let chosen: ReturnType<typeof readOptions>;
        try {
          chosen = readOptions(document);
        } catch (error) {
          expect(error).to.be.instanceOf(OptionError);
          expect((error as Error).message).to.match(/^cannot set [a-z-]+( to ".*")?: [^\n]+$/);
          return;
        }
        acceptedCount++;
        readConfig({ ...PLACES, ...chosen }, {}, undefined);
      }),
      { numRuns: 1_000 },
    );
    expect(acceptedCount).to.be.above(50);
  });

  it('are all told of in docs/snap.md', () => {
    const text = readFileSync(new URL('../../docs/snap.md', import.meta.url), 'utf8');
    const options = /## Options(.*?)## Hooks/s.exec(text)?.[1] ?? '';
    const rows = [...options.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
    expect(rows).to.deep.equal(Object.keys(SNAP_OPTIONS));
  });

  it('are those of the defaults where nothing is set', () => {
    const config = readConfig({ ...PLACES, ...readOptions({}) }, {}, undefined);
    expect(config).to.deep.equal(readConfig(PLACES, {}, undefined));
  });
});

describe('a general pool', () => {
  const claim = (pool: 'general' | 'isolated', cpus: string) => ({
    pool,
    policy: 'legacy' as const,
    cpus: parseCpuList(cpus),
    explicitCpus: parseCpuList(''),
  });
  const holdings = Holdings.none.withClaims([
    { serviceName: 'nova', claim: claim('general', '4-5') },
    { serviceName: 'dpdk', claim: claim('isolated', '8-9') },
  ]);
  const ground = {
    presentCpus: parseCpuList('0-11'),
    isolatedCpus: parseCpuList('8-11'),
    holdings,
  };

  for (const [list, fault] of [
    ['4-5', null],
    ['0-7', null],
    ['4-5,12', 'CPU 12 does not exist'],
    ['4-8', 'CPU 8 is isolated'],
    ['4', 'it leaves out CPU 5, which nova holds'],
    [null, 'it leaves out CPUs 4-5, which nova holds'],
  ] as const) {
    it(`of ${list ?? 'no CPUs'} ${fault === null ? 'fits' : `does not fit: ${fault}`}`, () => {
      const found = faultOfPool(list === null ? null : parseCpuList(list), ground);
      if (fault === null) expect(found).to.equal(null);
      else expect(found).to.match(new RegExp(`^${fault}`));
    });
  }
});
