/** The charts of all state machines, as the page draws them. */

import { fileURLToPath } from 'node:url';
import { machinesBelow } from '../../inspect/machines-below.js';
import { type Statechart, statechartOf } from '../../inspect/statechart.js';
import { guardWords } from '../../inspect/statechart-words.js';
import type { DrawnChart } from '../drawn-chart.js';
import { layoutOf } from './chart-layout.js';
import { toldBeside } from './chart-words.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Lays all of them out; the same machines give the same charts. */
export async function drawnCharts(): Promise<DrawnChart[]> {
  const machines = await machinesBelow(ROOT);
  return Promise.all(machines.map(({ machine }) => drawn(statechartOf(machine))));
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
