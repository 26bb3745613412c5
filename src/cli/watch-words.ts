/** A line of a watch in the words of a person. */

import type { WatchLine } from '../client/watch-lines.js';
import { visible } from '../core/quoting.js';
import { holds, sayingOf } from '../words/event-words.js';
import type { Terminal } from './terminal.js';

/** What a line says; what is lost, or troubles, stands out. */
export function wordsOf(line: WatchLine, { paint }: Terminal): string {
  switch (line.type) {
    case 'snapshot':
      if (line.allocations.length === 0) return 'the watch begins; none of them holds a CPU';
      return line.allocations
        .map((allocation) => `${visible(allocation.service_name)} ${holds(allocation)}`)
        .join('\n          ');
    case 'overrun':
      return paint('bad', `the daemon cut this watch off: ${visible(line.reason)}`);
    case 'unknown':
      return `${visible(line.name)} (a newer daemon says; look with --json)`;
    default: {
      const { text, tone } = sayingOf(line);
      return tone === 'plain' ? text : paint(tone, text);
    }
  }
}
