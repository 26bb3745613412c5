import { expect } from 'chai';
import { createMachine } from 'xstate';
import { statechartOf } from '../../src/inspect/statechart.js';
import { mermaidOf } from '../../src/inspect/statechart-mermaid.js';
import { madeUpMachine } from '../inspect/made-up-machine.js';

/** Lines of the diagram that have an arrow, without what is around them. */
function arrowsOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line.includes(' --> '));
}

const madeUp = mermaidOf(statechartOf(madeUpMachine));

describe('a diagram of a statechart', () => {
  it('puts each state inside the one around it, and a line between regions', () => {
    const shape = madeUp.split('\n').filter((line) => / as \w+( \{)?$|^ *(\}|--)$/.test(line));
    expect(shape).to.deep.equal([
      '  state "waiting" as made_up_waiting',
      '  state "working" as made_up_working {',
      '    state "left" as made_up_working_left {',
      '      state "first" as made_up_working_left_first',
      '      state "second" as the_second',
      '      state "anywhere in working" as made_up_working_left_anywhere_in_working',
      '      state "to ended" as made_up_working_left_to_ended',
      '    }',
      '    --',
      '    state "right" as made_up_working_right {',
      '      state "busy" as made_up_working_right_busy',
      '      state "done" as made_up_working_right_done',
      '      state "again (history)" as made_up_working_right_again',
      '      state "everything (deep history)" as made_up_working_right_everything',
      '      state "anywhere in working" as made_up_working_right_anywhere_in_working',
      '      state "to paused" as made_up_working_right_to_paused',
      '    }',
      '  }',
      '  state "paused" as made_up_paused',
      '  state "ended" as made_up_ended',
      '  state "in any state" as made_up_in_any_state',
    ]);
  });

  it('joins neighbours with arrows, and leads from others by signposts', () => {
    expect(arrowsOf(madeUp)).to.deep.equal([
      '[*] --> made_up_working_left_first',
      'made_up_working_left_anywhere_in_working --> the_second : SKIP',
      'made_up_working_left_first --> the_second : go on#58; now',
      'made_up_working_left_first --> made_up_working_left_to_ended : STOP',
      'the_second --> [*]',
      '[*] --> made_up_working_right_busy',
      'made_up_working_right_anywhere_in_working --> made_up_working_right_done : SKIP',
      'made_up_working_right_busy --> made_up_working_right_done : DONE',
      'made_up_working_right_busy --> made_up_working_right_to_paused : PAUSE',
      'made_up_working_right_done --> [*]',
      '[*] --> made_up_waiting',
      'made_up_in_any_state --> made_up_waiting : RESET',
      'made_up_waiting --> made_up_working : [not isReady]',
      'made_up_waiting --> made_up_waiting : after 2 s',
      'made_up_waiting --> made_up_ended : after patience (1500 ms)',
      'made_up_waiting --> made_up_working : after mood<br/>[a condition]',
      'made_up_working --> made_up_ended : working done<br/>or helper failed<br/>or inline done',
      'made_up_paused --> made_up_working : RESUME (to again)',
      'made_up_working --> made_up_ended : from first',
      'made_up_working --> made_up_paused : from busy',
      'made_up_ended --> [*]',
    ]);
  });

  it('draws a machine that has regions as one state', () => {
    const machine = createMachine({ id: 'two', type: 'parallel', states: { one: {}, other: {} } });
    expect(mermaidOf(statechartOf(machine)).split('\n')).to.deep.equal([
      'stateDiagram-v2',
      '  state "two" as two {',
      '    state "one" as two_one',
      '    --',
      '    state "other" as two_other',
      '  }',
    ]);
  });

  it('tells signposts to states of one name apart', () => {
    const on = { LEFT: '#m.left.off', RIGHT: '#m.right.off' };
    const machine = createMachine({
      id: 'm',
      initial: 'left',
      states: {
        left: { initial: 'off', states: { off: {} } },
        right: { initial: 'off', states: { off: {} } },
        middle: { initial: 'lamp', states: { lamp: { on } } },
      },
    });
    expect(
      arrowsOf(mermaidOf(statechartOf(machine))).filter((line) => line.includes('middle')),
    ).to.deep.equal([
      '[*] --> m_middle_lamp',
      'm_middle_lamp --> m_middle_to_left_off : LEFT',
      'm_middle_lamp --> m_middle_to_right_off : RIGHT',
      'm_middle --> m_left : from lamp (to left#46;off)',
      'm_middle --> m_right : from lamp (to right#46;off)',
    ]);
  });

  it('takes no name for syntax, and no two names for one', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a b',
      states: {
        'a b': { on: { 'x: "1"; #2 <b>_*_ -->': 'a_b' } },
        a_b: { on: { A_B: 'a b', _a_: 'a b' } },
      },
    });
    expect(mermaidOf(statechartOf(machine)).split('\n')).to.deep.equal([
      'stateDiagram-v2',
      '  state "a b" as m_a_b',
      '  state "a_b" as m_a_b_2',
      '  [*] --> m_a_b',
      '  m_a_b --> m_a_b_2 : x#58; #34;1#34;#59; #35;2 #60;b#62;#95;#42;#95; #45;#45;#62;',
      '  m_a_b_2 --> m_a_b : A_B<br/>or #95;a#95;',
    ]);
  });
});
