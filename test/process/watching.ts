/** Waits until a daemon says that something is so; how long it takes is nobody's business. */

import type { Wire } from '../daemon/wire.js';
import type { ProcessHost } from './process-host.js';
import { until } from './until.js';

/** The status of the running daemon. */
export function statusOf(host: ProcessHost): Promise<Wire> {
  return host.ask({ action: 'get_status' });
}

/** Resolves when the store is in that state: `clean`, `writing alone`, `failed`. */
export function storeIs(host: ProcessHost, state: string): Promise<void> {
  return until(async () => (await statusOf(host))['actors'].store === state);
}

/** Resolves when the status says why nothing can be stored. */
export function storeFails(host: ProcessHost): Promise<void> {
  return until(async () => (await statusOf(host))['store'].problem !== null);
}

/** Resolves when the status says no such thing (any more). */
export function storeWorks(host: ProcessHost): Promise<void> {
  return until(async () => (await statusOf(host))['store'].problem === null);
}

/** The lines of the log with that message; waits for the first, as long as the daemon answers. */
export async function logged(host: ProcessHost, message: string): Promise<Wire[]> {
  const lines = () => host.log.filter((line) => line['msg'] === message);
  await until(async () => lines().length > 0 || (await statusOf(host)) === null);
  return lines();
}
