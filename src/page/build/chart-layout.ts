/**
 * Where everything of a statechart is drawn: states inside states, arrows with right angles, and
 * their labels. Made when the project is built, by a program for layouts; what comes out is plain
 * numbers. The same chart gives the same layout.
 *
 * What is done without going to another state is not drawn but told beside the drawing: such loops
 * would hide the rest.
 */

import elk, {
  type ElkExtendedEdge,
  type ElkNode,
  type LayoutOptions,
} from 'elkjs/lib/elk.bundled.js';
import type { ChartState, Statechart } from '../../inspect/statechart.js';
import {
  type Box,
  type ChartLayout,
  LINE_HEIGHT,
  type PlacedArrow,
  type PlacedState,
  type Point,
} from '../drawn-chart.js';
import { type DrawnWay, drawnWays, lineOfState } from './chart-words.js';

/** Wider than almost any letter is on average, so that text stays within its box. */
const CHARACTER_WIDTH = 6.6;
const PADDING = 8;
const NAME_HEIGHT = 18;
const DOT_SIZE = 10;

const OPTIONS: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.randomSeed': '1',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'LINEAR_SEGMENTS',
  'elk.layered.thoroughness': '30',
};

const SPACING: LayoutOptions = {
  'elk.spacing.nodeNode': '10',
  'elk.spacing.edgeNode': '8',
  'elk.spacing.edgeEdge': '8',
  'elk.spacing.edgeLabel': '3',
  'elk.spacing.labelLabel': '6',
  'elk.layered.spacing.nodeNodeBetweenLayers': '10',
  'elk.layered.spacing.edgeNodeBetweenLayers': '7',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '7',
};

/** The panel that a drawing shall fit into, as large as possible. */
const PANEL = { width: 715, height: 330 };

/** Lays a chart out, downwards or to the right, whichever is larger in the panel. */
export async function layoutOf(chart: Statechart): Promise<ChartLayout> {
  const down = await layoutTowards(chart, 'DOWN');
  const right = await layoutTowards(chart, 'RIGHT');
  return scaleOf(right) > scaleOf(down) ? right : down;
}

function scaleOf({ width, height }: ChartLayout): number {
  return Math.min(PANEL.width / width, PANEL.height / height);
}

async function layoutTowards(chart: Statechart, direction: string): Promise<ChartLayout> {
  const [machine] = chart.states;
  if (machine === undefined) {
    return { width: 0, height: 0, states: [], beginnings: [], arrows: [] };
  }
  const ways = drawnWays(chart);
  const graph = {
    ...nodeOf(machine, chart, direction),
    layoutOptions: {
      ...OPTIONS,
      ...SPACING,
      'elk.direction': direction,
      'elk.padding': padding(6, 6),
    },
    edges: [...chart.states.flatMap(beginningOf), ...ways.map(edgeOf)],
  };
  const placed = await new elk.default().layout(graph);
  const nodes = new Map(allNodes(placed).map((node) => [node.id, node]));
  const edges = new Map((placed.edges ?? []).map((edge) => [edge.id, edge]));
  return {
    width: Math.ceil(placed.width ?? 0),
    height: Math.ceil(placed.height ?? 0),
    states: chart.states.slice(1).map((state) => placedState(state, nodes.get(state.id), chart)),
    beginnings: chart.states.flatMap((state) => {
      const dot = nodes.get(dotId(state));
      if (dot === undefined) return [];
      const radius = DOT_SIZE / 2;
      const { x, y } = boxOf(dot);
      return [{ x: x + radius, y: y + radius, radius, points: pointsOf(edges.get(dotId(state))) }];
    }),
    arrows: ways.map((way, index) => placedArrow(way, edges.get(wayId(index)))),
  };
}

function nodeOf(state: ChartState, chart: Statechart, direction: string): ElkNode {
  const children = chart.states.filter(({ parent }) => parent === state.id);
  const lines = linesOf(state);
  // In front of the name of an active state is a dot.
  const width = textWidth([`● ${state.key}`, ...lines]) + 2 * PADDING;
  const head = NAME_HEIGHT + lines.length * LINE_HEIGHT;
  if (children.length === 0) return { id: state.id, width, height: head + PADDING };
  const dot = { id: dotId(state), width: DOT_SIZE, height: DOT_SIZE };
  return {
    id: state.id,
    children: [
      ...(hasBeginning(state) ? [dot] : []),
      ...children.map((child) => nodeOf(child, chart, direction)),
    ],
    layoutOptions: {
      ...SPACING,
      'elk.direction': direction,
      'elk.padding': padding(head + PADDING, PADDING + 2),
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width}, ${head + PADDING})`,
    },
  };
}

/** What is done in a state, as long as it is not the machine as a whole. */
function linesOf(state: ChartState): string[] {
  return state.parent === null ? [] : lineOfState(state);
}

function hasBeginning({ type, initial }: ChartState): boolean {
  return type === 'compound' && initial !== null;
}

function beginningOf(state: ChartState): ElkExtendedEdge[] {
  if (!hasBeginning(state) || state.initial === null) return [];
  return [{ id: dotId(state), sources: [dotId(state)], targets: [state.initial] }];
}

function edgeOf({ from, to, lines }: DrawnWay, index: number): ElkExtendedEdge {
  const label = {
    text: lines.join('\n'),
    width: textWidth(lines) + 4,
    height: lines.length * LINE_HEIGHT,
  };
  return {
    id: wayId(index),
    sources: [from],
    targets: [to],
    labels: lines.length === 0 ? [] : [label],
  };
}

function placedState(state: ChartState, node: ElkNode | undefined, chart: Statechart): PlacedState {
  const parent = chart.states.find(({ id }) => id === state.parent);
  const isCompound = state.type === 'compound' || state.type === 'parallel';
  const shape =
    parent?.type === 'parallel'
      ? 'region'
      : isCompound
        ? 'compound'
        : state.type === 'final'
          ? 'final'
          : 'atomic';
  return { id: state.id, name: state.key, shape, lines: linesOf(state), ...boxOf(node) };
}

function placedArrow(
  { transitions, lines }: DrawnWay,
  edge: ElkExtendedEdge | undefined,
): PlacedArrow {
  const [label] = edge?.labels ?? [];
  return {
    transitions,
    points: pointsOf(edge),
    label: label === undefined ? null : { lines, ...boxOf(label) },
  };
}

function pointsOf(edge: ElkExtendedEdge | undefined): Point[] {
  return (edge?.sections ?? []).flatMap(({ startPoint, bendPoints, endPoint }) =>
    [startPoint, ...(bendPoints ?? []), endPoint].map(({ x, y }): Point => [round(x), round(y)]),
  );
}

type Shape = { x?: number; y?: number; width?: number; height?: number };

function boxOf(shape: Shape | undefined): Box {
  const { x = 0, y = 0, width = 0, height = 0 } = shape ?? {};
  return { x: round(x), y: round(y), width: round(width), height: round(height) };
}

function allNodes(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(allNodes)];
}

function textWidth(lines: readonly string[]): number {
  return Math.ceil(Math.max(0, ...lines.map(({ length }) => length)) * CHARACTER_WIDTH);
}

function padding(top: number, rest: number): string {
  return `[top=${top},left=${rest},bottom=${rest},right=${rest}]`;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}

const dotId = ({ id }: ChartState) => `beginning of ${id}`;
const wayId = (index: number) => `way ${index}`;
