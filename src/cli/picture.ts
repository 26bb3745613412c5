/**
 * The picture of a machine: every node with its cores side by side, the threads of a core one
 * below the other, each CPU with its id and the mark of its owner. Text from a reply, no more.
 */

import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { parseCpuList } from '../core/cpu-list.js';
import { cpusOf, subtractCpus } from '../core/cpu-set.js';
import type { TopologyNode } from '../protocol/reply.js';
import type { PoolName } from '../protocol/wire-fields.js';
import { formatMemory } from '../words/sizes.js';
import { type CpuMark, cpuMarker, SYMBOLS, type SymbolName, type Topology } from './owners.js';
import type { Terminal } from './terminal.js';
import { trimLines } from './wrap-text.js';

/** Some lines of text and their width. */
interface Block {
  readonly lines: readonly string[];
  readonly width: number;
}

/** A core ready to be drawn: for each thread its CPU and mark. */
type DrawnCore = readonly { readonly cpu: number; readonly mark: CpuMark }[];

/** Blanks between nodes that stand side by side. */
const NODE_GAP = 2;
const KEY_GAP = '   ';
/** A cell has a blank at each side, and its border at one. */
const CELL_EDGES = 3;

/**
 * Draws the nodes, and below them what the symbols mean. The letters are explained by a table of
 * the same owners (`claims-table.ts`).
 *
 * @param pool shows the CPUs held in the other pool without their owners
 */
export function drawPicture(topology: Topology, terminal: Terminal, pool?: PoolName): string {
  const marker = cpuMarker(topology, pool);
  const nodes = topology.nodes.map((node) => ({
    node,
    cores: coresOf(node).map((cpus) => cpus.map((cpu) => ({ cpu, mark: marker(cpu) }))),
  }));
  const all = nodes.flatMap(({ cores }) => cores.flat());
  const idWidth = widest(all.map(({ cpu }) => `${cpu}`));
  const markWidth = widest(all.map(({ mark }) => mark.text));
  const cellOf = (core: DrawnCore) =>
    core
      .map(({ cpu, mark }) => {
        const id = `${cpu}`.padStart(idWidth);
        return `${id} ${terminal.paint(mark.tone, mark.text.padEnd(markWidth))}`;
      })
      .join('\n');
  const cellWidth = idWidth + 1 + markWidth + CELL_EDGES;
  const blocks = nodes.map(({ node, cores }): Block => {
    const heading = headingOf(node);
    const box = drawBox(cores.map(cellOf), cellWidth, terminal.columns);
    const lines = [terminal.paint('strong', heading), ...box.lines];
    return { lines, width: Math.max(heading.length, box.width) };
  });
  const symbols = new Set(all.flatMap(({ mark }) => mark.symbol ?? []));
  return trimLines(
    [...packBlocks(blocks, terminal.columns), ...keyOf(symbols, terminal.columns)].join('\n'),
  );
}

/** The cores of a node, by their lowest CPU; each CPU that is offline stands for itself. */
function coresOf(node: TopologyNode): number[][] {
  const offline = subtractCpus(parseCpuList(node.cpus), parseCpuList(node.online_cpus));
  const cores = node.cores.map((core) => cpusOf(parseCpuList(core)));
  for (const cpu of cpusOf(offline)) cores.push([cpu]);
  return cores.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

function headingOf({ node_id, is_present, memory_kb, cpus }: TopologyNode): string {
  if (node_id === null) return 'in no node';
  const facts: string[] = [];
  if (!is_present) facts.push('gone; what is held there stays on record');
  if (memory_kb !== null) facts.push(formatMemory(memory_kb));
  if (cpus === '') facts.push('no CPU');
  return [`node ${node_id}`, facts.join(', ')].join('  ').trimEnd();
}

/** The cells of a node in a box, in as many rows as it takes, the rows evenly filled. */
function drawBox(cells: readonly string[], cellWidth: number, columns: number): Block {
  if (cells.length === 0) return { lines: [], width: 0 };
  const perRowMax = Math.max(1, Math.floor((columns - 1) / cellWidth));
  const rowCount = Math.ceil(cells.length / perRowMax);
  const perRow = Math.ceil(cells.length / rowCount);
  const table = new Table({ style: { head: [], border: [] } });
  for (let at = 0; at < cells.length; at += perRow) {
    table.push([...cells.slice(at, at + perRow)]);
  }
  return { lines: table.toString().split('\n'), width: perRow * cellWidth + 1 };
}

/** Puts blocks side by side as long as they fit, then below each other. */
function packBlocks(blocks: readonly Block[], columns: number): string[] {
  const lines: string[] = [];
  let row: Block[] = [];
  let rowWidth = 0;
  const closeRow = () => {
    const height = row.reduce((most, block) => Math.max(most, block.lines.length), 0);
    for (let at = 0; at < height; at++) {
      let line = '';
      let width = 0;
      for (const block of row) {
        line += ' '.repeat(Math.max(0, width - visibleLength(line))) + (block.lines[at] ?? '');
        width += block.width + NODE_GAP;
      }
      lines.push(line);
    }
    row = [];
    rowWidth = 0;
  };
  for (const block of blocks) {
    if (row.length > 0 && rowWidth + NODE_GAP + block.width > columns) closeRow();
    rowWidth += block.width + (row.length > 0 ? NODE_GAP : 0);
    row.push(block);
  }
  closeRow();
  return lines;
}

/** What the symbols in the picture mean, on as few lines as it takes. */
function keyOf(symbols: ReadonlySet<SymbolName>, columns: number): string[] {
  const lines: string[] = [];
  for (const [name, { symbol, means }] of Object.entries(SYMBOLS)) {
    if (![...symbols].some((used) => used === name)) continue;
    const entry = `${symbol} ${means}`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + KEY_GAP.length + entry.length <= columns) {
      lines[lines.length - 1] = last + KEY_GAP + entry;
    } else {
      lines.push(entry);
    }
  }
  return lines;
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, text.length), 0);
}

/** The length of a line without its colours. */
function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}
