/** What the fault suite cannot do without. */

import { execFileSync } from 'node:child_process';

/**
 * Fails the suite with what is missing, before its first test: a suite that skips what it cannot
 * do shows nothing.
 */
export function requireTools(): void {
  before(() => {
    const missing: string[] = [];
    if (process.getuid?.() !== 0) missing.push('root, to mount file systems and to trace');
    for (const [tool, debianPackage] of [
      ['strace', 'strace'],
      ['mount', 'mount'],
    ] as const) {
      try {
        execFileSync('which', [tool]);
      } catch {
        missing.push(`${tool} (Debian: apt-get install ${debianPackage})`);
      }
    }
    if (missing.length > 0) throw new Error(`the fault suite needs ${missing.join('; ')}`);
  });
}
