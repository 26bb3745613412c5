/** What the kernel says of a socket: `getsockopt(2)` and `getsockname(2)`. */

import { lastError, libc } from './libc.js';

/**
 * `<asm-generic/socket.h>`; the same on the platforms that Node.js has for Linux, but for the one
 * that says so.
 */
const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SO_PEERCRED = process.arch === 'ppc64' ? 21 : 17;
export const SO_ACCEPTCONN = 30;
export const SO_PEERSEC = 31;
export const SO_DOMAIN = 39;

/** Room for the longest answer, the label of a security module. */
const ANSWER_MAX_BYTES = 1_024;

const getsockopt = libc.func(
  'int getsockopt(int fd, int level, int name, void *value, void *length)',
);
const getsockname = libc.func('int getsockname(int fd, void *address, void *length)');

/** Where answers are put: calls come one at a time, and memory that is made anew costs the most. */
const answer = Buffer.from(new ArrayBuffer(ANSWER_MAX_BYTES));
const length = new Uint32Array(1);

/**
 * The bytes of an option of a socket, good until the next call.
 *
 * @throws Error with the name of the system's error
 */
export function socketOption(descriptor: number, name: number): Buffer {
  const found = findSocketOption(descriptor, name);
  if (found === null) throw new Error(`getsockopt: ${lastError()}`);
  return found;
}

/** As {@link socketOption}; `null` where there is no such option, which is found out cheaply. */
export function findSocketOption(descriptor: number, name: number): Buffer | null {
  length[0] = ANSWER_MAX_BYTES;
  if (getsockopt(descriptor, SOL_SOCKET, name, answer, length) !== 0) return null;
  return answer.subarray(0, length[0]);
}

/** An option of a socket that is a number of 32 bits. */
export function numberOption(descriptor: number, name: number): number {
  return numbersIn(socketOption(descriptor, name))[0] ?? 0;
}

/** The numbers of 32 bits, in the byte order of this machine, that an answer has. */
export function numbersIn(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}

/**
 * The path to which a Unix socket is bound; empty when it has none.
 *
 * @throws Error with the name of the system's error
 */
export function boundPath(descriptor: number): string {
  length[0] = ANSWER_MAX_BYTES;
  if (getsockname(descriptor, answer, length) !== 0) throw new Error(`getsockname: ${lastError()}`);
  // `unix(7)`: two bytes of the family, then the path, which a zero may end.
  return answer.toString('utf8', 2, length[0]).replace(/\0.*$/s, '');
}
