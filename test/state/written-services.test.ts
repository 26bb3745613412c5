/** The text of services is the same, whatever of it was kept from the texts before. */

import { expect } from 'chai';
import fc from 'fast-check';
import { LayeredMap } from '../../src/core/layered-map.js';
import { compareNames } from '../../src/core/names.js';
import { WrittenServices } from '../../src/state/written-services.js';

interface Value {
  readonly size: number;
}

const write = (name: string, { size }: Value) => ({ name, size });

/** Written at once, with nothing kept. */
const textOf = (map: ReadonlyMap<string, Value>) =>
  JSON.stringify(
    [...map]
      .sort(([a], [b]) => compareNames(a, b))
      .map(([serviceName, value]) => write(serviceName, value)),
  );

const services = fc.nat({ max: 300 }).map((number) => `service-${number}`);
const values = fc.option(
  fc.nat().map((size) => ({ size })),
  { nil: undefined },
);
const step = fc.record({
  entries: fc.array(fc.tuple(services, values), { maxLength: 80 }),
  /** What was not stored is undone: it goes on from an earlier one. */
  stepsBack: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 5 })),
  isWritten: fc.boolean(),
});

describe('the text of services', () => {
  it('is that of a map written at once, after any changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const written = new WrittenServices<Value>(write);
        const history = [LayeredMap.of<string, Value>()];
        for (const { entries, stepsBack, isWritten } of steps) {
          const from = history[Math.max(history.length - 1 - stepsBack, 0)];
          const map = (from ?? LayeredMap.of<string, Value>()).with(entries);
          history.push(map);
          if (isWritten) expect(written.text(map)).to.equal(textOf(map));
        }
      }),
    );
  });

  it('asks again only for what changed', () => {
    const asked: string[] = [];
    const written = new WrittenServices<Value>((name, value) => {
      asked.push(name);
      return write(name, value);
    });
    const names = Array.from({ length: 2_000 }, (_, number) => `service-${number}`);
    let map = LayeredMap.of<string, Value>(names.map((name) => [name, { size: 1 }]));
    written.text(map);
    expect(asked.splice(0)).to.have.length(2_000);
    for (let change = 0; change < 200; change++) {
      const name = `service-${(change * 7) % 2_000}`;
      map = map.with([[name, { size: 2 }]]);
      expect(written.text(map)).to.equal(textOf(map));
      expect(asked.splice(0)).to.deep.equal([name]);
    }
    map = map.with([['another', { size: 3 }]]);
    expect(written.text(map)).to.equal(textOf(map));
    expect(asked).to.deep.equal(['another']);
  });
});
