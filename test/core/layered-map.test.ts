import { expect } from 'chai';
import fc from 'fast-check';
import { LayeredMap } from '../../src/core/layered-map.js';

/** Keys that are met often, and `undefined` to take them out. */
const changes = fc.array(
  fc.array(fc.tuple(fc.nat({ max: 40 }), fc.option(fc.nat(), { nil: undefined })), {
    maxLength: 4,
  }),
  { maxLength: 60 },
);

describe('a layered map', () => {
  it('has what a map has after the same changes, and so have all that came before it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat())), changes, (entries, steps) => {
        const model = new Map(entries);
        let map = LayeredMap.of(entries);
        const history = [{ map, model: new Map(model) }];
        for (const step of steps) {
          map = map.with(step);
          for (const [key, value] of step) {
            if (value === undefined) model.delete(key);
            else model.set(key, value);
          }
          history.push({ map, model: new Map(model) });
        }
        for (const then of history) {
          expect(new Map(then.map)).to.deep.equal(then.model);
          expect(then.map.size).to.equal(then.model.size);
          expect(new Set(then.map.keys())).to.deep.equal(new Set(then.model.keys()));
          expect([...then.map.values()].sort()).to.deep.equal([...then.model.values()].sort());
          for (let key = 0; key <= 40; key++) {
            expect(then.map.get(key)).to.equal(then.model.get(key));
            expect(then.map.has(key)).to.equal(then.model.has(key));
          }
        }
      }),
    );
  });

  it('knows what is otherwise than in another, or that it cannot tell', () => {
    const steps = fc.array(fc.record({ entries: changes, stepsBack: fc.nat({ max: 3 }) }));
    fc.assert(
      fc.property(steps, (all) => {
        const history = [LayeredMap.of<number, number>()];
        for (const { entries, stepsBack } of all) {
          let map = history[Math.max(history.length - 1 - stepsBack, 0)];
          for (const some of entries) map = map?.with(some);
          if (map !== undefined) history.push(map);
        }
        for (const one of history) {
          for (const other of history) {
            const changed = one.changedSince(other);
            if (changed === null) continue;
            for (let key = 0; key <= 40; key++) {
              if (one.get(key) !== other.get(key)) expect(changed.has(key)).to.equal(true);
            }
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('can tell as long as few changes lie between', () => {
    let map = LayeredMap.of<number, number>(
      Array.from({ length: 2_000 }, (_, key) => [key, 0] as const),
    );
    for (let key = 0; key < 500; key++) {
      const next = map.with([[key, 1]]);
      expect(next.changedSince(map)?.has(key)).to.equal(true);
      expect(next.changedSince(map)?.size).to.be.below(100);
      map = next;
    }
  });
});
