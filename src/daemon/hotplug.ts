/** Has the machine looked at when the kernel announces that CPUs, nodes or memory come or go. */

import { realpathSync } from 'node:fs';
import { messageOf } from '../core/quoting.js';
import { listenToUevents, type Uevents } from '../libc/uevents.js';
import type { Logger } from './log.js';

/** A look costs a system call; who watches waits no longer than this for what the kernel said. */
const LOOK_INTERVAL_MS = 250;

/**
 * Calls `onHint` when something was announced, or an announcement was lost. It is a hint, and no more:
 * hugepages and isolation are never announced, and the schedule finds what this does not.
 *
 * @param sysfsRoot announcements are about the real `/sys`, and nothing else
 * @returns how to end it
 */
export function heedHotplug(sysfsRoot: string, onHint: () => void, log: Logger): () => void {
  if (!isRealSysfs(sysfsRoot)) return () => undefined;
  let uevents: Uevents;
  try {
    uevents = listenToUevents();
  } catch (error) {
    log.info({ reason: messageOf(error) }, 'hot-plug is seen on the schedule only');
    return () => undefined;
  }
  const timer = setInterval(() => {
    if (uevents.look().some(isAboutMachine)) onHint();
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    uevents.close();
  };
}

/** Whether an announcement is about CPUs, nodes or memory; a lost one may have been. */
export function isAboutMachine(headline: string): boolean {
  return headline === '' || /^[a-z]+@\/devices\/system\/(cpu|node|memory)\//.test(headline);
}

function isRealSysfs(sysfsRoot: string): boolean {
  try {
    return realpathSync(sysfsRoot) === '/sys';
  } catch {
    return false;
  }
}
