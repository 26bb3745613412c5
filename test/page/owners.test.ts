/** Colours and marks of services: told apart, and the same whatever else comes. */

import { expect } from 'chai';
import fc from 'fast-check';
import { COLOUR_COUNT, OwnerLooks } from '../../src/page/owners.js';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 300 });

describe('the looks of services', () => {
  it('keep their colour and mark, whoever else comes', () => {
    fc.assert(
      fc.property(names, (all) => {
        const looks = new OwnerLooks();
        const first = all.map((name) => looks.of(name));
        expect(all.map((name) => looks.of(name))).to.deep.equal(first);
        expect(looks.all.map(({ name }) => name)).to.have.members(all);
      }),
    );
  });

  it('have marks that are short, and no two alike', () => {
    fc.assert(
      fc.property(names, (all) => {
        const looks = new OwnerLooks();
        const marks = all.map((name) => looks.of(name).mark);
        expect(new Set(marks).size).to.equal(all.length);
        for (const mark of marks) expect([...mark].length).to.be.within(1, 3);
      }),
    );
  });

  it('use every colour before one is used again', () => {
    const looks = new OwnerLooks();
    const colours = Array.from(
      { length: COLOUR_COUNT },
      (_, index) => looks.of(`s${index}`).colour,
    );
    expect(new Set(colours).size).to.equal(COLOUR_COUNT);
    expect(Math.max(...colours)).to.equal(COLOUR_COUNT - 1);
  });

  it('have marks of the letters of their names, where these can be had', () => {
    const looks = new OwnerLooks();
    const marks = ['nova', 'nova-2', 'neutron', 'dpdk', '日本', '--'].map(
      (name) => looks.of(name).mark,
    );
    expect(marks).to.deep.equal(['N', 'NO', 'NE', 'D', '日', '?']);
  });
});
