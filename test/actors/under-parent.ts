/** A parent that only listens, for actors that report to one. */

import {
  type ActorRefFrom,
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
  type InputFrom,
  type InspectionEvent,
  type SimulatedClock,
  spawnChild,
} from 'xstate';

/** What a machine is started with beside its input. */
interface Surroundings {
  readonly clock: SimulatedClock;
  readonly inspect: (event: InspectionEvent) => void;
}

/**
 * Starts a machine as a child.
 *
 * @returns the child, and what it reported so far, its failure included
 */
export function startUnderParent<Report extends EventObject, Logic extends AnyStateMachine>(
  logic: Logic,
  input: InputFrom<Logic>,
  surroundings: Surroundings,
): { readonly child: ActorRefFrom<Logic>; readonly reports: Report[] } {
  const reports: Report[] = [];
  const parent = createActor(
    createMachine({
      entry: spawnChild(logic, { id: 'child', input }),
      on: { '*': { actions: ({ event }) => reports.push(event as Report) } },
    }),
    surroundings,
  ).start();
  return { child: parent.getSnapshot().children['child'] as ActorRefFrom<Logic>, reports };
}
