/** What an operator can do about a sysfs that cannot be read, said beside the reason. */

import { SysfsError } from '../sysfs/sysfs-files.js';
import { connectCommand } from '../words/snap-advice.js';

/** Confinement says EACCES, whoever asks. */
const DENIED = /^(EACCES|EPERM)\b/;

/**
 * Runs `read`; a read that the confinement of the snap denies fails with what to do about it.
 *
 * @param snapName `null` = in no snap, where nothing is denied in this way
 */
export async function withAdvice<T>(snapName: string | null, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const isDenied = error instanceof SysfsError && DENIED.test(error.reason);
    if (snapName === null || !isDenied) throw error;
    const { step, path, reason } = error;
    const advice = `the snap may not read it before ${connectCommand(snapName)}`;
    throw new SysfsError(step, path, `${reason}; ${advice}`);
  }
}
