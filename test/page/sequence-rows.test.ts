/** The messages of the page: from whom to whom, what they say, and what became of it. */

import { expect } from 'chai';
import fc from 'fast-check';
import { passes, SequenceRows } from '../../src/page/sequence-rows.js';
import type { RecordingLine } from '../../src/protocol/inspect-line.js';
import { Recording } from '../../src/recording/recording.js';
import { cores, hugepages, numa } from '../core/hosts.js';
import { linesOfDaemon, recordingOf } from './recorded.js';

function rowsOf(recording: Recording) {
  const sequence = new SequenceRows();
  sequence.read(recording);
  return sequence.rows;
}

const isShown = ({ type }: RecordingLine) =>
  !['@xstate.actor', '@xstate.snapshot', 'snapshot'].includes(type);

describe('the messages on the page', () => {
  let lines: RecordingLine[];

  before(async () => {
    lines = await linesOfDaemon(
      [cores('nova', 28)],
      [numa('dpdk', 1, 2), hugepages('ceph', 0, 2_048, 3), cores('ghost', 99)],
    );
  });

  it('tell a forced reallocation from the request to the reply', () => {
    const rows = rowsOf(recordingOf(lines)).filter(({ title }) => !title.startsWith('after'));
    const said = rows
      .slice(0, rows.findIndex(({ title }) => title === 'reply') + 1)
      .filter(({ title, actors }) => !actors.includes('scanner') && title !== 'FACTS')
      .map(({ way, title, detail }) =>
        [way === null ? 'told' : `${way.from} → ${way.to}`, title, detail].join(' | ').trimEnd(),
      );
    const apply = said.filter((text) => text.includes('APPLY'));
    expect(apply.some((text) => /node 1; dpdk 9,25; nova /.test(text))).to.equal(true);
    expect(said.filter((text) => !text.includes('APPLY')).slice(0, 9)).to.deep.equal([
      'told | the inspection begins | of a daemon 0.1.0',
      'clients → coordinator | REQUEST | allocate_numa_cores dpdk 2 on node 1',
      'coordinator → store | SAVE |',
      'store → tasks | WRITE |',
      'tasks → store | WRITTEN | generation 3',
      'store → coordinator | STORED | generation 3',
      'told | nova lost 2 CPUs (9,25) to dpdk; holds 26 CPUs (1-7,10-15,17-23,26-31) now, ordinary, legacy |',
      'told | dpdk claimed 2 CPUs (9,25); holds 2 CPUs (9,25) now, explicit, legacy |',
      'coordinator → clients | reply | allocate_numa_cores: dpdk; CPUs 9,25; nova lost 9,25',
    ]);
  });

  it('tell what became of who heard them, also when others were heard meanwhile', () => {
    const changes = Object.fromEntries(
      rowsOf(recordingOf(lines))
        .filter(({ changes: all }) => all.length > 0)
        .reverse()
        .map(({ title, changes: all }) => [title, all.join('; ')]),
    );
    expect(changes).to.include({
      REQUEST: 'coordinator: durability ready → committing',
      SAVE: 'store: clean → writing alone',
      WRITTEN: 'store: writing alone → clean',
      STORED: 'coordinator: durability committing → ready',
    });
  });

  it('end with the last line that tells what became of them', () => {
    const recording = recordingOf(lines);
    const decided = rowsOf(recording).find(({ title }) => title === 'REQUEST');
    const seen = recording.seenBefore((decided?.last ?? 0) + 1);
    const coordinator = [...seen.actors.values()].find(({ line }) => line.name === 'coordinator');
    expect(JSON.stringify(coordinator?.snapshot.value)).to.contain('committing');
  });

  it('say why something was refused', () => {
    const refused = rowsOf(recordingOf(lines)).find(({ title }) => title === 'refused');
    expect(refused?.tone).to.equal('bad');
    expect(refused?.services).to.include('ghost');
    expect(refused?.detail).to.match(/^allocate_cores: [A-Z_]+: /);
  });

  it('can be had of one actor, or about one service', () => {
    const rows = rowsOf(recordingOf(lines));
    const of = (actor: string, service: string) =>
      rows.filter((row) => passes(row, { actor, service }));
    for (const { actors } of of('store', '')) expect(actors).to.include('store');
    const titles = of('', 'dp').map(({ title }) => title.split(' ')[0]);
    expect(titles).to.include.members(['REQUEST', 'APPLY', 'nova', 'dpdk', 'reply']);
    expect(titles).not.to.include('SAVE');
    expect(of('', 'nobody')).to.deep.equal([]);
    expect(of('', '')).to.deep.equal(rows);
  });

  it('are the same however the lines come, and each line is in one', () => {
    const all = rowsOf(recordingOf(lines));
    expect(all.map(({ first }) => first)).to.deep.equal(
      lines.flatMap((line, number) => (isShown(line) ? [number] : [])),
    );
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: lines.length }),
        (steps) => {
          const recording = new Recording();
          const sequence = new SequenceRows();
          let [next, step] = [0, 0];
          while (next < lines.length) {
            const end = next + (steps[step++] ?? 1);
            for (const line of lines.slice(next, end)) recording.add(line, 1);
            next = end;
            sequence.read(recording);
          }
          expect(sequence.rows).to.deep.equal(all);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('go with the lines that are not kept any more', () => {
    // From a request on, with which all before it has come to its end: what became of a message whose
    // own line is not kept would be a row of its own.
    const all = rowsOf(recordingOf(lines));
    const beginning = all.filter(({ title }) => title === 'REQUEST').at(-2)?.first ?? 0;
    const keptCount = lines.length - beginning;
    const recording = recordingOf(lines, keptCount);
    const kept = rowsOf(recording);
    expect(kept.map(({ first, title }) => [first, title])).to.deep.equal(
      all.filter(({ first }) => first >= recording.first).map(({ first, title }) => [first, title]),
    );
    const growing = new Recording({ lines: keptCount, bytes: 1e9 });
    const sequence = new SequenceRows();
    for (const line of lines) {
      growing.add(line, 1);
      sequence.read(growing);
    }
    expect(sequence.rows.map(({ first }) => first)).to.deep.equal(kept.map(({ first }) => first));
    expect(sequence.droppedCount + sequence.rows.length).to.equal(all.length);
  });
});
