/** The messages. */
import type { Recording } from '../../recording/recording.js';

export interface RowChoice {
  readonly first: number;
  readonly last: number;
}

export function SequencePanel(_: {
  readonly recording: Recording;
  readonly end: number;
  readonly chosen: RowChoice | null;
  readonly onChoose: (choice: RowChoice | null) => void;
}) {
  return <section class="panel sequence" />;
}
