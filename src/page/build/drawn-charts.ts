/** The charts of all state machines, as the page draws them. */

import { coordinatorMachine } from '../../../actors/coordinator.js';
import { numaNodeMachine } from '../../../actors/numa-node.js';
import { scannerMachine } from '../../../actors/scanner.js';
import { storeMachine } from '../../../actors/store.js';
import { type Statechart, statechartOf } from '../../inspect/statechart.js';
import { guardWords } from '../../inspect/statechart-words.js';
import type { DrawnChart } from '../drawn-chart.js';
import { layoutOf } from './chart-layout.js';
import { toldBeside } from './chart-words.js';

const MACHINES = [coordinatorMachine, scannerMachine, storeMachine, numaNodeMachine];

/** Lays all of them out; the same machines give the same charts. */
export async function drawnCharts(): Promise<DrawnChart[]> {
  return Promise.all(MACHINES.map((machine) => drawn(statechartOf(machine))));
}

async function drawn(chart: Statechart): Promise<DrawnChart> {
  return {
    id: chart.id,
    layout: await layoutOf(chart),
    told: toldBeside(chart),
    transitions: chart.transitions.map(({ from, to, event, guard }) => ({
      from,
      to,
      event: event ?? '',
      guard: guard === null ? null : guardWords(guard),
    })),
  };
}
