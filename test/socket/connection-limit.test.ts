/** As many connections as the process can bear, and no more. */

import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { ask } from '../../src/client/request.js';
import { connectionsMaxOf } from '../../src/socket/connection-limit.js';
import { start, useDirectories } from '../cli/running.js';
import { readToEnd } from '../daemon/harness.js';

describe('the limit on connections', () => {
  const newDirectory = useDirectories();
  const limits = (openFiles: string) =>
    'Limit                     Soft Limit           Hard Limit           Units\n' +
    'Max cpu time              unlimited            unlimited            seconds\n' +
    `Max open files            ${openFiles}                 524288               files\n`;

  it('leaves descriptors to the daemon itself', () => {
    expect(connectionsMaxOf(limits('1024'))).to.equal(768);
    expect(connectionsMaxOf(limits('524288'))).to.equal(8_192);
    expect(connectionsMaxOf(limits('100'))).to.equal(1);
    expect(connectionsMaxOf(limits('unlimited'))).to.equal(8_192);
    expect(connectionsMaxOf('')).to.equal(8_192);
  });

  it('turns away who is too many, while the others are served and changes stored', async () => {
    const path = join(newDirectory(), 'epa.sock');
    const serve = 'exec node dist/src/cli/main.js serve --simulate single-node';
    const daemon = start('sh', ['-c', `ulimit -n 300; ${serve}`], { EPA_SOCKET: path });
    await daemon.untilWritten(/"listening"/);
    const first = new Set<Socket>();
    // 300 descriptors, 256 of them reserved.
    for (let count = 0; count < 43; count++) first.add(await connected(path));
    const request = { action: 'allocate_cores', service_name: 'vm', num_of_cores: 2 } as const;
    const { isGranted } = await ask(path, request, { timeoutMs: 15_000 });
    expect(isGranted).to.equal(true);
    first.add(await connected(path));
    for (let count = 0; count < 30; count++) {
      const reply = JSON.parse(await readToEnd(connect({ path, allowHalfOpen: true })));
      expect(reply).to.include({ code: 'BUSY' });
    }
    for (const socket of first) {
      socket.write('{"action":"list_allocations"}');
      expect(await readToEnd(socket)).to.include('"service_name":"vm"');
    }
    daemon.process.kill('SIGTERM');
    expect((await daemon.ended).status).to.equal(0);
  });
});

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
