/** What a suite cannot do without. */

import { execFileSync } from 'node:child_process';

/**
 * Fails a suite with what is missing, before its first test: a suite that skips what it cannot do
 * shows nothing.
 *
 * @param suite as in `the fault suite`
 * @param whyRoot what it needs root for
 * @param tools program → the Debian package that has it
 */
export function requireRootAnd(
  suite: string,
  whyRoot: string,
  tools: Readonly<Record<string, string>>,
): void {
  before(() => {
    const missing: string[] = [];
    if (process.getuid?.() !== 0) missing.push(`root, ${whyRoot}`);
    for (const [tool, debianPackage] of Object.entries(tools)) {
      try {
        execFileSync('which', [tool]);
      } catch {
        missing.push(`${tool} (Debian: apt-get install ${debianPackage})`);
      }
    }
    if (missing.length > 0) throw new Error(`${suite} needs ${missing.join('; ')}`);
  });
}
