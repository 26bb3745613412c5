/** What hooks ask of snapd, by its tool `snapctl`. */

import { execFileSync } from 'node:child_process';
import { messageOf } from '../core/quoting.js';

/** snapd does not answer, or not as it should. */
export class SnapctlError extends Error {
  override readonly name = 'SnapctlError';
}

/**
 * The options of those names, as the JSON document that snapd has of them; what is not set is
 * missing. There is no way to ask for all: `snapctl get` wants names.
 */
export function getOptions(names: readonly string[]): unknown {
  const text = snapctl('get', '-d', ...names);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SnapctlError(`cannot understand snapctl get -d: ${messageOf(error)}`);
  }
}

/** Whether a service of the snap runs now; a user may have stopped or disabled it. */
export function isRunning(service: string): boolean {
  // A header, then lines of: service, startup, current, notes.
  const rows = snapctl('services', service)
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return rows.some(([name, , current]) => name === service && current === 'active');
}

/**
 * Has a service reload, by its `reload-command`. Within the hook `configure` snapd does so when the
 * hook has succeeded.
 */
export function reload(service: string): void {
  snapctl('restart', '--reload', service);
}

function snapctl(...words: string[]): string {
  try {
    return execFileSync('snapctl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error
        ? String(error.stderr)
            .trim()
            .replace(/^error: /, '')
        : '';
    throw new SnapctlError(`snapctl ${words[0]} failed: ${said || messageOf(error)}`);
  }
}
