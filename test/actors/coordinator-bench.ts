/**
 * The coordinator with the real machines of its children, on a machine and a disk that are
 * plain values of the test.
 */

import { expect } from 'chai';
import { createActor, type InspectionEvent, SimulatedClock } from 'xstate';
import { coordinatorMachine } from '../../actors/coordinator.js';
import type { CoordinatorEmission, CoordinatorInput } from '../../actors/coordinator-events.js';
import { diskLogic } from '../../actors/disk.js';
import { nodeActorId, numaNodeMachine } from '../../actors/numa-node.js';
import { type Scan, scannerMachine } from '../../actors/scanner.js';
import { storeMachine } from '../../actors/store.js';
import type { Caller } from '../../src/core/caller.js';
import { wantedFor } from '../../src/core/coordination.js';
import type { MachineRequest } from '../../src/core/decide.js';
import { Holdings } from '../../src/core/holdings.js';
import type { MachineFacts, VitalSigns, Wanted } from '../../src/core/machine.js';
import { parsePoolLists } from '../../src/core/pools.js';
import { DEFAULT_SIZE_HEURISTIC } from '../../src/core/size-heuristic.js';
import type { NodeSlice } from '../../src/core/slices.js';
import type { Snapshot, Write } from '../../src/core/snapshot.js';
import { isRefusal, type Refusal } from '../../src/protocol/error-codes.js';
import type { Reply } from '../../src/protocol/reply.js';
import { ROOT } from '../core/callers.js';
import { ByHand, quiet } from './by-hand.js';
import { readableClaims, readableHoldings, readableUnion, vitalsOf } from './sketches.js';

export interface BenchOptions extends Partial<Pick<CoordinatorInput, 'holdings' | 'homes'>> {
  readonly facts: MachineFacts;
  /** CPU list of the general pool. */
  readonly general?: string;
  readonly inspect: (event: InspectionEvent) => void;
  /** Machines in place of the real ones. */
  readonly numaNode?: typeof numaNodeMachine;
  readonly scanner?: typeof scannerMachine;
  readonly store?: typeof storeMachine;
}

/** A coordinator under test. Unless told otherwise, reads and writes end well by themselves. */
export class CoordinatorBench {
  /** What sysfs shows; a test that changes the machine puts another one here. */
  facts: MachineFacts;
  /** Why sysfs cannot be read, if it cannot. */
  fault: Error | null = null;
  /** What is on disk. */
  disk: Snapshot | null = null;
  readonly clock = new SimulatedClock();
  readonly scans = new ByHand<Scan, unknown>(() => this.#scan());
  readonly looks = new ByHand<VitalSigns, Wanted>((wanted) => this.#look(wanted));
  readonly writes = new ByHand<number, Write>((write) => this.#put(write));
  readonly emitted: CoordinatorEmission[] = [];
  /** Replies in the order in which they left. */
  readonly replies: { readonly ticketId: number; readonly outcome: Reply | Refusal }[] = [];
  readonly coordinator;
  /** Why the coordinator failed, once it did. */
  failure: unknown = null;
  #lastTicketId = 0;
  #generation = 0;

  constructor(options: BenchOptions) {
    this.facts = options.facts;
    const { scanner = scannerMachine, store = storeMachine, numaNode = numaNodeMachine } = options;
    const machine = coordinatorMachine.provide({
      actors: {
        numaNode,
        scanner: scanner.provide({
          actors: { readMachine: this.scans.logic, readVitals: this.looks.logic },
        }),
        store: store.provide({ actors: { disk: diskLogic(this.writes.ask) } }),
      },
    });
    this.coordinator = createActor(machine, {
      clock: this.clock,
      inspect: options.inspect,
      systemId: 'coordinator',
      input: {
        sysfsRoot: '/sys',
        settings: {
          rescanIntervalMs: 60_000,
          poolLists: parsePoolLists(options.general ?? ''),
          access: null,
          sizeHeuristic: DEFAULT_SIZE_HEURISTIC,
        },
        holdings: options.holdings ?? Holdings.none,
        homes: options.homes ?? new Map(),
        generation: 0,
        now: () => this.clock.now(),
        random: () => 0,
      },
    });
    this.coordinator.on('*', (emission) => this.emitted.push(emission));
    this.coordinator.on('REPLIES', ({ replies }) => {
      for (const { ticket, outcome } of replies) {
        this.replies.push({ ticketId: ticket.ticketId, outcome });
      }
    });
    this.coordinator.subscribe({
      error: (error) => {
        this.failure = error;
      },
    });
  }

  /** Starts it; resolves when the first scan was heard of. */
  start(): Promise<void> {
    this.coordinator.start();
    return quiet();
  }

  /**
   * Sends a request, and gives back its id.
   *
   * @param look what whoever sends it has seen of the machine
   */
  send(request: MachineRequest, caller: Caller = ROOT, look: VitalSigns | null = null): number {
    const ticketId = ++this.#lastTicketId;
    this.coordinator.send({ type: 'REQUEST', tickets: [{ ticketId, request, caller }], look });
    return ticketId;
  }

  /** What somebody sees who looks at the machine for a request now. */
  glance(request: MachineRequest): VitalSigns {
    return vitalsOf(this.facts, wantedFor([{ ticketId: 0, request, caller: ROOT }]));
  }

  /** Sends a request; resolves with what comes back before all is quiet. */
  async ask(request: MachineRequest, caller: Caller = ROOT): Promise<Reply | Refusal> {
    const ticketId = this.send(request, caller);
    await quiet();
    return this.replyTo(ticketId);
  }

  /** The reply that a request got. */
  replyTo(ticketId: number): Reply | Refusal {
    expect(this.failure, 'the coordinator failed').to.equal(null);
    const replies = this.replies.filter((reply) => reply.ticketId === ticketId);
    expect(replies, `replies to request ${ticketId}`).to.have.length(1);
    return replies[0]?.outcome as Reply | Refusal;
  }

  /** Sends a request and expects that it is granted at once. */
  async granted(request: MachineRequest): Promise<Reply> {
    const outcome = await this.ask(request);
    expect(outcome).not.to.have.property('code');
    return outcome as Reply;
  }

  /** The ids of the requests that were answered, in order. */
  get answered(): number[] {
    return this.replies.map(({ ticketId }) => ticketId);
  }

  /** What came back: the refusal's code, or `granted`, by request id. */
  get verdicts(): Record<number, string> {
    return Object.fromEntries(
      this.replies.map(({ ticketId, outcome }) => [
        ticketId,
        isRefusal(outcome) ? outcome.code : 'granted',
      ]),
    );
  }

  /** From now on, looks at the machine end when the test says so. */
  holdLooks(): void {
    this.looks.respond = null;
  }

  /** Ends the look in flight: the machine is as `facts` say. The next one is the test's again. */
  looked(): Promise<void> {
    return this.looks.last.resolve(this.#look(this.looks.last.input));
  }

  /** The writes that changes asked for: all but the one of the start. */
  get changeWrites() {
    return this.writes.calls.slice(1);
  }

  /** From now on, writes end when the test says so. */
  holdWrites(): void {
    this.writes.respond = null;
  }

  /** Ends the write in flight well; the next one is the test's again. */
  async written(): Promise<void> {
    for (const call of this.writes.open) {
      await call.resolve(this.#put(call.input));
      return;
    }
    throw new Error('no write is in flight');
  }

  /** Lets the write in flight fail. */
  writeFails(reason = 'ENOSPC: no space left on device'): Promise<void> {
    return this.writes.last.reject(new Error(reason));
  }

  /** Lets the write in flight fail after the file was replaced. */
  writeFailsLate(): Promise<void> {
    this.#put(this.writes.last.input);
    return this.writeFails('EIO: fsync of the directory failed');
  }

  /** Ends the scan in flight as the machine is. */
  scanned(): Promise<void> {
    return this.scans.last.resolve(this.#scan());
  }

  /** Lets all writes end well from now on, the one in flight and the next retry included. */
  async recover(): Promise<void> {
    this.writes.respond = (write) => this.#put(write);
    if (this.writes.open.size > 0) await this.written();
    this.clock.increment(10_000);
    await quiet();
  }

  /** Lets reads end well until nothing is to be read; the next ones are the test's again. */
  async readAll(): Promise<void> {
    this.scans.respond = () => this.#scan();
    this.looks.respond = (wanted) => this.#look(wanted);
    if (this.scans.open.size > 0) await this.scanned();
    if (this.looks.open.size > 0) await this.looked();
    await quiet();
    this.scans.respond = null;
    this.looks.respond = null;
  }

  /** Lets all reads and writes end well, those in flight and those that are due later. */
  async recoverAll(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      await this.readAll();
      await this.recover();
    }
  }

  #scan(): Scan {
    if (this.fault !== null) throw this.fault;
    return { facts: this.facts, takenAtMs: 0 };
  }

  #look(wanted: Wanted): VitalSigns {
    if (this.fault !== null) throw this.fault;
    return vitalsOf(this.facts, wanted);
  }

  #put({ next }: Write): number {
    this.disk = next;
    return ++this.#generation;
  }

  /** The states it is in while it serves, by region; otherwise the one state as `state`. */
  get states(): object {
    const { value } = this.coordinator.getSnapshot();
    return typeof value === 'string' ? { state: value } : (value.serving ?? {});
  }

  get context() {
    return this.coordinator.getSnapshot().context;
  }

  /** The types of all that was emitted beside replies. */
  get news(): string[] {
    return this.emitted.map(({ type }) => type).filter((type) => type !== 'REPLIES');
  }

  /** Emissions of one type. */
  emissions<Type extends CoordinatorEmission['type']>(type: Type) {
    return this.emitted.filter(
      (emission): emission is Extract<CoordinatorEmission, { type: Type }> =>
        emission.type === type,
    );
  }

  /** What the living node actors own, by actor id. */
  get slices(): Record<string, NodeSlice> {
    const { children, context: known } = this.coordinator.getSnapshot();
    const slices: Record<string, NodeSlice> = {};
    for (const id of known.nodeIds.map(nodeActorId)) {
      const node = children[id]?.getSnapshot();
      if (node?.status !== 'active') continue;
      if (!('slice' in node.context)) throw new Error(`${id} is no node`);
      slices[id] = node.context.slice;
    }
    return slices;
  }

  /** Who holds which CPUs, by node actor and service. */
  get claims(): Record<string, Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.slices).map(([id, { claims }]) => [id, readableClaims(claims)]),
    );
  }

  /** Expects that coordinator and node actors agree, and the disk with them. */
  expectAgreement(): void {
    this.expectNodesAgree();
    if (this.disk === null) return;
    expect(readableHoldings(this.disk.holdings), 'what is on disk').to.deep.equal(
      readableHoldings(this.context.view.holdings),
    );
  }

  /** Expects that the node actors together hold what the coordinator believes. */
  expectNodesAgree(): void {
    expect(this.failure, 'the coordinator failed').to.equal(null);
    expect(readableUnion(Object.values(this.slices)), 'what the nodes hold').to.deep.equal(
      readableHoldings(this.context.view.holdings),
    );
  }
}
