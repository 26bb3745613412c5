/** Where CPUs belong: in one node each, also while they are offline. */

import { expect } from 'chai';
import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import { type Homes, NO_NODE, resolveHomes } from '../../src/core/homes.js';
import { type MachineFacts, NO_DISTANCES } from '../../src/core/machine.js';

type Lists = readonly (readonly [nodeId: number, cpus: string])[];

function homesOf(lists: Lists): Homes {
  return new Map(lists.map(([nodeId, cpus]) => [nodeId, parseCpuList(cpus)]));
}

/** The homes on a machine with these nodes, as lists. */
function homes(
  nodes: Lists,
  { online, known = [], claimed = '' }: { online: string; known?: Lists; claimed?: string },
): Record<number, string> {
  const facts: MachineFacts = {
    onlineCpus: parseCpuList(online),
    isolatedCpus: parseCpuList(''),
    cores: [],
    caches: [],
    nodes: nodes.map(([nodeId, cpus]) => ({
      nodeId,
      listedCpus: parseCpuList(cpus),
      pages: [],
      distances: NO_DISTANCES,
      memoryTotalKb: null,
    })),
  };
  const resolved = resolveHomes(facts, homesOf(known), parseCpuList(claimed));
  return Object.fromEntries([...resolved].map(([nodeId, cpus]) => [nodeId, formatCpuList(cpus)]));
}

describe('the home of a CPU', () => {
  it('is the node that lists it', () => {
    const nodes = [
      [0, '0-3'],
      [8, '4-7'],
    ] as const;
    expect(homes(nodes, { online: '0-7' })).to.deep.equal({ 0: '0-3', 8: '4-7' });
  });

  it('is the lowest node when several list it', () => {
    const nodes = [
      [0, '0-3'],
      [1, '0-7'],
      [2, '0-7'],
    ] as const;
    expect(homes(nodes, { online: '0-7' })).to.deep.equal({ 0: '0-3', 1: '4-7' });
  });

  it('is no node when none lists it', () => {
    expect(homes([[0, '0-1']], { online: '0-3' })).to.deep.equal({ 0: '0-1', [NO_NODE]: '2-3' });
    expect(homes([], { online: '0-3' })).to.deep.equal({ [NO_NODE]: '0-3' });
  });

  it('stays the node where it was while it is offline', () => {
    const known = [
      [0, '0-1'],
      [1, '2-3'],
    ] as const;
    const claimed = '2-3';
    expect(
      homes(
        [
          [0, '0-1'],
          [1, '2'],
        ],
        { online: '0-2', known, claimed },
      ),
    ).to.deep.equal({
      0: '0-1',
      1: '2-3',
    });
  });

  it('stays a node that vanished', () => {
    const known = [
      [0, '0-1'],
      [1, '2-3'],
    ] as const;
    expect(homes([[0, '0-1']], { online: '0-1', known, claimed: '3' })).to.deep.equal({
      0: '0-1',
      1: '2-3',
    });
  });

  it('is what the kernel says when that changes', () => {
    const known = [
      [0, '0-3'],
      [1, ''],
    ] as const;
    expect(
      homes(
        [
          [0, '0-1'],
          [1, '2-3'],
        ],
        { online: '0-3', known, claimed: '3' },
      ),
    ).to.deep.equal({
      0: '0-1',
      1: '2-3',
    });
  });

  it('is somewhere for a claimed CPU that the kernel never showed', () => {
    expect(homes([[0, '0-1']], { online: '0-1', claimed: '1,9' })).to.deep.equal({
      0: '0-1',
      [NO_NODE]: '9',
    });
  });
});
