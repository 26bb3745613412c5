/**
 * The coordinator against a plain map: requests, reads and writes that fail, CPUs and nodes that
 * come and go, in any order. What was acknowledged is held, by the nodes and on disk; nothing else.
 */

import { expect } from 'chai';
import fc from 'fast-check';
import { parseCpuList } from '../../src/core/cpu-list.js';
import { cpusOf } from '../../src/core/cpu-set.js';
import type { MachineRequest } from '../../src/core/decide.js';
import type { Holdings } from '../../src/core/holdings.js';
import { isRefusal, type Refusal } from '../../src/protocol/error-codes.js';
import type { Reply } from '../../src/protocol/reply.js';
import { ROOT } from '../core/callers.js';
import { Brittle } from './brittle.js';
import { quiet } from './by-hand.js';
import { CoordinatorBench } from './coordinator-bench.js';
import { useFrozenContexts } from './frozen.js';
import { cores, hugepages, list, numaCores, percent } from './requests.js';
import { sysfsFault } from './scanner-bench.js';
import { machineOf, smallPages } from './sketches.js';

/** Node → its CPUs; three of them, with a gap between their ids. */
const HOMES: Readonly<Record<number, readonly number[]>> = {
  0: [0, 1, 2, 3],
  1: [4, 5, 6, 7],
  8: [8, 9, 10, 11],
};
const NODE_IDS = Object.keys(HOMES).map(Number);

/** What services hold, as one would keep it on paper from the replies that came back. */
class Ledger {
  readonly #cpus = new Map<string, Set<number>>();
  readonly #pages = new Map<string, number>();

  /** Writes down what a granted request means. */
  note(request: MachineRequest, reply: Reply): void {
    if (request.action === 'allocate_hugepages') {
      const key = `${request.serviceName} on ${request.nodeId}`;
      if (request.pageCount === -1) this.#pages.delete(key);
      else this.#pages.set(key, request.pageCount);
    } else if (request.action === 'allocate_numa_cores' && 'numa_node' in reply) {
      const { serviceName, nodeId } = request;
      this.#take(serviceName, HOMES[nodeId] ?? []);
      for (const loss of reply.preempted ?? []) this.#take(loss.service_name, ids(loss.cpus));
      this.#give(serviceName, ids(reply.cores_allocated));
    } else if ('allocated_cores' in reply && 'serviceName' in request) {
      this.#cpus.delete(request.serviceName);
      this.#give(request.serviceName, ids(reply.allocated_cores));
    } else if ('allocations' in reply && 'total_allocations' in reply) {
      const shown = reply.allocations.map((one) => [one.service_name, ids(one.allocated_cores)]);
      expect(Object.fromEntries(shown), 'a list').to.deep.equal(this.readable().cpus);
    }
  }

  /** All that is held. */
  readable() {
    return {
      cpus: Object.fromEntries(
        [...this.#cpus].map(([name, cpus]) => [name, [...cpus].sort((a, b) => a - b)]),
      ),
      pages: Object.fromEntries(this.#pages),
    };
  }

  #give(serviceName: string, cpus: readonly number[]): void {
    for (const cpu of cpus) {
      for (const [owner, held] of this.#cpus) expect(held.has(cpu), owner).to.equal(false);
    }
    if (cpus.length === 0) return;
    this.#cpus.set(serviceName, new Set([...(this.#cpus.get(serviceName) ?? []), ...cpus]));
  }

  #take(serviceName: string, cpus: readonly number[]): void {
    const held = this.#cpus.get(serviceName);
    for (const cpu of cpus) held?.delete(cpu);
    if (held?.size === 0) this.#cpus.delete(serviceName);
  }
}

const ids = (cpuList: string) => cpusOf(parseCpuList(cpuList));

/** Holdings as {@link Ledger.readable} shows them. */
function readable({ claims, pages }: Holdings): ReturnType<Ledger['readable']> {
  return {
    cpus: Object.fromEntries([...claims].map(([name, claim]) => [name, cpusOf(claim.cpus)])),
    pages: Object.fromEntries(
      [...pages].flatMap(([nodeId, records]) =>
        [...records].map(([name, sizes]) => [`${name} on ${nodeId}`, sizes.get(2048) ?? 0]),
      ),
    ),
  };
}

/** The bench, a machine whose parts come and go, and the ledger. */
class Trial {
  readonly host: CoordinatorBench;
  readonly ledger = new Ledger();
  readonly #brittle = new Brittle();
  readonly #requests = new Map<number, MachineRequest>();
  readonly #offlineCpus = new Set<number>();
  readonly #goneNodes = new Set<number>();

  constructor(inspect: ConstructorParameters<typeof CoordinatorBench>[0]['inspect']) {
    this.host = new CoordinatorBench({ facts: this.#facts(), inspect, ...this.#brittle.machines });
    this.host.coordinator.on('REPLIES', ({ replies }) => {
      for (const { ticket, outcome } of replies) this.#hear(ticket.ticketId, outcome);
    });
  }

  async start(): Promise<void> {
    await this.host.start();
    this.host.holdLooks();
    this.host.holdWrites();
    this.host.scans.respond = null;
  }

  /** @param isLooked whether it comes with a look at the machine */
  send(request: MachineRequest, isLooked: boolean): void {
    const look = isLooked ? this.host.glance(request) : null;
    this.#requests.set(this.host.send(request, ROOT, look), request);
  }

  #hear(ticketId: number, outcome: Reply | Refusal): void {
    const request = this.#requests.get(ticketId);
    if (request !== undefined && !isRefusal(outcome)) this.ledger.note(request, outcome);
  }

  /** Lets an actor fail soon, unless the coordinator would give up. */
  breakActor(actorId: string): void {
    if (this.host.context.restartCount < 5) this.#brittle.arm(actorId);
  }

  toggleCpu(cpu: number): void {
    if (!this.#offlineCpus.delete(cpu)) this.#offlineCpus.add(cpu);
    this.host.facts = this.#facts();
  }

  toggleNode(nodeId: number): void {
    if (!this.#goneNodes.delete(nodeId)) this.#goneNodes.add(nodeId);
    this.host.facts = this.#facts();
  }

  #facts() {
    const present = NODE_IDS.filter((nodeId) => !this.#goneNodes.has(nodeId));
    const online = present.flatMap((nodeId) =>
      (HOMES[nodeId] ?? []).filter((cpu) => !this.#offlineCpus.has(cpu)),
    );
    return machineOf(
      Object.fromEntries(
        present.map((nodeId) => [
          nodeId,
          {
            cpus: (HOMES[nodeId] ?? []).filter((cpu) => online.includes(cpu)).join(),
            pages: [smallPages(10)],
          },
        ]),
      ),
      { online: online.join(), isolated: '0-11' },
    );
  }

  /** Expects what holds at every moment. */
  check(): void {
    const { host } = this;
    host.expectNodesAgree();
    const { durable, storeProblem } = host.context;
    expect(readable(durable.holdings), 'durable').to.deep.equal(this.ledger.readable());
    // What a failed write, or the last one of an actor that failed, left behind is overwritten.
    const isSettled = storeProblem === null && host.emissions('CHILD_FAILED').length === 0;
    if (host.disk === null || !(isSettled || isReady(host))) return;
    expect(readable(host.disk.holdings), 'on disk').to.deep.equal(this.ledger.readable());
  }

  /** Lets everything end well, and expects that all is answered and nothing is open. */
  async finish(): Promise<void> {
    const { host } = this;
    await host.recoverAll();
    this.check();
    expect(host.states).to.include({ facts: 'settled' });
    expect(isReady(host)).to.equal(true);
    expect([...host.answered].sort((a, b) => a - b)).to.deep.equal([...this.#requests.keys()]);
    expect(readable(host.context.view.holdings)).to.deep.equal(this.ledger.readable());
    // A node that failed and was not made anew yet is found missing.
    if (!host.news.includes('CHILD_FAILED')) expect(host.news).not.to.include('BUG');
  }
}

/** Whether the disk is said to hold all that is held. */
function isReady({ states }: CoordinatorBench): boolean {
  return 'durability' in states && states.durability === 'ready';
}

interface Step {
  readonly run: (trial: Trial) => unknown;
  readonly [fc.toStringMethod]: () => string;
}

const step = (name: string, run: Step['run']): Step => ({ run, [fc.toStringMethod]: () => name });

const serviceName = fc.constantFrom('a', 'b', 'c', 'd');
const nodeId = fc.constantFrom(...NODE_IDS);
const policy = fc.constantFrom(null, null, null, 'legacy' as const, 'non-preemptive' as const);
const cpuCount = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 8 }));
const cpuCountInNode = fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 4 }));

const request: fc.Arbitrary<MachineRequest> = fc.oneof(
  fc.tuple(serviceName, cpuCount, policy).map(([name, n, of]) => cores(name, n, { policy: of })),
  fc
    .tuple(serviceName, nodeId, cpuCountInNode, policy)
    .map(([name, node, n, of]) => numaCores(name, node, n, { policy: of })),
  fc.tuple(serviceName, fc.constantFrom(-1, 0, 25, 50)).map(([name, n]) => percent(name, n)),
  fc
    .tuple(serviceName, nodeId, fc.constantFrom(-1, 1, 4, 9))
    .map(([name, node, n]) => hugepages(name, node, n)),
  fc.constant(list()),
);

const FAULT = sysfsFault('/sys/devices/system/cpu/online', 'EIO');

/** Reads and writes end only when a step says so; a step without anything to end does nothing. */
const steps = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(request, fc.boolean()).map(([one, isLooked]) => {
      const name = `${JSON.stringify(one)}${isLooked ? ', with a look' : ''}`;
      return step(name, (trial) => trial.send(one, isLooked));
    }),
  },
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      step('look ends', ({ host }) => host.looks.open.size > 0 && host.looked()),
      step('scan ends', ({ host }) => host.scans.open.size > 0 && host.scanned()),
      step('write ends', ({ host }) => host.writes.open.size > 0 && host.written()),
      step('all reads end', ({ host }) => host.readAll()),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      step('look fails', ({ host }) => host.looks.open.size > 0 && host.looks.last.reject(FAULT)),
      step('scan fails', ({ host }) => host.scans.open.size > 0 && host.scans.last.reject(FAULT)),
      step('write fails', ({ host }) => host.writes.open.size > 0 && host.writeFails()),
      step('write fails late', ({ host }) => host.writes.open.size > 0 && host.writeFailsLate()),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc
        .constantFrom(300, 3_000, 60_000)
        .map((ms) => step(`${ms} ms pass`, ({ host }) => host.clock.increment(ms))),
      fc
        .constantFrom('scanner', 'store', 'node-0', 'node-1', 'node-8')
        .map((id) => step(`${id} breaks`, (trial) => trial.breakActor(id))),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.oneof(
      fc.nat({ max: 11 }).map((cpu) => step(`CPU ${cpu}`, (trial) => trial.toggleCpu(cpu))),
      nodeId.map((node) => step(`node ${node}`, (trial) => trial.toggleNode(node))),
    ),
  },
);

describe('the coordinator, whatever happens', () => {
  const inspect = useFrozenContexts();

  it('holds what it acknowledged, in its nodes and on disk, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 150, size: 'max' }), async (all) => {
        const trial = new Trial(inspect);
        await trial.start();
        for (const { run } of all) {
          await run(trial);
          await quiet();
          trial.check();
        }
        await trial.finish();
      }),
      { numRuns: 100 },
    );
  });
});
