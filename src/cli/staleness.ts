/** What a person must know who looks at a machine that cannot be read at present. */

import type { SysfsTrouble } from '../protocol/reply.js';
import type { Terminal } from './terminal.js';
import { wrapText } from './wrap-text.js';

/** A warning that what follows is old; empty while the machine can be read. */
export function staleness(problem: SysfsTrouble | null, { columns, paint }: Terminal): string {
  if (problem === null) return '';
  const why = `${problem.path}: ${problem.reason}`;
  const text = `old: the machine cannot be read (${why}); what it was like before is this`;
  return paint('bad', wrapText(text, columns));
}
