/** Texts from outside that a reader of ours makes something of: what is wrong becomes an issue. */

import * as z from 'zod';
import { CpuListError } from './cpu-list.js';

/** A text that `read` understands; for one that it does not, it throws a `Fault`. */
export function textReadBy<T>(
  read: (text: string) => T,
  Fault: abstract new (...parts: never[]) => Error,
) {
  return z.string().transform((text, context): T => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });
}

/** A text that `read` understands; `read` throws CpuListError for one that is no list. */
export function cpuListText<T>(read: (text: string) => T) {
  return textReadBy(read, CpuListError);
}
