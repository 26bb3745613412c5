/** The keys, and what is what. */

import type { RefObject } from 'preact';

const KEYS = [
  ['↑ ↓', 'in the messages: the one before, the next; everything shows how it was then'],
  ['Page Up, Page Down', 'in the messages: a screenful'],
  ['Home, End', 'in the messages: the first, the last'],
  ['Esc', 'back to what happens now'],
  ['Tab', 'to the next panel or button'],
  ['?', 'this help'],
] as const;

export function HelpDialog({ dialog }: { readonly dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog ref={dialog} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p>
        An actor’s states are lit where it is in them, and marked ●. The machine shows each CPU as
        the actors own it at that moment, which may be before it is on disk. A recording has names
        of services, CPUs, hugepages and states; no users.
      </p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
