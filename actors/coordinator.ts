/**
 * The actor that puts requests in order: it asks for fresh facts, decides, tells the nodes, and
 * lets a reply leave when all that it saw is durable. It owns the pools, the size heuristic,
 * forced reallocation across nodes, and which node actors exist.
 */

import { assertEvent, assign, enqueueActions, setup, stopChild } from 'xstate';
import { agrees, dueReplies, reconcile, type Ticket, wantedFor } from '../src/core/coordination.js';
import { isOutdated, withFreshPages } from '../src/core/freshen.js';
import { invariant } from '../src/core/invariant.js';
import type { DevicePlaces, MachineFacts, SysfsProblem, VitalSigns } from '../src/core/machine.js';
import { NO_DEVICES, NO_FACTS, type View, viewOf } from '../src/core/view.js';
import type { Refusal } from '../src/protocol/error-codes.js';
import type {
  CoordinatorContext,
  CoordinatorEmission,
  CoordinatorEvent,
  CoordinatorInput,
  Settings,
} from './coordinator-events.js';
import { decideTickets, ownedSlices, settle, takenBack } from './node-actors.js';
import { nodeActorId, numaNodeMachine } from './numa-node.js';
import { childFailed, notStored } from './refusals.js';
import { scannerMachine } from './scanner.js';
import { type Save, type StoreProblem, storeMachine } from './store.js';

/** More failures of children than this within {@link FORGIVE_MS} end the daemon. */
const RESTARTS_MAX = 10;
const FORGIVE_MS = 60_000;

export const coordinatorMachine = setup({
  types: {
    context: {} as CoordinatorContext,
    events: {} as CoordinatorEvent,
    emitted: {} as CoordinatorEmission,
    input: {} as CoordinatorInput,
  },
  actors: { numaNode: numaNodeMachine, scanner: scannerMachine, store: storeMachine },
  delays: { forgive: FORGIVE_MS },
  guards: {
    nothingIsNew: ({ context }, { look }: { look: VitalSigns | null }) =>
      look !== null &&
      context.sysfsProblem === null &&
      !isOutdated(context.view.facts, look) &&
      withFreshPages(context.view.facts, look) === context.view.facts,
    somebodyWaits: ({ context }) => context.waiting.length > 0,
    nothingIsUnderWay: ({ context }) =>
      context.waiting.length + context.asking.length === 0 &&
      context.undecidedCount + context.pending.length === 0,
    storeFails: ({ context }) => context.storeProblem !== null,
    machineIsLookedAt: ({ context }) =>
      context.view.facts !== NO_FACTS || context.sysfsProblem !== null,
  },
  actions: {
    spawnScanner: enqueueActions(({ context, enqueue }) => {
      const { sysfsRoot, random } = context.input;
      const { rescanIntervalMs } = context.settings;
      const input = { sysfsRoot, rescanIntervalMs, random };
      enqueue.spawnChild('scanner', { id: 'scanner', systemId: 'scanner', input });
    }),
    spawnStore: enqueueActions(({ context, enqueue }) => {
      const { generation, durable } = context;
      const input = { generation, acknowledged: durable, now: context.input.now };
      enqueue.spawnChild('store', { id: 'store', systemId: 'store', input });
    }),
    queue: assign({
      waiting: ({ context }, { tickets }: { tickets: readonly Ticket[] }) =>
        context.waiting.length === 0 ? tickets : [...context.waiting, ...tickets],
    }),
    askForFacts: enqueueActions(({ context, enqueue }) => {
      const { waiting } = context;
      enqueue.assign({ asking: waiting, waiting: [] });
      enqueue.sendTo('scanner', { type: 'FRESHEN', wanted: wantedFor(waiting) });
    }),
    decideAll: enqueueActions(({ context, enqueue, self }) => {
      const { asking } = context;
      // An event of its own: the nodes have heard by then what the facts mean to them.
      enqueue.sendTo(self, { type: 'DECIDE', tickets: asking });
      enqueue.assign({ asking: [], undecidedCount: context.undecidedCount + asking.length });
    }),
    noteFacts: enqueueActions(({ context, enqueue }, { facts }: { facts: MachineFacts | null }) => {
      if (facts === null || facts === context.view.facts) return;
      const view = withFacts(context, facts);
      enqueue.assign({ view });
      enqueue.emit({ type: 'FACTS_CHANGED', view });
    }),
    noteSysfs: enqueueActions(
      ({ context, enqueue }, { problem }: { problem: SysfsProblem | null }) => {
        const known = context.sysfsProblem;
        if (problem?.path === known?.path && problem?.reason === known?.reason) return;
        enqueue.assign({ sysfsProblem: problem });
        if (problem === null) enqueue.emit({ type: 'SYSFS_RECOVERED' });
        else enqueue.emit({ type: 'SYSFS_PROBLEM', problem });
      },
    ),
    noteDevices: assign({
      view: ({ context: { view, pending } }, { devices }: { devices: DevicePlaces }) => {
        // What is pending may have to be decided again, with the devices that it named.
        const known = pending.length === 0 ? NO_DEVICES : view.devices;
        if (devices.size + view.devices.size === 0) return view;
        return { ...view, devices: new Map([...known, ...devices]) };
      },
    }),
    alignNodes: enqueueActions(
      ({ context, enqueue, system }, { isForced }: { isForced: boolean }) => {
        const { view, nodeIds } = context;
        if (!isForced && context.alignedFacts === view.facts) return;
        const owned = ownedSlices(nodeIds, system);
        const { missing, changed } = reconcile(view, owned, isForced);
        // What ended or failed makes room, also where it is not needed any more.
        const ended = nodeIds.filter((nodeId) => !owned.has(nodeId));
        for (const nodeId of ended) enqueue.stopChild(nodeActorId(nodeId));
        // In one assignment: XState copies its list of children for each that is spawned by itself.
        enqueue.assign(({ spawn }) => {
          for (const slice of missing) {
            const id = nodeActorId(slice.nodeId);
            spawn('numaNode', { id, systemId: id, input: slice });
          }
          return {
            alignedFacts: view.facts,
            nodeIds: [...owned.keys(), ...missing.map((slice) => slice.nodeId)],
          };
        });
        for (const slice of changed) {
          enqueue.sendTo(nodeActorId(slice.nodeId), { type: 'SYNC', slice });
        }
        for (const nodeId of ended) {
          if (!missing.some((slice) => slice.nodeId === nodeId)) {
            enqueue.emit({ type: 'NODE_REMOVED', nodeId, view });
          }
        }
      },
    ),
    forgetHomes: assign({ view: ({ context }) => withFacts(context, context.view.facts) }),
    tellReady: enqueueActions(({ context, enqueue }) => {
      enqueue.emit({ type: 'READY', view: context.view });
    }),
    // Heals a damaged copy, takes the older format over, and finds out whether anything can be
    // stored at all, before somebody's change depends on it.
    secure: enqueueActions(({ context, enqueue }) => {
      enqueue.sendTo('store', { type: 'SAVE', save: saveOf(context.view, context.revision) });
      enqueue.raise({ type: 'holdings changed' });
    }),
    reconfigure: enqueueActions(({ context, enqueue }, { settings }: { settings: Settings }) => {
      const { rescanIntervalMs } = settings;
      const view = withFacts({ ...context, settings }, context.view.facts);
      enqueue.assign({ settings, view });
      enqueue.sendTo('scanner', { type: 'SET_INTERVAL', rescanIntervalMs });
      enqueue.emit({ type: 'POOLS_CHANGED', view });
    }),
    decide: enqueueActions(
      (
        { context, enqueue, self, system },
        { tickets, announcedCount }: { tickets: readonly Ticket[]; announcedCount: number },
      ) => {
        const outcome = decideTickets(context, tickets, system);
        // One that a node refuses is not to take others with it.
        for (const ticket of outcome.undecided) {
          enqueue.sendTo(self, { type: 'DECIDE', tickets: [ticket] });
        }
        const undecidedCount = context.undecidedCount - announcedCount + outcome.undecided.length;
        if (undecidedCount !== context.undecidedCount) enqueue.assign({ undecidedCount });
        for (const change of outcome.changes) {
          enqueue.sendTo(nodeActorId(change.nodeId), { type: 'APPLY', change });
        }
        const { pending, revision, emissions } = settle(context, outcome.decided);
        for (const emission of emissions) enqueue.emit(emission);
        if (pending.length > context.pending.length) enqueue.assign({ pending });
        if (revision === context.revision) return;
        enqueue.assign({ view: outcome.view, revision });
        enqueue.sendTo('store', { type: 'SAVE', save: saveOf(outcome.view, revision) });
        enqueue.raise({ type: 'holdings changed' });
      },
    ),
    noteStored: enqueueActions(({ context, event, enqueue, system }) => {
      assertEvent(event, 'STORED');
      const { generation } = event;
      enqueue.assign({ generation });
      if (event.revision <= context.undoneRevision) return;
      const { due, left } = dueReplies(context.pending, event.revision);
      const changes = due.flatMap(({ change }) => (change === null ? [] : [change]));
      if (changes.length > 0) enqueue.emit({ type: 'COMMITTED', changes, generation });
      if (due.length > 0) enqueue.emit({ type: 'REPLIES', replies: due });
      enqueue.assign({ durable: event.snapshot, pending: left, storeProblem: null });
      if (context.storeProblem !== null) enqueue.emit({ type: 'STORE_RECOVERED' });
      if (event.revision !== context.revision) return;
      const { holdings } = event.snapshot;
      invariant(holdings === context.view.holdings, 'what is durable is not what is held');
      const owned = [...ownedSlices(context.nodeIds, system).values()];
      const lost = owned.find((slice) => !agrees(context.view, slice));
      if (lost) invariant(false, `${nodeActorId(lost.nodeId)} lost track of claims`);
      enqueue.raise({ type: 'all stored' });
    }),
    noteStoreProblem: enqueueActions(
      ({ context, enqueue }, { problem }: { problem: StoreProblem }) => {
        const known = context.storeProblem;
        const { reason } = problem;
        enqueue.assign({ storeProblem: { reason, atMs: known?.atMs ?? problem.atMs } });
        if (reason !== known?.reason) enqueue.emit({ type: 'STORE_PROBLEM', problem });
      },
    ),
    undo: enqueueActions(({ context, enqueue, self }, { because }: { because: Refusal }) => {
      const { view, refused, again } = takenBack(context);
      const revision = context.revision + 1;
      const replies = refused.map((ticket) => ({ ticket, outcome: because }));
      if (replies.length > 0) enqueue.emit({ type: 'REPLIES', replies });
      if (again.length > 0) enqueue.sendTo(self, { type: 'DECIDE', tickets: again });
      const undecidedCount = context.undecidedCount + again.length;
      enqueue.assign({ view, revision, undoneRevision: context.revision, undecidedCount });
      enqueue.assign({ pending: [] });
      enqueue.sendTo('store', { type: 'SAVE', save: saveOf(view, revision) });
      const requestCount = refused.length;
      if (requestCount > 0) enqueue.emit({ type: 'UNDONE', because, requestCount });
      enqueue.raise({ type: 'holdings changed' });
    }),
    noteFailure: enqueueActions(
      ({ context, enqueue }, { actorId, error }: { actorId: string; error: unknown }) => {
        const { restartCount } = context;
        invariant(restartCount < RESTARTS_MAX, `${actorId} fails again and again: ${error}`);
        enqueue.assign({ restartCount: restartCount + 1 });
        enqueue.emit({ type: 'CHILD_FAILED', actorId, error });
      },
    ),
    stopScanner: stopChild('scanner'),
    stopStore: stopChild('store'),
    giveUpLook: enqueueActions(({ context, enqueue, self }) => {
      const problem = { path: context.input.sysfsRoot, reason: 'the scanner failed' };
      enqueue.sendTo(self, { type: 'FRESH', facts: null, devices: NO_DEVICES, problem });
    }),
    forgive: assign({ restartCount: 0 }),
  },
}).createMachine({
  id: 'coordinator',
  context: ({ input }) => ({
    input,
    settings: input.settings,
    view: viewOf(NO_FACTS, input.settings, input.homes, input.holdings),
    sysfsProblem: null,
    storeProblem: null,
    nodeIds: [],
    alignedFacts: null,
    waiting: [],
    asking: [],
    undecidedCount: 0,
    pending: [],
    revision: 0,
    durable: { holdings: input.holdings, homes: input.homes },
    generation: input.generation,
    undoneRevision: -1,
    restartCount: 0,
  }),
  entry: ['spawnScanner', 'spawnStore', { type: 'alignNodes', params: { isForced: true } }],
  initial: 'starting',
  on: {
    REQUEST: { actions: { type: 'queue', params: ({ event }) => ({ tickets: event.tickets }) } },
    RECONFIGURE: {
      actions: { type: 'reconfigure', params: ({ event }) => ({ settings: event.settings }) },
    },
    FACTS: {
      actions: [
        { type: 'noteFacts', params: ({ event }) => ({ facts: event.facts }) },
        { type: 'alignNodes', params: { isForced: false } },
        { type: 'noteSysfs', params: { problem: null } },
      ],
    },
    SCAN_FAILED: {
      actions: { type: 'noteSysfs', params: ({ event }) => ({ problem: event.problem }) },
    },
    DECIDE: {
      actions: {
        type: 'decide',
        params: ({ event: { tickets } }) => ({ tickets, announcedCount: tickets.length }),
      },
    },
    STORED: { actions: 'noteStored' },
    STORE_FAILED: {
      actions: [
        { type: 'noteStoreProblem', params: ({ event }) => ({ problem: event.problem }) },
        { type: 'undo', params: ({ event }) => ({ because: notStored(event.problem.reason) }) },
        { type: 'alignNodes', params: { isForced: true } },
      ],
    },
    'xstate.done.actor.*': {
      // A node actor ends when its node is gone and nothing is on record there.
      actions: ['forgetHomes', { type: 'alignNodes', params: { isForced: true } }],
    },
    // A child that fails is made anew from what is durable; what is not is undone.
    'xstate.error.actor.scanner': {
      actions: [
        { type: 'noteFailure', params: ({ event }) => event },
        'stopScanner',
        'spawnScanner',
        'giveUpLook',
      ],
    },
    'xstate.error.actor.store': {
      actions: [
        { type: 'noteFailure', params: ({ event }) => event },
        'stopStore',
        'spawnStore',
        { type: 'undo', params: ({ event }) => ({ because: childFailed(event.actorId) }) },
        { type: 'alignNodes', params: { isForced: true } },
      ],
    },
    'xstate.error.actor.*': {
      actions: [
        { type: 'noteFailure', params: ({ event }) => event },
        { type: 'undo', params: ({ event }) => ({ because: childFailed(event.actorId) }) },
        { type: 'alignNodes', params: { isForced: true } },
      ],
    },
  },
  states: {
    starting: {
      on: { STOP: 'stopped' },
      always: { guard: 'machineIsLookedAt', target: 'serving' },
    },
    serving: {
      entry: ['tellReady', 'secure'],
      type: 'parallel',
      states: {
        facts: {
          initial: 'settled',
          states: {
            settled: {
              always: { guard: 'somebodyWaits', target: 'asking' },
              on: {
                // Who looked found what is known: nobody has to be asked.
                REQUEST: {
                  guard: { type: 'nothingIsNew', params: ({ event }) => ({ look: event.look }) },
                  actions: {
                    type: 'decide',
                    params: ({ event: { tickets } }) => ({ tickets, announcedCount: 0 }),
                  },
                },
              },
            },
            asking: {
              entry: 'askForFacts',
              on: {
                FRESH: {
                  target: 'settled',
                  actions: [
                    { type: 'noteFacts', params: ({ event }) => ({ facts: event.facts }) },
                    { type: 'noteDevices', params: ({ event }) => ({ devices: event.devices }) },
                    { type: 'alignNodes', params: { isForced: false } },
                    { type: 'noteSysfs', params: ({ event }) => ({ problem: event.problem }) },
                    'decideAll',
                  ],
                },
              },
            },
          },
        },
        durability: {
          initial: 'ready',
          states: {
            ready: {
              always: { guard: 'storeFails', target: 'readOnly' },
              on: { 'holdings changed': 'committing' },
            },
            committing: {
              always: { guard: 'storeFails', target: 'readOnly' },
              on: { 'all stored': 'ready' },
            },
            // The store brings the disk to the known state by itself; until then nothing changes.
            readOnly: { on: { 'all stored': 'ready' } },
          },
        },
        life: {
          initial: 'open',
          states: {
            open: {
              on: { STOP: 'stopping' },
              after: { forgive: { target: 'open', reenter: true, actions: 'forgive' } },
            },
            stopping: { always: { guard: 'nothingIsUnderWay', target: '#coordinator.stopped' } },
          },
        },
      },
    },
    stopped: { type: 'final' },
  },
});

function withFacts({ settings, view }: CoordinatorContext, facts: MachineFacts): View {
  return viewOf(facts, settings, view.homes, view.holdings, view.devices);
}

function saveOf(view: View, revision: number): Save {
  return { revision, snapshot: { holdings: view.holdings, homes: view.homes } };
}
