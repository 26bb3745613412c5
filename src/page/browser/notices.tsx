/** What whoever looks must know before they believe what they see. */

import type { Moment } from '../moment.js';
import { clockTime } from '../state-words.js';
import type { SourceState } from './line-source.js';

export function Notices({
  state,
  moment,
}: {
  readonly state: SourceState;
  readonly moment: Moment;
}) {
  const notices = noticesOf(state, moment);
  if (notices.length === 0) return null;
  return (
    <ul class="notices" role="alert">
      {notices.map((notice) => (
        <li key={notice}>{notice}</li>
      ))}
    </ul>
  );
}

function noticesOf({ source, isConnected }: SourceState, { seen }: Moment): string[] {
  const notices: string[] = [];
  if (source !== null && !isConnected && source.kind === 'live') {
    notices.push(
      'The command that serves this page does not answer: it has ended, or is far away. ' +
        'What was recorded stays here; it cannot be saved any more unless the command answers again.',
    );
  }
  if (seen.end !== null) {
    const time = clockTime(Date.parse(seen.end.time));
    notices.push(`Since ${time} nothing is heard of the daemon: ${seen.end.reason}.`);
  }
  const daemon = seen.picture?.daemon;
  if (daemon?.state === 'read-only') {
    notices.push(`Nothing can be stored: ${daemon.store_problem}.`);
  }
  if (daemon !== undefined && daemon.sysfs_problem !== null) {
    const { path, reason } = daemon.sysfs_problem;
    notices.push(`The machine cannot be read (${path}: ${reason}); what is shown of it is old.`);
  }
  return notices;
}
