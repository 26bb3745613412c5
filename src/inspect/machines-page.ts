/**
 * The text of `docs/machines.md`: every state machine of `actors`, with what its file says of it, a
 * diagram, and a table of all that happens in each state. Made from the machines themselves.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machinesBelow } from './machines-below.js';
import { type Statechart, statechartOf } from './statechart.js';
import { mermaidOf } from './statechart-mermaid.js';
import { tableOf } from './statechart-table.js';

const INTRO = `# The state machines

Generated from \`actors\` by \`npm run docs\`; a test fails while this page is out of date.

In the diagrams, an arrow says what is heard, and in brackets the guard that must hold; an arrow
that has only a guard is taken as soon as it holds. Dashed frames are regions, which are in one of
their states each, all at once. A dashed box (\`to stopped\`) stands for a state that is drawn
elsewhere. What is done without going to another state is only in the tables, which have everything:
rows of one state are tried from the top, a state's own before those of the states around it, and
those for one actor before those for any.
`;

/** Reads `actors` below `root`, and writes the page. */
export async function machinesPage(root: string): Promise<string> {
  const sections = (await machinesBelow(root)).map(({ machine, fileName }) => {
    const header = headerOf(readFileSync(join(root, 'actors', fileName), 'utf8'));
    return sectionOf(statechartOf(machine), fileName, header);
  });
  return [INTRO, ...sections].join('\n');
}

function sectionOf(chart: Statechart, fileName: string, header: string): string {
  return `## ${chart.id}

${header}

Its definition: [actors/${fileName}](../actors/${fileName}).

\`\`\`mermaid
${mermaidOf(chart)}
\`\`\`

${tableOf(chart)}
`;
}

/** The words of the comment that a file begins with. */
function headerOf(source: string): string {
  const comment = /^\/\*\*(.*?)\*\//s.exec(source)?.[1] ?? '';
  return comment.replace(/^\s*\* ?/gm, '').trim();
}
