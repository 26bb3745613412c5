import { expect } from 'chai';
import { createActor, SimulatedClock } from 'xstate';
import { coordinatorMachine } from '../../actors/coordinator.js';
import { numaNodeMachine } from '../../actors/numa-node.js';
import { scannerMachine } from '../../actors/scanner.js';
import { storeMachine } from '../../actors/store.js';
import { type ChartState, statechartOf } from '../../src/inspect/statechart.js';
import { guardWords, triggerWords } from '../../src/inspect/statechart-words.js';
import { madeUpMachine } from './made-up-machine.js';

const chart = statechartOf(madeUpMachine);
const named = (name: string) => ({ name, isInline: false });

function stateOf(id: string): ChartState {
  const state = chart.states.find((other) => other.id === id);
  if (state === undefined) throw new Error(`there is no ${id}`);
  return state;
}

function transitionsFrom(id: string) {
  return chart.transitions.filter(({ from }) => from === id);
}

describe('a statechart', () => {
  it('has every state, with what is around it and what is entered first', () => {
    const rows = chart.states.map(({ id, type, parent, initial }) => [id, type, parent, initial]);
    expect(rows).to.deep.equal([
      ['made-up', 'compound', null, 'made-up.waiting'],
      ['made-up.waiting', 'atomic', 'made-up', null],
      ['made-up.working', 'parallel', 'made-up', null],
      ['made-up.working.left', 'compound', 'made-up.working', 'made-up.working.left.first'],
      ['made-up.working.left.first', 'atomic', 'made-up.working.left', null],
      ['the second', 'final', 'made-up.working.left', null],
      ['made-up.working.right', 'compound', 'made-up.working', 'made-up.working.right.busy'],
      ['made-up.working.right.busy', 'atomic', 'made-up.working.right', null],
      ['made-up.working.right.done', 'final', 'made-up.working.right', null],
      // Of history states: where they lead the first time.
      [
        'made-up.working.right.again',
        'history',
        'made-up.working.right',
        'made-up.working.right.busy',
      ],
      [
        'made-up.working.right.everything',
        'history',
        'made-up.working.right',
        'made-up.working.right.busy',
      ],
      ['made-up.paused', 'atomic', 'made-up', null],
      ['made-up.ended', 'final', 'made-up', null],
    ]);
    expect(stateOf('the second').key).to.equal('second');
    expect(stateOf('made-up.working.right.again').history).to.equal('shallow');
    expect(stateOf('made-up.working.right.everything').history).to.equal('deep');
  });

  it('says what a state does, without the timers that xstate adds', () => {
    const { entry, exit, tags, description } = stateOf('made-up.waiting');
    expect(entry).to.deep.equal([named('tidy'), { name: 'assign', isInline: true }]);
    expect(exit).to.deep.equal([named('count')]);
    expect(tags).to.deep.equal(['quiet']);
    expect(description).to.equal('Nobody has come yet.');
    expect(stateOf('made-up').entry).to.deep.equal([named('begin')]);
    expect(stateOf('made-up.working.left').initialActions).to.deep.equal([named('begin')]);
  });

  it('names invoked actors by what they are called in the definition', () => {
    expect(stateOf('made-up.working').invokes).to.deep.equal([
      { id: '0.made-up.working', name: 'fetch', logic: 'fetch' },
      { id: 'helper', name: 'helper', logic: 'fetch' },
      { id: '2.made-up.working', name: 'inline', logic: null },
    ]);
  });

  it('has every transition, with what triggers it, and where it leads', () => {
    const rows = chart.transitions.map(({ from, trigger, to }) => [
      from,
      triggerWords(trigger),
      ...to,
    ]);
    expect(rows).to.deep.equal([
      ['made-up', 'RESET', 'made-up.waiting'],
      ['made-up', 'any sensor event'],
      ['made-up', 'any event'],
      ['made-up', 'any actor failed'],
      ['made-up.waiting', 'at once', 'made-up.working'],
      ['made-up.waiting', 'at once'],
      ['made-up.waiting', 'RESET'],
      ['made-up.waiting', 'after 2 s', 'made-up.waiting'],
      ['made-up.waiting', 'after patience (1500 ms)', 'made-up.ended'],
      ['made-up.waiting', 'after mood', 'made-up.working'],
      ['made-up.working', 'SKIP', 'the second', 'made-up.working.right.done'],
      ['made-up.working', 'working done', 'made-up.ended'],
      ['made-up.working', 'fetch done'],
      ['made-up.working', 'fetch changed'],
      ['made-up.working', 'helper failed', 'made-up.ended'],
      ['made-up.working', 'inline done', 'made-up.ended'],
      ['made-up.working.left.first', 'go on: now', 'the second'],
      ['made-up.working.left.first', 'STOP', 'made-up.ended'],
      ['made-up.working.right.busy', 'DONE', 'made-up.working.right.done'],
      ['made-up.working.right.busy', 'PAUSE', 'made-up.paused'],
      ['made-up.paused', 'RESUME', 'made-up.working.right.again'],
    ]);
  });

  it('says all of one transition', () => {
    expect(transitionsFrom('made-up.waiting').at(-1)).to.deep.equal({
      from: 'made-up.waiting',
      to: ['made-up.working'],
      event: 'xstate.after.mood.made-up.waiting',
      trigger: { kind: 'after', delay: 'mood', ms: null },
      guard: { kind: 'inline' },
      actions: [named('tidy'), { name: 'function', isInline: true }],
      isReentering: false,
      description: 'Starts over.',
    });
    expect(transitionsFrom('made-up')[0]?.isReentering).to.equal(true);
  });

  it('takes guards apart that are made of others', () => {
    const guards = transitionsFrom('made-up.waiting').map(({ guard }) => guard);
    expect(guards.slice(0, 3)).to.deep.equal([
      { kind: 'not', of: [{ kind: 'named', name: 'isReady' }] },
      {
        kind: 'and',
        of: [
          { kind: 'or', of: [{ kind: 'named', name: 'isReady' }, { kind: 'inline' }] },
          { kind: 'named', name: 'isAllowed' },
        ],
      },
      null,
    ]);
    expect(guards.flatMap((guard) => (guard === null ? [] : guardWords(guard)))).to.deep.equal([
      'not isReady',
      '(isReady or a condition) and isAllowed',
      'a condition',
    ]);
  });

  it('is the same after the machine has run', () => {
    const before = JSON.stringify(chart);
    const actor = createActor(madeUpMachine, { clock: new SimulatedClock() }).start();
    actor.send({ type: 'SKIP' });
    expect(actor.getSnapshot().status).to.equal('done');
    expect(JSON.stringify(statechartOf(madeUpMachine))).to.equal(before);
  });

  for (const machine of [
    madeUpMachine,
    coordinatorMachine,
    numaNodeMachine,
    scannerMachine,
    storeMachine,
  ]) {
    describe(`of ${machine.id}`, () => {
      const { states, transitions } = statechartOf(machine);

      it('is JSON', () => {
        const text = JSON.stringify({ states, transitions });
        expect(JSON.parse(text)).to.deep.equal({ states, transitions });
      });

      it('refers only to states that are there', () => {
        const ids = new Set(states.map(({ id }) => id));
        const named = [
          ...states.flatMap(({ parent, initial }) => [parent, initial]),
          ...transitions.flatMap(({ from, to }) => [from, ...to]),
        ];
        expect(named.filter((id) => id !== null && !ids.has(id))).to.deep.equal([]);
        expect(ids.size).to.equal(states.length);
      });

      it('hears the events that the machine says it hears', () => {
        const doing = transitions.filter(({ to, actions }) => to.length + actions.length > 0);
        const heard = doing.flatMap(({ event }) => event ?? []);
        expect([...new Set(heard)].sort()).to.deep.equal([...machine.events].sort());
      });
    });
  }
});
