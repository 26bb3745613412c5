/** How this program was called, so that a line printed for copying works when it is pasted. */

import { basename, relative } from 'node:path';

/** What a shell would call the program, wherever it is installed. */
export const PROGRAM = 'epa-orchestrator';

/**
 * What to type before the command, in the directory `cwd`.
 *
 * @param script the path of the program that runs (`process.argv[1]`)
 */
export function programCall(script = process.argv[1] ?? PROGRAM, cwd = process.cwd()): string {
  if (script.includes('/node_modules/.bin/')) return `npx ${PROGRAM}`;
  if (basename(script) === PROGRAM) return PROGRAM;
  const inside = relative(cwd, script);
  const path = quoted(inside.startsWith('..') ? script : inside);
  return script.endsWith('.ts') ? `npx tsx ${path}` : `node ${path}`;
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
