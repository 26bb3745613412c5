/** What the descriptors of a process lead to, as `/proc` shows it. */

import { readdirSync, readlinkSync } from 'node:fs';

/** A target for each descriptor, such as `socket:[123]` or a path; those that just went are left out. */
export function descriptorTargets(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => targetOf(`/proc/${pid}/fd/${name}`));
}

function targetOf(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
