/**
 * The C library that Node.js itself runs on, for the few calls that Node.js does not offer. Loaded
 * with koffi; whoever imports this pays some 20 ms for it.
 */

import koffi from 'koffi';

/** Its functions, by their declarations. */
export const libc = koffi.load(null);

/** The name of the error of the last call that failed, as `ENOENT`. */
export function lastError(): string {
  const number = koffi.errno();
  const name = Object.entries(koffi.os.errno).find(([, known]) => known === number)?.[0];
  return name ?? `error ${number}`;
}
