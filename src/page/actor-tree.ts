/** The actors as people look for them: those that stay, and what each has running for it. */

import type { Seen, SeenActor } from '../recording/seen.js';

/** An actor that stays, and those that it started for one task. */
export interface ActorBranch {
  readonly actor: SeenActor;
  readonly depth: number;
  /** Names of promises that run for it, such as `readVitals`. */
  readonly tasks: readonly string[];
}

/** All state machines: each below the one that made it, nodes by their number. */
export function actorBranches({ actors }: Seen): ActorBranch[] {
  const made = new Map<string | null, SeenActor[]>();
  for (const actor of actors.values()) {
    const { parentId } = actor.line;
    const others = made.get(parentId);
    if (others === undefined) made.set(parentId, [actor]);
    else others.push(actor);
  }
  const inside = (parentId: string | null, depth: number): ActorBranch[] =>
    (made.get(parentId) ?? [])
      .filter(({ line }) => line.definition !== null)
      .sort((a, b) => compareActors(a.line.name, b.line.name))
      .flatMap((actor) => {
        const { sessionId } = actor.line;
        const tasks = (made.get(sessionId) ?? [])
          .filter(({ line }) => line.definition === null)
          .map(({ line }) => line.name);
        return [{ actor, depth, tasks }, ...inside(sessionId, depth + 1)];
      });
  return inside(null, 0);
}

/** The order of names of actors, and of services beside them: `node-2` before `node-10`. */
export const compareActors = new Intl.Collator('en', { numeric: true }).compare;

/** The id of the state machine that an actor runs; `null` of one that is none. */
export function machineIdOf({ line }: SeenActor): string | null {
  if (line.definition === null) return null;
  const definition: unknown = JSON.parse(line.definition);
  const isNamed = typeof definition === 'object' && definition !== null && 'id' in definition;
  return isNamed ? String(definition.id) : null;
}
