/** Other users of the host, who ask a daemon by processes of their own. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestHost, Wire } from './harness.js';

/** Uids, and gids, that no host has for anything else. */
export const [ALICE, BOB] = [64_001, 64_002] as const;

/** Sends what is on standard input to a socket, and prints what comes back. */
const CLIENT = `
  const socket = require('node:net').connect(process.argv[1]);
  socket.pipe(process.stdout);
  process.stdin.pipe(socket, { end: false });
`;

/** One request, from a process of that user; the reply has the process's id beside. */
export async function askAs(uid: number, host: TestHost, request: Wire, gid = uid): Promise<Wire> {
  const user = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'];
  const client = spawn('setpriv', [...user, process.execPath, '-e', CLIENT, host.socketPath]);
  let text = '';
  client.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  client.stdin.end(JSON.stringify(request));
  await once(client, 'close');
  return { ...JSON.parse(text), pid: client.pid };
}

/** Why users cannot be told apart here; `null` = they can. */
export const usersObstacle: string | null = findObstacle();

function findObstacle(): string | null {
  if (process.getuid?.() !== 0) return 'only root can ask as another user';
  try {
    execFileSync('setpriv', ['--version']);
    return null;
  } catch {
    return 'setpriv is missing (Debian: apt-get install util-linux)';
  }
}
