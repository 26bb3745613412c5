import { expect } from 'chai';
import { createMachine } from 'xstate';
import { statechartOf } from '../../src/inspect/statechart.js';
import { tableOf } from '../../src/inspect/statechart-table.js';
import { madeUpMachine } from '../inspect/made-up-machine.js';

const rows = tableOf(statechartOf(madeUpMachine)).split('\n');

describe('a table of a statechart', () => {
  it('says what a state does as it is entered, while it lasts, and as it is left', () => {
    expect(rows).to.include('| any state | it starts |  | begin |  |');
    expect(rows).to.include('| waiting | entering it |  | tidy, (assign) |  |');
    expect(rows).to.include('| waiting | leaving it |  | count |  |');
    expect(rows).to.include('| working | as long as it lasts |  | runs helper |  |');
    expect(rows).to.include('| left | entering it |  | begin | first |');
    expect(rows).to.include('| second | entering it |  | left is done |  |');
  });

  it('has what is done without going to another state', () => {
    expect(rows).to.include('| any state | any sensor event |  | count |  |');
    expect(rows).to.include('| any state | any event |  | (function) |  |');
    expect(rows).to.include('| any state | any actor failed |  | tidy |  |');
    // It keeps the states around it from hearing this.
    expect(rows).to.include('| waiting | RESET |  | nothing |  |');
  });

  it('has every way to other states', () => {
    expect(rows).to.include('| waiting | at once | not isReady |  | working |');
    expect(rows).to.include('| waiting | after mood | a condition | tidy, (function) | working |');
    expect(rows).to.include('| working | SKIP |  |  | second, done |');
  });

  it('tells states of one name apart, and takes no name for markdown', () => {
    const on = { '_a|b*': 'off' };
    const machine = createMachine({
      id: 'lamps',
      type: 'parallel',
      states: {
        left: { initial: 'off', states: { off: {}, on: { on } } },
        right: {
          initial: 'off',
          states: { off: {}, bright: { on: { X_Y: { target: 'bright', reenter: true } } } },
        },
      },
    });
    expect(tableOf(statechartOf(machine)).split('\n').slice(2)).to.deep.equal([
      '| on | \\_a\\|b\\* |  |  | left.off |',
      '| bright | X_Y |  |  | bright, anew |',
    ]);
  });
});
