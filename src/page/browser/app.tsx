/** The page as a whole: one moment of the recording, shown from all sides. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Recording } from '../../recording/recording.js';
import type { Moment } from '../moment.js';
import { type SequenceRow, SequenceRows } from '../sequence-rows.js';
import { ActorsPanel } from './actors-panel.js';
import { ChartPanel } from './chart-panel.js';
import { HelpDialog } from './help-dialog.js';
import { LineSource, type SourceState } from './line-source.js';
import { MachinePanel } from './machine-panel.js';
import { Notices } from './notices.js';
import { SequencePanel } from './sequence-panel.js';
import { TopBar } from './top-bar.js';

/** On a narrow screen one of them is shown at a time. */
const TABS = ['actors', 'chart', 'machine', 'messages'] as const;
type Tab = (typeof TABS)[number];

export function App() {
  const state = useLines();
  const [choice, setChoice] = useState<SequenceRow | null>(null);
  const chosenFrom = useRef(state.recording);
  const [actorName, setActorName] = useState('coordinator');
  const [tab, setTab] = useState<Tab>('messages');
  const help = useRef<HTMLDialogElement>(null);
  const { recording } = state;
  const { first, end } = recording;
  const sequence = useMemo(() => new SequenceRows(), [recording]);
  sequence.read(recording);
  // What was chosen may have had to go, or be of a recording before, with numbers of its own.
  const isThere = chosenFrom.current === recording && choice !== null && choice.first >= first;
  const chosen = isThere ? choice : null;
  const choose = (row: SequenceRow | null) => {
    chosenFrom.current = recording;
    setChoice(row);
  };
  // A moment of the past stays as it was, once all is told of what came of the chosen message.
  const shownEnd = chosen === null ? end : chosen.last + 1;
  const moment = useMemo(
    () => momentOf(recording, chosen, shownEnd),
    [recording, chosen, shownEnd],
  );
  useKeys({ Escape: () => choose(null), '?': () => help.current?.showModal() });
  const chooseActor = useCallback((name: string) => {
    setActorName(name);
    setTab('chart');
  }, []);
  return (
    <div class="app" data-tab={tab}>
      <TopBar
        state={state}
        moment={moment}
        chosen={chosen}
        onLive={() => choose(null)}
        onHelp={() => help.current?.showModal()}
      />
      <Notices state={state} moment={moment} />
      <nav class="tabs" aria-label="Panels">
        {TABS.map((name) => (
          <button key={name} type="button" aria-pressed={name === tab} onClick={() => setTab(name)}>
            {name}
          </button>
        ))}
      </nav>
      <main>
        <ActorsPanel moment={moment} chosen={actorName} onChoose={chooseActor} />
        <ChartPanel moment={moment} name={actorName} />
        <MachinePanel moment={moment} />
        <SequencePanel sequence={sequence} end={end} chosen={chosen} onChoose={choose} />
      </main>
      <HelpDialog dialog={help} />
    </div>
  );
}

function momentOf(recording: Recording, chosen: SequenceRow | null, end: number): Moment {
  const before = chosen === null ? null : recording.seenBefore(chosen.first);
  return { seen: recording.seenBefore(end), before };
}

/** The lines that came so far; draws anew when more have come. */
function useLines(): SourceState {
  const [, setCount] = useState(0);
  const [source] = useState(() => new LineSource(() => setCount((count) => count + 1)));
  return source.state;
}

/** Keys that mean the same wherever the focus is, but where text is written. */
function useKeys(meanings: Readonly<Record<string, () => void>>): void {
  const latest = useRef(meanings);
  latest.current = meanings;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const isWriting = event.target instanceof HTMLInputElement && event.key !== 'Escape';
      if (!isWriting && !event.ctrlKey && !event.metaKey) latest.current[event.key]?.();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
