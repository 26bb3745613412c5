/** The charts of the page: all of every machine is drawn or told, and nothing over anything else. */

import { expect } from 'chai';
import { coordinatorMachine } from '../../actors/coordinator.js';
import { scannerMachine } from '../../actors/scanner.js';
import { statechartOf } from '../../src/inspect/statechart.js';
import { drawnCharts } from '../../src/page/build/drawn-charts.js';
import { activeStates, type Box, type DrawnChart, placesOf } from '../../src/page/drawn-chart.js';

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('the charts of the page', () => {
  let charts: DrawnChart[];

  before(async () => {
    charts = await drawnCharts();
  });

  it('are of all machines', () => {
    expect(charts.map(({ id }) => id)).to.have.members([
      'coordinator',
      'scanner',
      'store',
      'numa-node',
    ]);
  });

  it('are the same each time', async () => {
    expect(await drawnCharts()).to.deep.equal(charts);
  });

  it('have every transition: drawn, or told beside', () => {
    for (const { id, layout, told, transitions } of charts) {
      const drawn = layout.arrows.flatMap(({ transitions: places }) => places);
      const beside = told.flatMap((state) => state.told.map(({ index }) => index));
      const all = [...new Set([...drawn, ...beside])].sort((a, b) => a - b);
      expect(all, id).to.deep.equal(transitions.map((_, index) => index));
    }
  });

  it('have every state of the machine, inside of the one around it', () => {
    const { states } = statechartOf(coordinatorMachine);
    const layout = charts.find(({ id }) => id === 'coordinator')?.layout;
    const places = new Map(layout?.states.map((state) => [state.id, state]));
    for (const { id, parent } of states.slice(1)) {
      const [place, around] = [places.get(id), places.get(parent ?? '')];
      expect(place, id).not.to.equal(undefined);
      if (place === undefined || around === undefined) continue;
      expect(place.x, id).to.be.at.least(around.x);
      expect(place.x + place.width, id).to.be.at.most(around.x + around.width);
      expect(place.y + place.height, id).to.be.at.most(around.y + around.height);
    }
  });

  it('have no label over another, nor over a state without others inside', () => {
    for (const { id, layout } of charts) {
      const labels = layout.arrows.flatMap(({ label }) => (label === null ? [] : [label]));
      const boxes = layout.states.filter(({ shape }) => shape === 'atomic' || shape === 'final');
      labels.forEach((label, index) => {
        const others = [...labels.slice(index + 1), ...boxes];
        expect(
          others.filter((other) => overlap(label, other)),
          `${id}: ${label.lines}`,
        ).to.deep.equal([]);
      });
    }
  });

  it('light the states that an actor is in, from the outermost on', () => {
    const chart = charts.find(({ id }) => id === 'scanner') as DrawnChart;
    const value = { schedule: 'idle', demand: { refreshing: 'looking' } };
    expect([...activeStates(chart, value)]).to.deep.equal([
      'scanner.schedule',
      'scanner.schedule.idle',
      'scanner.demand',
      'scanner.demand.refreshing',
      'scanner.demand.refreshing.looking',
    ]);
    const known = statechartOf(scannerMachine).states.map(({ id }) => id);
    for (const id of activeStates(chart, value)) expect(known).to.include(id);
    expect(activeStates(chart, undefined)).to.deep.equal(new Set());
  });

  it('find the transitions that were taken, and none of another version', () => {
    const chart = charts.find(({ id }) => id === 'store') as DrawnChart;
    const taken = {
      from: 'store.writing',
      to: ['store.writing'],
      event: 'WRITTEN',
      guard: 'hasMoreWaiting',
    };
    const [place = -1, ...others] = placesOf(chart, [taken]);
    expect(others).to.deep.equal([]);
    expect(chart.transitions[place]).to.deep.equal(taken);
    expect(placesOf(chart, [{ ...taken, guard: 'another' }])).to.deep.equal(new Set());
  });
});
