/** Descriptors of open sockets, of which Node.js does not tell. */

import type { Server, Socket } from 'node:net';
import { invariant } from '../core/invariant.js';

/** The descriptor of a socket that is open, or of a server that listens. */
export function descriptorOf(socket: Socket | Server): number {
  const descriptor: unknown = Reflect.get(Reflect.get(socket, '_handle') ?? {}, 'fd');
  invariant(typeof descriptor === 'number', 'an open socket has a descriptor');
  return descriptor;
}
