/** A small machine that has a bit of everything that a statechart can have. */

import { and, assign, fromPromise, not, or, setup } from 'xstate';

export const madeUpMachine = setup({
  types: { context: {} as { count: number } },
  actors: { fetch: fromPromise(() => Promise.resolve(1)) },
  delays: { patience: 1_500, mood: ({ context }) => context.count },
  guards: {
    isReady: ({ context }) => context.count > 0,
    isAllowed: (_, params: { limit: number }) => params.limit > 0,
  },
  actions: {
    begin: () => undefined,
    tidy: () => undefined,
    count: (_, _params: { by: number }) => {},
  },
}).createMachine({
  id: 'made-up',
  context: { count: 0 },
  entry: 'begin',
  initial: 'waiting',
  on: {
    RESET: { target: '.waiting', reenter: true },
    'sensor.*': { actions: { type: 'count', params: { by: 1 } } },
    '*': { actions: () => undefined },
    'xstate.error.actor.*': { actions: 'tidy' },
  },
  states: {
    waiting: {
      description: 'Nobody has come yet.',
      tags: ['quiet'],
      entry: ['tidy', assign({ count: 0 })],
      exit: { type: 'count', params: { by: 1 } },
      always: [
        { guard: not('isReady'), target: 'working' },
        { guard: and([or(['isReady', () => true]), { type: 'isAllowed', params: { limit: 1 } }]) },
      ],
      after: {
        patience: 'ended',
        mood: {
          guard: () => true,
          target: 'working',
          actions: ['tidy', () => undefined],
          description: 'Starts over.',
        },
        2000: 'waiting',
      },
      on: { RESET: undefined },
    },
    working: {
      type: 'parallel',
      invoke: [
        { src: 'fetch', onDone: { actions: 'tidy' }, onSnapshot: { actions: 'tidy' } },
        { id: 'helper', src: 'fetch', onError: 'ended' },
        { src: fromPromise(() => Promise.resolve(2)), onDone: 'ended' },
      ],
      onDone: 'ended',
      on: { SKIP: { target: ['.left.second', '.right.done'] } },
      states: {
        left: {
          initial: { target: 'first', actions: 'begin' },
          states: {
            first: { on: { 'go on: now': '#the second', STOP: '#made-up.ended' } },
            second: { id: 'the second', type: 'final' },
          },
        },
        right: {
          initial: 'busy',
          states: {
            busy: { on: { DONE: 'done', PAUSE: '#made-up.paused' } },
            done: { type: 'final' },
            again: { type: 'history', target: 'busy' },
            everything: { type: 'history', history: 'deep' },
          },
        },
      },
    },
    paused: { on: { RESUME: '#made-up.working.right.again' } },
    ended: { type: 'final' },
  },
});
