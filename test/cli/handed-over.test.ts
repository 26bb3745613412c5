/** A daemon whose supervisor holds the socket: it may be restarted, and no client is refused. */

import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { ask } from '../../src/client/request.js';
import { readToEnd } from '../daemon/harness.js';
import { openDatagramSocket, openListener } from '../socket/raw-listener.js';
import { type Running, start, useDirectories } from './running.js';

const SERVE = 'exec node dist/src/cli/main.js serve --simulate single-node';

describe('a socket that a supervisor hands over', () => {
  const newDirectory = useDirectories();

  /** Starts a daemon as a supervisor does, which tells it for which process the sockets are. */
  function startWith(
    descriptors: readonly number[],
    socketPath: string,
    variables = `LISTEN_PID=$$ LISTEN_FDS=${descriptors.length}`,
  ): Running {
    const command = `export ${variables}; ${SERVE}`;
    return start('sh', ['-c', command], { EPA_SOCKET: socketPath }, descriptors);
  }

  const end = (daemon: Running) => {
    daemon.process.kill('SIGTERM');
    return daemon.ended;
  };
  const servicesAt = async (path: string) => {
    const answer = await ask(path, { action: 'get_status' }, { timeoutMs: 15_000 });
    return answer.isGranted ? answer.reply.services : answer.error;
  };

  it('is served, and stays when the daemon ends', async () => {
    const path = join(newDirectory(), 'epa.sock');
    using listener = openListener(path);
    const daemon = startWith([listener.descriptor], path);
    expect(await servicesAt(path)).to.equal(0);
    expect((await end(daemon)).status).to.equal(0);
    expect(existsSync(path)).to.equal(true);
  });

  it('keeps clients waiting over a restart, and refuses none', async () => {
    const path = join(newDirectory(), 'epa.sock');
    using listener = openListener(path);
    const first = startWith([listener.descriptor], path);
    expect(await servicesAt(path)).to.equal(0);
    await end(first);
    const waiting = Array.from({ length: 20 }, () => {
      const socket = connect({ path, allowHalfOpen: true });
      socket.write('{"action":"list_allocations"}');
      return readToEnd(socket);
    });
    const second = startWith([listener.descriptor], path);
    for (const reply of await Promise.all(waiting)) expect(reply).to.include('"allocations":[]');
    await end(second);
  });

  it('keeps 1,000 clients waiting that come at once, whatever the supervisor asked for', async () => {
    const path = join(newDirectory(), 'epa.sock');
    using listener = openListener(path);
    const daemon = startWith([listener.descriptor], path);
    expect(await servicesAt(path)).to.equal(0);
    const replies = await Promise.all(
      Array.from({ length: 1_000 }, () => {
        const socket = connect({ path, allowHalfOpen: true });
        socket.write('{"action":"list_allocations"}');
        return readToEnd(socket);
      }),
    );
    for (const reply of replies) expect(reply).to.include('"allocations":[]');
    await end(daemon);
  });

  it('is served beside the own one when it has another path', async () => {
    const directory = newDirectory();
    const own = join(directory, 'own.sock');
    const other = join(directory, 'other.sock');
    using listener = openListener(other);
    const daemon = startWith([listener.descriptor], own);
    await daemon.untilWritten(/"listening"/);
    expect(await servicesAt(own)).to.equal(0);
    expect(await servicesAt(other)).to.equal(0);
    await end(daemon);
    expect([own, other].map((path) => existsSync(path))).to.deep.equal([false, true]);
  });

  it('is left alone when it is meant for another process', async () => {
    const directory = newDirectory();
    const own = join(directory, 'own.sock');
    using listener = openListener(join(directory, 'other.sock'));
    const daemon = startWith([listener.descriptor], own, 'LISTEN_PID=1 LISTEN_FDS=1');
    await daemon.untilWritten(/"listening"/);
    expect(await servicesAt(own)).to.equal(0);
    const socket = connect({ path: join(directory, 'other.sock') });
    socket.write('{"action":"list_allocations"}');
    const replied = new Promise((resolve) => socket.once('data', () => resolve(true)));
    await end(daemon);
    expect(await Promise.race([replied, Promise.resolve(false)])).to.equal(false);
    socket.destroy();
  });

  it('ends the start when it is none to listen on, and says which it is', async () => {
    const directory = newDirectory();
    using datagrams = openDatagramSocket(join(directory, 'datagrams.sock'));
    const own = join(directory, 'own.sock');
    const [wrongKind, missing, wrongCount] = await Promise.all([
      startWith([datagrams.descriptor], own).ended,
      startWith([], own, 'LISTEN_PID=$$ LISTEN_FDS=1').ended,
      startWith([], own, 'LISTEN_PID=$$ LISTEN_FDS=some').ended,
    ]);
    expect(wrongKind).to.include({ status: 1 });
    expect(wrongKind.stderr).to.include(
      'descriptor 3, which was handed over: it is no listening Unix stream socket',
    );
    expect(missing).to.include({ status: 1 });
    expect(missing.stderr).to.match(/descriptor 3, which was handed over: it is no socket \(.*E/);
    expect(wrongCount).to.include({ status: 2 });
    expect(wrongCount.stderr).to.include('"some\\" from LISTEN_FDS');
    expect(existsSync(own)).to.equal(false);
  });
});
