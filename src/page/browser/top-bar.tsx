/** What is looked at, at which moment, and what can be done with all of it. */

import { timeOf } from '../../recording/seen.js';
import type { Moment } from '../moment.js';
import type { SequenceRow } from '../sequence-rows.js';
import { clockTime } from '../state-words.js';
import type { SourceState } from './line-source.js';

export function TopBar(props: {
  readonly state: SourceState;
  readonly moment: Moment;
  readonly chosen: SequenceRow | null;
  readonly onLive: () => void;
  readonly onHelp: () => void;
}) {
  const { state, moment, chosen, onLive, onHelp } = props;
  const { source, recording } = state;
  const version = moment.seen.inspection?.daemon_version;
  return (
    <header class="top">
      <h1>
        epa-orchestrator <span class="faint">{version}</span>
      </h1>
      <span class="source" title={source?.name}>
        <bdi dir="ltr">
          {source?.kind === 'file' ? 'recording ' : ''}
          {source?.name}
        </bdi>
      </span>
      <span class="when" role="status">
        {chosen === null ? (
          <Present state={state} moment={moment} />
        ) : (
          <>
            <strong class="past">
              ◀ as it was at {clockTime(timeOf(recording.at(chosen.first)))}
            </strong>
            <button type="button" onClick={onLive}>
              {source?.kind === 'file' ? 'To the end' : 'Back to now'} (Esc)
            </button>
          </>
        )}
      </span>
      <a class="button" href="recording" download>
        Save recording
      </a>
      <button type="button" aria-label="Help" onClick={onHelp}>
        ?
      </button>
    </header>
  );
}

function Present({ state, moment }: { readonly state: SourceState; readonly moment: Moment }) {
  if (state.source?.kind === 'file') return <>the end of the recording</>;
  const isLive = state.isConnected && moment.seen.end === null;
  return isLive ? <span class="live">● live</span> : <span class="stale">○ not live</span>;
}
