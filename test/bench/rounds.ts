/** Runs all cells in rounds, each with the limits of the moment beside it. */

import { join } from 'node:path';
import {
  allCells,
  askAs,
  type Cell,
  type Extent,
  isDurable,
  MODES,
  measure,
  nameOf,
  runCell,
  type Sample,
} from './cells.js';
import {
  type ColdStart,
  measureColdStart,
  measureIdle,
  measureInspected,
  measureMemory,
  measureScans,
  type Pair,
} from './extras.js';
import { measureLoneChanges } from './lone-changes.js';
import { type BenchMachine, MIDDLE, SMALL } from './machines.js';
import { MeasuredDaemon, MeasuredProcess } from './measured-process.js';
import { measurePlacements } from './placements.js';
import { type BareWrites, hasAim, type LimitedSample, type Measurements } from './results.js';
import { runLoad, type Tools } from './tools.js';

/** What is measured, and for how long. */
export interface Plan {
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  /** Only cells with such a name. */
  readonly only: RegExp;
  readonly hasExtras: boolean;
  /** Is scanned as often as may be. */
  readonly scanned: BenchMachine;
  /** Over which memory is watched. */
  readonly requestCount: number;
  readonly say: (text: string) => void;
}

/** About the size of a small state file. */
const BARE_WRITE_BYTES = 1_000;

/** The processes of a run. */
interface Running {
  readonly daemons: ReadonlyMap<string, MeasuredDaemon>;
  readonly bareServer: MeasuredProcess;
}

/**
 * Before anything counts, each process is asked so many times the length of a measurement, for each thing
 * that is measured: a daemon lives for weeks, and Node.js compiles for seconds what it runs for the first
 * time.
 */
const WARM_UP_FACTOR = 10;
const WARM_UP_CLIENTS = 16;

/**
 * What an aim is for is measured so many times longer, and the limits beside it: in a fifth of a second
 * a garbage collection more or less is a tenth.
 */
const AIM_FACTOR = 4;

/** Cold starts a round; each is over in a moment. */
const STARTS = 3;

/** Measures everything, once all is warm. */
export async function runRounds(tools: Tools, plan: Plan): Promise<Measurements> {
  const cells = allCells().filter((cell) => plan.only.test(nameOf(cell)));
  const running = await start(tools, cells, plan);
  const found = {
    cells: new Map<string, LimitedSample[]>(),
    bareServer: new Map<string, Sample[]>(),
    bareWrites: { oneUs: [], twinUs: [], roomUs: [] } as BareWrites,
    idle: [] as Pair[],
    inspected: [] as Pair[],
    coldStarts: [] as ColdStart[],
  };
  try {
    plan.say('warming up');
    await warmUp(tools, running, cells, plan);
    for (let round = 1; round <= plan.rounds; round++) {
      plan.say(`round ${round} of ${plan.rounds}`);
      for (const group of grouped(cells)) await runGroup(tools, running, group, plan, found);
      if (!plan.hasExtras) continue;
      const daemon = running.daemons.get(MIDDLE.name);
      if (daemon === undefined) continue;
      found.idle.push(await measureIdle(tools, daemon, plan.seconds));
      found.inspected.push(await measureInspected(tools, daemon, plan.seconds));
      for (let count = 0; count < STARTS; count++) {
        found.coldStarts.push(await measureColdStart(tools, found.coldStarts.length));
      }
    }
  } finally {
    await Promise.all([...running.daemons.values(), running.bareServer].map((one) => one.end()));
  }
  if (!plan.hasExtras) return { ...found, memory: null, scans: null, placements: [], changes: [] };
  plan.say('placements, changes, scans and memory');
  const placements = measurePlacements(plan.scanned);
  const changes = await measureLoneChanges();
  const usage = await measureScans(tools, plan.scanned, plan.seconds * 30);
  const scans = { ...usage, machine: plan.scanned.name };
  return {
    ...found,
    scans,
    placements,
    changes,
    memory: await measureMemory(tools, plan.requestCount),
  };
}

async function start(tools: Tools, cells: readonly Cell[], { hasExtras }: Plan): Promise<Running> {
  const machines = new Set(cells.map(({ machine }) => machine));
  if (hasExtras) machines.add(MIDDLE);
  const daemons = new Map<string, MeasuredDaemon>();
  for (const machine of machines) {
    const daemon = await MeasuredDaemon.start(tools, `daemon-${daemons.size}`, machine);
    daemons.set(machine.name, daemon);
  }
  const paths = [barePath(tools, 'single'), barePath(tools, 'session')];
  const bareServer = new MeasuredProcess(tools, 'bare', [tools.bareServer, ...paths]);
  for (const path of paths) await bareServer.answers(path);
  return { daemons, bareServer };
}

async function warmUp(
  tools: Tools,
  { daemons, bareServer }: Running,
  cells: readonly Cell[],
  plan: Plan,
): Promise<void> {
  const extent = { seconds: plan.seconds * WARM_UP_FACTOR };
  const warming = cells.map((cell) => ({ ...cell, clients: WARM_UP_CLIENTS }));
  for (const cell of new Map(warming.map((cell) => [nameOf(cell), cell])).values()) {
    const daemon = daemons.get(cell.machine.name);
    if (daemon !== undefined) await runCell(tools, daemon, cell, extent);
  }
  for (const mode of MODES) {
    await askBare(tools, bareServer, { mode, clients: WARM_UP_CLIENTS }, extent);
  }
}

/** Cells that differ in their machine alone. */
function grouped(cells: readonly Cell[]): Cell[][] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.mode} ${cell.clients} ${cell.action}`;
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()];
}

async function runGroup(
  tools: Tools,
  { daemons, bareServer }: Running,
  group: readonly Cell[],
  plan: Plan,
  found: {
    readonly cells: Map<string, LimitedSample[]>;
    readonly bareServer: Map<string, Sample[]>;
    readonly bareWrites: BareWrites;
  },
): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const { mode, clients, action } = first;
  const seconds = plan.seconds * (hasAim(first) ? AIM_FACTOR : 1);
  const measureBare = async () => {
    const sample = await askBare(tools, bareServer, first, { seconds });
    put(found.bareServer, `${mode}, ${clients} clients`, sample);
    return sample.requestsPerS;
  };
  const bareBefore = await measureBare();
  let bareWriteUs = 0;
  if (isDurable(action) && clients === 1) {
    bareWriteUs = await bareWrite(tools, seconds, 1, 'new');
    found.bareWrites.oneUs.push(bareWriteUs);
    found.bareWrites.twinUs.push(await bareWrite(tools, seconds, 2, 'new'));
    found.bareWrites.roomUs.push(await bareWrite(tools, seconds, 2, 'room'));
  }
  const samples = new Map<Cell, Sample>();
  for (const cell of group) {
    const daemon = daemons.get(cell.machine.name);
    if (daemon !== undefined) samples.set(cell, await runCell(tools, daemon, cell, { seconds }));
  }
  const limit = (bareBefore + (await measureBare())) / 2;
  for (const [cell, sample] of samples) {
    put(found.cells, nameOf(cell), {
      ...sample,
      ofBareServer: sample.requestsPerS / limit,
      ofBareWrite: bareWriteUs === 0 ? 0 : sample.p50Us / bareWriteUs,
    });
  }
}

/** The bare server, asked as a cell is; what is asked is all the same to it. */
async function askBare(
  tools: Tools,
  bareServer: MeasuredProcess,
  { mode, clients }: Pick<Cell, 'mode' | 'clients'>,
  extent: Extent,
): Promise<Sample> {
  const cell: Cell = { action: 'list', clients, mode, machine: SMALL };
  const { sample } = await measure(bareServer, () =>
    askAs(tools, barePath(tools, mode), cell, extent),
  );
  return sample;
}

/** p50 of a bare durable write of as many copies, in microseconds. */
async function bareWrite(
  tools: Tools,
  seconds: number,
  copies: number,
  how: 'new' | 'room',
): Promise<number> {
  const what = [String(BARE_WRITE_BYTES), `${copies}`, how];
  const sample = await runLoad(tools, 'write', tools.directory, String(seconds), ...what);
  return sample.p50Ns / 1e3;
}

function barePath({ directory }: Tools, mode: Cell['mode']): string {
  return join(directory, `bare-${mode}.sock`);
}

function put<V>(map: Map<string, V[]>, key: string, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
