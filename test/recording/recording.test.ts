/** A recording: bounded, and yet every moment that is kept can be seen as it was. */

import { expect } from 'chai';
import fc from 'fast-check';
import type { RecordingLine } from '../../src/protocol/inspect-line.js';
import { Recording } from '../../src/recording/recording.js';
import { linesOf, NOTHING_SEEN, type Seen, seenAfter } from '../../src/recording/seen.js';

const stamp = { _version: '1', rootId: 'x:0' };
const session = fc.integer({ min: 0, max: 4 }).map((number) => `x:${number}`);
const time = '2026-01-02T03:04:05.678Z';
const daemon = { state: 'serving', store_problem: null, sysfs_problem: null } as const;

const inspection = fc.constant<RecordingLine>({
  type: 'inspection',
  version: '1.0',
  time,
  daemon_version: '1.2.3',
});
const snapshot = fc.record({
  status: fc.constantFrom('active', 'active', 'active', 'error', 'done', 'stopped'),
  value: fc.constantFrom('a', 'b', { c: 'd' }),
});
const createdAt = fc.nat().map(String);
const actor = fc
  .record({ sessionId: session, id: fc.string(), createdAt, snapshot })
  .map((line): RecordingLine => {
    const rest = { name: line.sessionId, parentId: null, definition: '{"id":"x"}' };
    return { type: '@xstate.actor', ...stamp, ...rest, ...line };
  });
const transitions = fc.constantFrom([], [{ from: 'x.a', to: ['x.b'], event: 'E', guard: null }]);
const became = fc
  .record({ sessionId: session, id: fc.string(), createdAt, snapshot, transitions })
  .map(({ transitions: taken, ...line }): RecordingLine => {
    const rest = taken.length === 0 ? {} : { transitions: taken };
    return { type: '@xstate.snapshot', ...stamp, event: { type: 'E' }, ...line, ...rest };
  });
const picture = fc.nat().map(
  (seq): RecordingLine => ({
    type: 'snapshot',
    seq,
    time,
    online_cpus: '0-7',
    pools: {
      isolated: { configured_cpus: '1-7', eligible_cpus: '1-7' },
      general: { configured_cpus: '', eligible_cpus: '' },
    },
    nodes: [],
    allocations: [],
    hugepages: [],
    hugepage_records: [],
    daemon,
  }),
);
const change = fc
  .record({ seq: fc.nat(), cpus: fc.constantFrom('1', '2-3', '7') })
  .map((fields): RecordingLine => ({ type: 'cpus_offline', time, ...fields }));
const end = fc.constant<RecordingLine>({ type: 'inspection_ended', time, reason: 'it stops' });
const line = fc.oneof(
  { weight: 1, arbitrary: inspection },
  { weight: 1, arbitrary: end },
  { weight: 1, arbitrary: picture },
  { weight: 3, arbitrary: change },
  { weight: 5, arbitrary: actor },
  { weight: 8, arbitrary: became },
);

/** What is seen before each line, and at the end. */
function momentsOf(lines: readonly RecordingLine[]): Seen[] {
  const moments = [NOTHING_SEEN];
  for (const one of lines) moments.push(seenAfter(moments.at(-1) ?? NOTHING_SEEN, one));
  return moments;
}

describe('a recording', () => {
  it('shows every moment that is kept as it was, however little is kept', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 700, size: 'max' }),
        fc.integer({ min: 1, max: 600 }),
        fc.infiniteStream(fc.nat()),
        (lines, kept, places) => {
          const recording = new Recording({ lines: kept, bytes: 40 * kept });
          const moments = momentsOf(lines);
          for (const [index, one] of lines.entries()) {
            recording.add(one, 1 + (index % 80));
            expect(recording.end).to.equal(index + 1);
            expect(recording.end - recording.first).to.be.within(1, kept);
            if (index % 50 > 0) continue;
            const range = recording.end - recording.first + 1;
            const place = recording.first + ((places.next().value ?? 0) % range);
            expect(recording.seenBefore(place)).to.deep.equal(moments[place]);
            if (place < recording.end) expect(recording.at(place)).to.equal(lines[place]);
          }
          expect(recording.seenBefore(recording.end)).to.deep.equal(moments[lines.length]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('can be begun anew from what was seen at any moment', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        const seen = momentsOf(lines).at(-1) ?? NOTHING_SEEN;
        expect(linesOf(seen).reduce(seenAfter, NOTHING_SEEN)).to.deep.equal(seen);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses to show what is not kept any more', () => {
    const recording = new Recording({ lines: 2, bytes: 1_000 });
    const [one] = fc.sample(end, 1);
    for (let count = 0; count < 5; count++) recording.add(one as RecordingLine, 1);
    expect(() => recording.seenBefore(0)).to.throw('line 0 is not kept');
    expect(() => recording.at(5)).to.throw('line 5 is not kept');
  });
});
