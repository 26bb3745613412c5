/** The machine of one NUMA node, as it is. */

import { expect } from 'chai';
import { type Actor, createActor, SimulatedClock } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { type NumaNodeEvent, nodeActorId, numaNodeMachine } from '../../actors/numa-node.js';
import { NO_NODE } from '../../src/core/homes.js';
import { faultOf } from '../../src/core/node-ownership.js';
import type { NodeChange, NodeSlice } from '../../src/core/slices.js';
import { expectUnchanged, freezeDeeply, useFrozenContexts } from './frozen.js';
import {
  claimOn,
  claimsOf,
  readableClaims,
  readableRecords,
  sliceOf,
  smallPages,
} from './sketches.js';

type Changes = Parameters<typeof claimsOf>[0];

/** A change of claims, and of one record. */
function apply(claims: Changes, record?: { name: string; pageCount: number }): NumaNodeEvent {
  const records: NodeChange['records'] =
    record === undefined
      ? []
      : [{ serviceName: record.name, nodeId: 1, sizeKb: 2048, pageCount: record.pageCount }];
  return { type: 'APPLY', change: { nodeId: 1, claims: claimsOf(claims), records } };
}

function sync(...sketch: Parameters<typeof sliceOf>): NumaNodeEvent {
  return { type: 'SYNC', slice: sliceOf(...sketch) };
}

describe('the numa-node machine', () => {
  const inspect = useFrozenContexts();

  function startNode(...sketch: Parameters<typeof sliceOf>) {
    const node = createActor(numaNodeMachine, {
      input: sliceOf(...sketch),
      inspect,
      clock: new SimulatedClock(),
    });
    return node.start();
  }

  const claims = (node: Actor<typeof numaNodeMachine>) =>
    readableClaims(node.getSnapshot().context.slice.claims);

  function expectStates(
    node: Actor<typeof numaNodeMachine>,
    states: { presence?: string; cpus?: string; pages?: string },
  ) {
    const { value } = node.getSnapshot();
    expect(value).to.have.property('owning');
    expect((value as { owning: object }).owning).to.include(states);
  }

  it('is named after its node', () => {
    expect([0, 255, NO_NODE].map(nodeActorId)).to.deep.equal(['node-0', 'node-255', 'node-none']);
  });

  describe('its CPUs', () => {
    it('are idle, partly claimed, fully claimed, and back', () => {
      const node = startNode();
      expectStates(node, { presence: 'present', cpus: 'idle' });
      node.send(apply({ a: '0-1' }));
      expectStates(node, { cpus: 'partly' });
      node.send(apply({ b: claimOn('2-3', '3') }));
      expectStates(node, { cpus: 'fully' });
      expect(claims(node)).to.deep.equal({ a: '0-1', b: '2-3/3' });
      node.send(apply({ a: '0' }));
      expectStates(node, { cpus: 'partly' });
      node.send(apply({ a: undefined, b: undefined }));
      expectStates(node, { cpus: 'idle' });
      expect(claims(node)).to.deep.equal({});
    });

    it('are fully claimed and idle again in one step each', () => {
      const node = startNode();
      node.send(apply({ a: '0-3' }));
      expectStates(node, { cpus: 'fully' });
      node.send(apply({ a: undefined }));
      expectStates(node, { cpus: 'idle' });
    });

    it('may be none, now or later', () => {
      const node = startNode({ cpus: '' });
      expectStates(node, { cpus: 'none' });
      node.send(sync({ cpus: '4-5' }));
      expectStates(node, { cpus: 'idle' });
      node.send(apply({ a: '4-5' }));
      expectStates(node, { cpus: 'fully' });
      node.send(sync({ cpus: '' }));
      expectStates(node, { cpus: 'none' });
    });

    it('are partly claimed when one more comes', () => {
      const node = startNode({ cpus: '0-1', claims: { a: '0-1' } });
      expectStates(node, { cpus: 'fully' });
      node.send(sync({ cpus: '0-2', claims: { a: '0-1' } }));
      expectStates(node, { cpus: 'partly' });
    });

    it('pass from one service to another within one change', () => {
      const node = startNode({ claims: { a: '0-3' } });
      node.send(apply({ b: claimOn('2-3', '2-3'), a: '0-1' }));
      expect(claims(node)).to.deep.equal({ a: '0-1', b: '2-3/2-3' });
    });
  });

  describe('its pages', () => {
    it('are none, available, exhausted, and back', () => {
      const node = startNode({ pages: [{ ...smallPages(0), sizeKb: 1_048_576 }] });
      expectStates(node, { pages: 'none' });
      node.send(sync({ pages: [smallPages(4)] }));
      expectStates(node, { pages: 'available' });
      node.send(apply({}, { name: 'a', pageCount: 3 }));
      expectStates(node, { pages: 'available' });
      node.send(apply({}, { name: 'b', pageCount: 1 }));
      expectStates(node, { pages: 'exhausted' });
      node.send(apply({}, { name: 'a', pageCount: 0 }));
      expectStates(node, { pages: 'available' });
      node.send(sync({ pages: [smallPages(4, 0)] }));
      expectStates(node, { pages: 'exhausted' });
      node.send(sync({ pages: [] }));
      expectStates(node, { pages: 'none' });
    });

    it('are available while one size is', () => {
      const node = startNode({
        pages: [smallPages(2), { ...smallPages(1), sizeKb: 1_048_576 }],
        records: [{ serviceName: 'a', sizeKb: 2048, pageCount: 2 }],
      });
      expectStates(node, { pages: 'available' });
    });
  });

  describe('its presence', () => {
    it('follows what the machine says while something is held', () => {
      const node = startNode({ claims: { a: '0' } });
      node.send(sync({ isPresent: false, claims: { a: '0' } }));
      expectStates(node, { presence: 'gone', cpus: 'partly' });
      node.send(sync({ claims: { a: '0' } }));
      expectStates(node, { presence: 'present', cpus: 'partly' });
    });

    it('ends with the last claim and the last record', () => {
      const node = startNode({
        isPresent: false,
        claims: { a: '0', b: '1' },
        records: [{ serviceName: 'a', sizeKb: 2048, pageCount: 5 }],
      });
      node.send(apply({ a: undefined }));
      node.send(apply({ b: undefined }));
      expectStates(node, { presence: 'gone', cpus: 'idle' });
      node.send(apply({}, { name: 'a', pageCount: 0 }));
      expect(node.getSnapshot()).to.deep.include({ status: 'done', value: 'removed' });
    });

    it('ends at once when the node goes and nothing is held', () => {
      const node = startNode();
      node.send(sync({ isPresent: false }));
      expect(node.getSnapshot()).to.deep.include({ status: 'done', value: 'removed' });
    });

    it('goes on when the node is there and nothing is held', () => {
      const node = startNode({ claims: { a: '0' } });
      node.send(apply({ a: undefined }));
      expectStates(node, { presence: 'present', cpus: 'idle' });
    });
  });

  describe('a change', () => {
    const held = { claims: { a: claimOn('0-1', '0') }, pages: [smallPages(4)] };
    const refused: Readonly<Record<string, Changes>> = {
      'gives a CPU two owners': { b: '1-2' },
      'gives a CPU two owners who are both new': { b: '2', c: '2-3' },
      'takes and gives too little': { b: '0', a: '0-1' },
      'claims a CPU of another node': { b: '3-4' },
      'claims only CPUs of other nodes': { b: '64' },
      'makes explicit what is not claimed': { b: claimOn('2', '2-3') },
      'leaves explicit what is claimed no longer': { a: claimOn('1', '0') },
      'claims nothing': { b: '' },
      'is right for one service and wrong for another': { b: '2', c: '0' },
    };
    for (const [what, changes] of Object.entries(refused)) {
      it(`that ${what} is refused and changes nothing`, () => {
        const node = startNode(held);
        const before = node.getSnapshot();
        expect(before.can(apply(changes))).to.equal(false);
        node.send(apply(changes, { name: 'a', pageCount: 1 }));
        expect(node.getSnapshot().context.slice).to.equal(before.context.slice);
        expect(node.getSnapshot().value).to.deep.equal(before.value);
      });
    }

    const accepted: Readonly<Record<string, Changes>> = {
      'claims what is free': { b: '2-3' },
      'takes and gives': { b: '0', a: '1' },
      'makes ordinary what was explicit': { a: '0-1' },
      'releases what nobody holds': { b: undefined },
    };
    for (const [what, changes] of Object.entries(accepted)) {
      it(`that ${what} is accepted`, () => {
        expect(startNode(held).getSnapshot().can(apply(changes))).to.equal(true);
      });
    }

    it('is not made by asking whether it can be', () => {
      const node = startNode(held);
      const { slice } = node.getSnapshot().context;
      node.getSnapshot().can(apply({ b: '2' }));
      expect(node.getSnapshot().context.slice).to.equal(slice);
    });
  });

  describe('a SYNC', () => {
    it('replaces all that the node owns', () => {
      const node = startNode({ claims: { a: '0' } });
      const slice = sliceOf({ cpus: '2-5', claims: { b: '4' }, pages: [smallPages(2)] });
      node.send({ type: 'SYNC', slice });
      expect(node.getSnapshot().context.slice).to.equal(slice);
      expectStates(node, { cpus: 'partly', pages: 'available' });
    });

    it('that is not sound is refused and changes nothing', () => {
      const node = startNode({ claims: { a: '0' } });
      const before = node.getSnapshot().context.slice;
      for (const unsound of [{ a: '0', b: '0' }, { a: '7' }, { a: claimOn('0', '1') }]) {
        expect(node.getSnapshot().can(sync({ claims: unsound }))).to.equal(false);
        node.send(sync({ claims: unsound }));
        expect(node.getSnapshot().context.slice).to.equal(before);
      }
    });
  });

  it('is sound in every state that can be reached', () => {
    const cpuLists = ['', '0', '1', '0-1', '1-2'];
    const someClaims = [undefined, ...cpuLists.map((list) => claimOn(list)), claimOn('0-1', '0-2')];
    const events: NumaNodeEvent[] = [
      ...someClaims.flatMap((claim) => ['a', 'b'].map((name) => apply({ [name]: claim }))),
      ...someClaims.map((claim) => apply({ a: claim, b: '0' })),
      ...[0, 1, 2].map((pageCount) => apply({}, { name: 'a', pageCount })),
      ...[true, false].flatMap((isPresent) => [
        sync({ isPresent, cpus: '0-1', pages: [smallPages(2)] }),
        sync({ isPresent, cpus: '0-1', claims: { a: '0' }, pages: [smallPages(0)] }),
        sync({ isPresent, cpus: '', records: [{ serviceName: 'a', sizeKb: 2048, pageCount: 1 }] }),
        sync({ isPresent, cpus: '0', claims: { a: '0', b: '0' } }),
      ]),
    ];
    const sets = new Map<Uint32Array, Uint32Array>();
    const describeSlice = (slice: NodeSlice) => [
      slice.isPresent,
      slice.pages,
      [...slice.cpus],
      readableClaims(slice.claims),
      readableRecords(slice.records),
    ];
    const paths = getShortestPaths(numaNodeMachine, {
      input: sliceOf({ cpus: '0-2' }),
      events,
      limit: 100_000,
      serializeEvent: (event) => `${events.indexOf(event)}`,
      serializeState: ({ value, context }) => {
        freezeDeeply(context, sets);
        return JSON.stringify([value, describeSlice(context.slice)]);
      },
    });
    const reached = new Set<string>();
    for (const { state } of paths) {
      expect(faultOf(state.context.slice)).to.equal(null);
      if (typeof state.value === 'string') reached.add(state.value);
      else for (const name of Object.values(state.value.owning ?? {})) reached.add(name);
    }
    expectUnchanged(sets);
    expect([...reached]).to.have.members(
      'present gone removed none idle partly fully available exhausted'.split(' '),
    );
    expect(paths.length).to.be.greaterThan(100);
  });
});
