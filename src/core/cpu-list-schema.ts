/** CPU lists that come from outside, as a zod schema: what is wrong with a list is an issue. */

import { z } from 'zod';
import { CpuListError } from './cpu-list.js';

/** A text that `read` understands; `read` throws CpuListError for one that is no list. */
export function cpuListText<T>(read: (text: string) => T) {
  return z.string().transform((text, context): T => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof CpuListError)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });
}
