import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { Gatherer } from '../../src/daemon/gatherer.js';

describe('a gatherer', () => {
  function gathering() {
    const handedOn: number[][] = [];
    return { handedOn, gatherer: new Gatherer<number>((items) => handedOn.push([...items])) };
  }

  it('hands on what comes alone, and soon', async () => {
    const { handedOn, gatherer } = gathering();
    gatherer.add(1);
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(handedOn).to.deep.equal([[1]]);
  });

  it('hands on together what comes as long as each turn brings more', async () => {
    const { handedOn, gatherer } = gathering();
    for (let item = 1; item <= 10; item++) {
      gatherer.add(item);
      await turn();
    }
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(handedOn).to.deep.equal([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]);
  });

  it('lets nobody wait for more than 128, and loses none', async () => {
    const { handedOn, gatherer } = gathering();
    for (let item = 0; item < 400; item++) gatherer.add(item);
    expect(handedOn.map((items) => items.length)).to.deep.equal([128, 128, 128]);
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(handedOn.flat()).to.deep.equal(Array.from({ length: 400 }, (_, index) => index));
  });
});
