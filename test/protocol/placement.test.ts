/** What a `placement` may be on the wire. */

import { expect } from 'chai';
import { isRefusal } from '../../src/protocol/error-codes.js';
import { parseRequest } from '../../src/protocol/request.js';

type Fields = Readonly<Record<string, unknown>>;

const anywhere = { action: 'allocate_cores', service_name: 'a', num_of_cores: 2 };
const share = { action: 'allocate_cores_percent', service_name: 'a', percent: 50 };
const inNode = { action: 'allocate_numa_cores', service_name: 'a', numa_node: 0, num_of_cores: 2 };

function placementOf(placement: unknown, request: Fields = anywhere): unknown {
  const parsed = parseRequest({ ...request, placement });
  if (isRefusal(parsed)) throw new Error(parsed.message);
  return 'placement' in parsed ? parsed.placement : undefined;
}

function refusalOf(placement: unknown, request: Fields = anywhere) {
  const parsed = parseRequest({ ...request, placement });
  if (!isRefusal(parsed)) throw new Error(`${JSON.stringify(placement)} was accepted`);
  expect(parsed.code).to.equal('INVALID_REQUEST');
  return { field: parsed.details?.['field'], sentence: parsed.message };
}

const nothing = { cores: 'any', numa: 'any', cache: 'any', near: null };

describe('placement', () => {
  it('is none where it is null or not there', () => {
    for (const request of [anywhere, share, inNode]) {
      expect(placementOf(null, request)).to.equal(null);
      expect(placementOf(undefined, request)).to.equal(null);
    }
  });

  it('has a default for each of its fields', () => {
    expect(placementOf({})).to.deep.equal(nothing);
    expect(placementOf({ near: null })).to.deep.equal(nothing);
    const asked = { cores: 'whole', numa: 'single', cache: 'require' };
    for (const request of [anywhere, share, inNode]) {
      expect(placementOf(asked, request)).to.deep.equal({ ...nothing, ...asked });
    }
  });

  for (const [written, address] of [
    ['0000:3b:00.0', '0000:3b:00.0'],
    ['3b:00.0', '0000:3b:00.0'],
    ['3B:1F.7', '0000:3b:1f.7'],
    ['10000:E1:00.0', '10000:e1:00.0'],
  ] as const) {
    it(`reads ${written} as the device that the kernel calls ${address}`, () => {
      expect(placementOf({ near: written })).to.deep.equal({ ...nothing, near: address });
    });
  }

  for (const near of [
    '',
    'eth0',
    '3b:00',
    '3b:20.0',
    '3b:00.8',
    '../cpu',
    '000:3b:00.0',
    7,
    true,
  ]) {
    it(`takes ${JSON.stringify(near)} for no PCI address`, () => {
      const { field, sentence } = refusalOf({ near });
      expect(field).to.equal('placement.near');
      expect(sentence).to.match(/^Invalid request: placement.near must be a PCI address/);
    });
  }

  for (const [placement, field, sentence] of [
    [
      { core: 'whole' },
      'placement',
      'placement has no field "core"; it may have cores, numa, cache',
    ],
    ['whole', 'placement', 'placement must be an object with any of cores, numa, cache and near'],
    [[], 'placement', 'placement must be an object with any of cores, numa, cache and near'],
    [{ cores: 'half' }, 'placement.cores', 'must be one of "any", "whole", "spread"'],
    [{ numa: 1 }, 'placement.numa', 'must be one of "any", "single", "pack", "spread"'],
    [{ cache: null }, 'placement.cache', 'must be one of "any", "prefer", "require"'],
    [{ near: '3b:00.0', numa: 'spread' }, 'placement.near', 'wants all CPUs in one NUMA node, and'],
    [{ cache: 'require', numa: 'spread' }, 'placement.cache', 'wants all CPUs at one cache, and'],
  ] as const) {
    it(`refuses ${JSON.stringify(placement)}, and says why`, () => {
      const refused = refusalOf(placement);
      expect(refused.field).to.equal(field);
      expect(refused.sentence).to.include(sentence);
    });
  }

  it('says nothing of several nodes where one is named', () => {
    for (const numa of ['pack', 'spread']) {
      const { field, sentence } = refusalOf({ numa }, inNode);
      expect(field).to.equal('placement.numa');
      expect(sentence).to.include('all CPUs are in numa_node');
    }
  });

  it('must be a valid one on a release too', () => {
    const release = { ...anywhere, num_of_cores: -1 };
    expect(placementOf({ cores: 'whole' }, release)).to.deep.equal({ ...nothing, cores: 'whole' });
    expect(refusalOf({ cores: 'half' }, release).field).to.equal('placement.cores');
  });
});
