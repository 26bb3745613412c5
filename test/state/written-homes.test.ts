/** What is written again of a state is what would be written anew, whatever it was before. */

import { expect } from 'chai';
import fc from 'fast-check';
import { formatCpuList } from '../../src/core/cpu-list.js';
import { type CpuSet, cpuSetOf, intersectCpus, isEmpty, NO_CPUS } from '../../src/core/cpu-set.js';
import { Holdings } from '../../src/core/holdings.js';
import { NO_NODE } from '../../src/core/homes.js';
import { formatState } from '../../src/state/state-format.js';
import { WrittenHomes } from '../../src/state/written-homes.js';

const cpus = fc
  .uniqueArray(fc.nat({ max: 300 }), { maxLength: 12 })
  .map((ids): CpuSet => cpuSetOf(ids));

describe('the homes of claimed CPUs', () => {
  it('are written as they are, whatever was written before', () => {
    const homes = fc
      .array(fc.array(fc.nat({ max: 300 }), { maxLength: 40 }), { minLength: 1, maxLength: 5 })
      .map((nodes) => new Map(nodes.map((ids, index) => [index * 3 + NO_NODE, cpuSetOf(ids)])));
    const sequence = fc.array(fc.tuple(fc.nat({ max: 1 }), cpus), { maxLength: 12 });
    fc.assert(
      fc.property(fc.tuple(homes, homes), sequence, (machines, steps) => {
        const written = new WrittenHomes((node, list) => ({ node, list }));
        for (const [which, claimed] of steps) {
          const machine = machines[which] ?? new Map<number, CpuSet>();
          const expected = [...machine]
            .map(([node, own]) => ({ node, part: intersectCpus(own, claimed) }))
            .filter(({ node, part }) => node >= 0 && !isEmpty(part))
            .map(({ node, part }) => ({ node, list: formatCpuList(part) }));
          expect(JSON.parse(written.text(machine, claimed))).to.deep.equal(expected);
        }
      }),
    );
  });
});

describe('the claims of a state', () => {
  it('are written in the order of their names, whoever came and went', () => {
    const name = fc.string({
      minLength: 1,
      maxLength: 2,
      unit: fc.constantFrom('a', 'B', 'é', '0'),
    });
    const sequence = fc.array(fc.uniqueArray(name, { maxLength: 12 }), { maxLength: 8 });
    fc.assert(
      fc.property(sequence, (steps) => {
        for (const names of steps) {
          const holdings = Holdings.none.withClaims(
            names.map((serviceName, cpu) => ({
              serviceName,
              claim: {
                pool: 'isolated',
                policy: 'legacy',
                cpus: cpuSetOf([cpu]),
                explicitCpus: NO_CPUS,
              },
            })),
          );
          const text = formatState({ holdings, homes: new Map(), generation: 1 }, new Date(0));
          const { claims } = JSON.parse(text) as {
            claims: { service_name: string; cpus: string }[];
          };
          expect(claims.map((claim) => claim.service_name)).to.deep.equal([...names].sort());
          for (const { service_name, cpus: list } of claims) {
            expect(list).to.equal(String(names.indexOf(service_name)));
          }
        }
      }),
    );
  });
});
