/** The actor system: who is there, in which state, and what runs for whom. */

import { memo } from 'preact/compat';
import { useMemo, useState } from 'preact/hooks';
import { type ActorBranch, actorBranches } from '../actor-tree.js';
import type { Moment } from '../moment.js';
import { stateWords } from '../state-words.js';

/** With more actors than this, a box to search in is worth its place. */
const SEARCHED_FROM = 12;

export function ActorsPanel(props: {
  readonly moment: Moment;
  /** The name of the chosen actor. */
  readonly chosen: string;
  readonly onChoose: (name: string) => void;
}) {
  const { moment, chosen, onChoose } = props;
  const [wanted, setWanted] = useState('');
  const branches = useMemo(() => actorBranches(moment.seen), [moment.seen]);
  const shown = branches.filter(({ actor }) => actor.line.name.includes(wanted.trim()));
  return (
    <section class="panel actors" aria-labelledby="actors-title">
      <header>
        <h2 id="actors-title">Actors</h2>
        <span class="faint">{branches.length}</span>
        {branches.length > SEARCHED_FROM && (
          <input
            type="search"
            aria-label="Find an actor"
            placeholder="find, such as node-7"
            value={wanted}
            onInput={({ currentTarget }) => setWanted(currentTarget.value)}
          />
        )}
      </header>
      <ul class="body">
        {shown.map((branch) => (
          <ActorRow
            key={branch.actor.line.sessionId}
            branch={branch}
            isChosen={branch.actor.line.name === chosen}
            hasChanged={hasChanged(branch, moment)}
            onChoose={onChoose}
          />
        ))}
      </ul>
    </section>
  );
}

interface ActorRowProps {
  readonly branch: ActorBranch;
  readonly isChosen: boolean;
  readonly hasChanged: boolean;
  /** The same function always. */
  readonly onChoose: (name: string) => void;
}

/** Of a thousand, few are others at the next moment; the others are not drawn anew. */
const ActorRow = memo((props: ActorRowProps) => {
  const { branch, isChosen, hasChanged, onChoose } = props;
  const { actor, depth, tasks } = branch;
  const { line, snapshot } = actor;
  const isFailed = snapshot.status === 'error';
  return (
    <li class={depth === 0 ? 'root' : undefined}>
      <button
        type="button"
        class={`actor ${isFailed ? 'failed' : ''} ${hasChanged ? 'changed' : ''}`}
        aria-current={isChosen ? 'true' : undefined}
        onClick={() => onChoose(line.name)}
      >
        <strong>{line.name}</strong>
        <span class="states">
          {isFailed && <em>failed: {snapshot.error}</em>}
          {snapshot.value !== undefined &&
            stateWords(snapshot.value).map((words) => <span key={words}>{words}</span>)}
          {tasks.map((task, index) => (
            <span key={`${task} ${index}`} class="task">
              {task}…
            </span>
          ))}
        </span>
      </button>
    </li>
  );
}, looksTheSame);

function looksTheSame(a: ActorRowProps, b: ActorRowProps): boolean {
  return (
    a.branch.actor === b.branch.actor &&
    a.branch.depth === b.branch.depth &&
    a.branch.tasks.join() === b.branch.tasks.join() &&
    a.isChosen === b.isChosen &&
    a.hasChanged === b.hasChanged
  );
}

/** Whether it became another by the chosen message. */
function hasChanged({ actor }: ActorBranch, { before }: Moment): boolean {
  if (before === null) return false;
  const known = before.actors.get(actor.line.sessionId);
  if (known === actor) return false;
  return JSON.stringify(known?.snapshot.value) !== JSON.stringify(actor.snapshot.value);
}
