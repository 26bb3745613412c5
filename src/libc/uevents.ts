/**
 * What the kernel announces of devices that come and go: `netlink(7)`, `NETLINK_KOBJECT_UEVENT`.
 * Node.js has no such socket, and libuv cannot wait for one; it is looked at now and then.
 */

import { closeSync } from 'node:fs';
import { lastError, libc } from './libc.js';

/** `<bits/socket.h>`, `<linux/netlink.h>`; the same on the platforms that Node.js has for Linux. */
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_KOBJECT_UEVENT = 15;
/** Messages of the kernel itself; group 2 has those of udev. */
const KERNEL_GROUP = 1;

/** The kernel's own limit of a message is 2 KiB of variables, and a path before it. */
const MESSAGE_MAX_BYTES = 8_192;

/** Messages that are read at one look; what is left is there at the next. */
const MESSAGES_PER_LOOK = 1_024;

const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
const recv = libc.func('intptr_t recv(int fd, void *buffer, size_t length, int flags)');

/** A listener to the kernel's announcements. */
export interface Uevents {
  /**
   * The announcements since the last look, such as `offline@/devices/system/cpu/cpu5`. An empty text
   * stands for some that were lost, because too many came.
   */
  look(): string[];
  close(): void;
}

/**
 * Begins to listen.
 *
 * @throws Error with the name of the system's error, where there is no such socket or it is denied
 */
export function listenToUevents(): Uevents {
  const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const descriptor: number = socket(AF_NETLINK, type, NETLINK_KOBJECT_UEVENT);
  if (descriptor < 0) throw new Error(`socket: ${lastError()}`);
  // struct sockaddr_nl: family and padding (16 bits each), port (0 = the kernel chooses), groups.
  const address = new Uint32Array([0, 0, KERNEL_GROUP]);
  new Uint16Array(address.buffer)[0] = AF_NETLINK;
  if (bind(descriptor, address, address.byteLength) !== 0) {
    const reason = lastError();
    closeSync(descriptor);
    throw new Error(`bind: ${reason}`);
  }
  const buffer = Buffer.alloc(MESSAGE_MAX_BYTES);
  return {
    look: () => {
      const messages: string[] = [];
      while (messages.length < MESSAGES_PER_LOOK) {
        const length = Number(recv(descriptor, buffer, buffer.length, 0));
        // More came than the socket can hold: what they were is lost, not that they came.
        if (length < 0 && lastError() === 'ENOBUFS') messages.push('');
        else if (length <= 0) return messages;
        else messages.push(headlineOf(buffer.toString('latin1', 0, length)));
      }
      return messages;
    },
    close: () => closeSync(descriptor),
  };
}

/** A message is a headline and variables, each ended by a zero. */
function headlineOf(message: string): string {
  return message.split('\0', 1)[0] ?? '';
}
