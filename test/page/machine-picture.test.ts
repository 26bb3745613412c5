/** The machine as the page draws it: every CPU once, with its owner, and hugepages as they are. */

import { expect } from 'chai';
import { type DrawnNodes, machinePicture } from '../../src/page/machine-picture.js';
import { OwnerLooks } from '../../src/page/owners.js';
import type { RecordingLine } from '../../src/protocol/inspect-line.js';
import type { Seen } from '../../src/recording/seen.js';
import { cores, hugepages, numa } from '../core/hosts.js';
import { linesOfDaemon, recordingOf } from './recorded.js';

const pictureOf = (seen: Seen, before: Seen | null = null) =>
  machinePicture({ seen, before }, new OwnerLooks());

const cellsOf = (picture: ReturnType<typeof pictureOf>) =>
  picture.nodes.flatMap(({ cores: all }) => all.flat());

describe('the machine on the page', () => {
  let lines: RecordingLine[];
  let last: Seen;

  before(async () => {
    lines = await linesOfDaemon(
      [cores('nova', 28)],
      [numa('dpdk', 1, 4), hugepages('dpdk', 0, 2_048, 100), cores('nova', 6)],
    );
    const recording = recordingOf(lines);
    last = recording.seenBefore(recording.end);
  });

  it('has every CPU once, thread siblings together', () => {
    const picture = pictureOf(last);
    expect(picture.nodes.map(({ title }) => title)).to.deep.equal(['node 0', 'node 1']);
    const cpus = cellsOf(picture).map(({ cpu }) => cpu);
    expect([...cpus].sort((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 32 }, (_, cpu) => cpu),
    );
    expect(picture.nodes[0]?.cores[1]?.map(({ cpu }) => cpu)).to.deep.equal([1, 17]);
  });

  it('says of each CPU whose it is, and in which pool', () => {
    const cells = new Map(cellsOf(pictureOf(last)).map((cell) => [cell.cpu, cell]));
    expect(cells.get(0)).to.include({ owner: null, pool: null, isOnline: true });
    expect(cells.get(0)?.words).to.equal('CPU 0: nobody’s, in no pool, core 0,16');
    const dpdk = [...cells.values()].filter(({ owner }) => owner?.name === 'dpdk');
    expect(dpdk).to.have.length(4);
    for (const { isExplicit, pool } of dpdk)
      expect([isExplicit, pool]).to.deep.equal([true, 'isolated']);
    expect(dpdk[0]?.words).to.match(/^CPU \d+: dpdk, claimed explicitly, isolated pool, core /);
  });

  it('counts what is in the legend', () => {
    const { legend, counts } = pictureOf(last);
    expect(legend.map(({ owner, cpuCount }) => [owner.name, cpuCount])).to.deep.equal([
      ['dpdk', 4],
      ['nova', 6],
    ]);
    expect(counts).to.deep.equal({ free: 18, offline: 0, unpooled: 4, closed: 0 });
  });

  it('marks the CPUs of which the owner is another than before', () => {
    const recording = recordingOf(lines);
    const applied = lines.findIndex(
      (line) =>
        line.type === '@xstate.event' && line.event.type === 'APPLY' && line.event['node_id'] === 1,
    );
    const became = lines.findIndex(
      (line, at) => at > applied && line.type === '@xstate.snapshot' && line.event.type === 'APPLY',
    );
    const [seen, before] = [recording.seenBefore(became + 1), recording.seenBefore(applied)];
    const changed = cellsOf(pictureOf(seen, before)).filter(({ hasChanged }) => hasChanged);
    expect(changed).to.have.length(4);
    expect(cellsOf(pictureOf(seen)).some(({ hasChanged }) => hasChanged)).to.equal(false);
    for (const { words } of changed) expect(words).to.match(/: dpdk, .*, before: nova$/);
  });

  it('shows hugepages: used, recorded and not used, free, and what is missing', () => {
    const [page] = pictureOf(last).nodes[0]?.pages ?? [];
    expect(page).to.deep.include({
      sizeKb: 2_048,
      total: 1_024,
      used: 0,
      reserved: 100,
      free: 924,
    });
    expect(page?.records.map(({ owner, count }) => [owner.name, count])).to.deep.equal([
      ['dpdk', 100],
    ]);
    const fewer = withPages(last, { size: 2_048, total: 60, used: 60, free: 0 });
    expect(pictureOf(fewer).nodes[0]?.pages[0]).to.include({ shortfall: 40, reserved: 0 });
  });

  it('does not call free what a closed pool has', () => {
    const { picture } = last;
    if (picture === null) throw new Error('no picture');
    const general = { configured_cpus: '0,8,16', eligible_cpus: '' };
    const pools = { ...picture.pools, general };
    const shown = pictureOf({ ...last, picture: { ...picture, pools } });
    expect(shown.counts).to.deep.equal({ free: 18, offline: 0, unpooled: 1, closed: 3 });
    const cell = cellsOf(shown).find(({ cpu }) => cpu === 8);
    expect(cell?.words).to.equal('CPU 8: nobody’s, general pool, which is closed, core 8,24');
  });

  it('shows CPUs that are offline, at the end of their node, and whose they are', () => {
    const { picture } = last;
    if (picture === null) throw new Error('no picture');
    const nodes = picture.nodes.map((node) => ({
      ...node,
      cores: node.cores.map((core) => core.replace(/^1,17$/, '17')),
    }));
    const online = { ...picture, nodes, online_cpus: '0,2-31' };
    const cells = pictureOf({ ...last, picture: online }).nodes[0]?.cores.flat() ?? [];
    const cell = cells.at(-1);
    expect(cell).to.include({ cpu: 1, isOnline: false });
    expect(cell?.words).to.match(/offline/);
    expect(cells).to.have.length(16);
  });

  it('shows what is known of a machine of which little is', () => {
    expect(pictureOf({ ...last, picture: null }).nodes.map(({ title }) => title)).to.deep.equal([
      'node 0',
      'node 1',
    ]);
    expect(pictureOf({ ...last, actors: new Map() }).nodes).to.have.length(2);
    expect(pictureOf({ ...last, picture: null, actors: new Map() }).nodes).to.deep.equal([]);
  });

  /** The same, with other counters of pages in node 0. */
  function withPages(
    seen: Seen,
    counters: { size: number; total: number; used: number; free: number },
  ): Seen {
    const actors = new Map(seen.actors);
    for (const [session, actor] of actors) {
      const { context } = actor.snapshot;
      if (context === undefined || !('capacity' in context) || context.node_id !== 0) continue;
      const capacity = context.capacity.map((pages) =>
        pages.size === counters.size ? { ...pages, ...counters } : pages,
      );
      actors.set(session, {
        ...actor,
        snapshot: { ...actor.snapshot, context: { ...context, capacity } },
      });
    }
    return { ...seen, actors };
  }

  it('is at every moment as if it had never been drawn before, whichever was drawn last', () => {
    const told = { seq: 9_000, time: '2026-01-02T03:04:05.678Z' };
    const [node] = last.picture?.nodes ?? [];
    expect(node).not.to.equal(undefined);
    const recording = recordingOf([
      ...lines,
      { type: 'cpus_offline', cpus: '3', ...told },
      {
        type: 'pool_changed',
        pool: 'isolated',
        configured_cpus: '1-2',
        eligible_cpus: '1-2',
        ...told,
      },
      ...(node === undefined
        ? []
        : [{ type: 'node_changed' as const, node: { ...node, memory_kb: 1 }, ...told }]),
    ]);
    const numbers = Array.from({ length: recording.end + 1 }, (_, number) => number);
    const live = numbers.map((number) => ({ seen: recording.seenBefore(number), before: null }));
    const past = numbers.map((number) => ({
      seen: recording.seenBefore(number),
      before: recording.seenBefore(Math.max(number - 5, 0)),
    }));
    const looks = new OwnerLooks();
    const drawn: DrawnNodes = new Map();
    for (const moment of [...live, ...past, ...live.toReversed()]) {
      expect(machinePicture(moment, looks, drawn)).to.deep.equal(machinePicture(moment, looks));
    }
  });

  it('keeps the nodes that are as they were', () => {
    const looks = new OwnerLooks();
    const drawn: DrawnNodes = new Map();
    const [applied] = lines.flatMap((line, number) =>
      line.type === '@xstate.snapshot' && line.event.type === 'APPLY' ? [number] : [],
    );
    const recording = recordingOf(lines);
    const at = (number: number) =>
      machinePicture({ seen: recording.seenBefore(number), before: null }, looks, drawn);
    const before = at(applied ?? 0);
    const after = at((applied ?? 0) + 1);
    const kept = after.nodes.filter((node) => before.nodes.includes(node));
    expect(after.nodes).to.have.length(2);
    expect(kept).to.have.length(1);
  });
});
