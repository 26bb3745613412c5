import { expect } from 'chai';
import fc from 'fast-check';
import { Register } from '../../src/socket/register.js';

describe('a register', () => {
  it('has what came and did not go, each under a number of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat({ max: 20 }))), (steps) => {
        const register = new Register<{ readonly step: number }>();
        const here = new Map<number, { readonly step: number }>();
        for (const [step, taken] of steps.entries()) {
          if (taken === null) {
            const thing = { step };
            const number = register.add(thing);
            expect(here.has(number)).to.equal(false);
            expect(number).to.be.at.most(here.size);
            here.set(number, thing);
          } else {
            expect(register.take(taken)).to.equal(here.get(taken) ?? null);
            here.delete(taken);
          }
          expect(register.size).to.equal(here.size);
          expect([...register]).to.have.members([...here.values()]);
        }
      }),
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
