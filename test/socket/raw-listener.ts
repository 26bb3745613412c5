/** A listening socket that no event loop accepts from, as a supervisor holds it. */

import { closeSync } from 'node:fs';
import { libc } from '../../src/libc/libc.js';

const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, void *address, uint32_t length)');
const listen = libc.func('int listen(int fd, int backlog)');

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;

/** Opens a listening socket at a path; gives its descriptor, and how to close it. */
export function openListener(path: string) {
  return opened(path, SOCK_STREAM, (descriptor) => listen(descriptor, 128));
}

/** Opens a socket that is none to listen on. */
export function openDatagramSocket(path: string) {
  return opened(path, SOCK_DGRAM, () => 0);
}

function opened(path: string, type: number, prepare: (descriptor: number) => number) {
  const descriptor: number = socket(AF_UNIX, type, 0);
  // Two bytes of the family, then the path and a zero: `unix(7)`.
  const address = Buffer.concat([
    Buffer.from(new Uint16Array([AF_UNIX]).buffer),
    Buffer.from(`${path}\0`),
  ]);
  for (const outcome of [
    descriptor,
    bind(descriptor, address, address.length),
    prepare(descriptor),
  ]) {
    if (outcome < 0) throw new Error(`no socket can be had at ${path}`);
  }
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}
