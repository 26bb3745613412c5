import { expect } from 'chai';
import fc from 'fast-check';
import { Register } from '../../src/socket/register.js';

describe('a register', () => {
  it('has what came and did not go, each under a number of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat({ max: 20 }))), (steps) => {
        const register = new Register<{ readonly step: number }>();
        const here = new Map<number, { readonly step: number }>();
        let mostAtOnce = 0;
        for (const [step, taken] of steps.entries()) {
          if (taken === null) {
            const thing = { step };
            const number = register.add(thing);
            expect(here.has(number)).to.equal(false);
            here.set(number, thing);
            mostAtOnce = Math.max(mostAtOnce, here.size);
            // A request's number is told by the rest of its ticket's, by how many may wait at once.
            expect(number).to.be.below(mostAtOnce);
          } else {
            expect(register.take(taken)).to.equal(here.get(taken) ?? null);
            here.delete(taken);
          }
          expect(register.size).to.equal(here.size);
          expect([...register]).to.have.members([...here.values()]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives nobody what has a number since', () => {
    const register = new Register<{ readonly name: string }>();
    const number = register.add({ name: 'first' });
    register.take(number);
    register.add({ name: 'second' });
    expect(register.take(number, ({ name }) => name === 'first')).to.equal(null);
    expect(register.size).to.equal(1);
    expect(register.take(number, ({ name }) => name === 'second')).to.deep.equal({
      name: 'second',
    });
  });
});
