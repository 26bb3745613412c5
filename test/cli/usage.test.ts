/** What the command line says when it is used wrongly, or nobody answers. No daemon runs here. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { DAEMON_VERSION } from '../../src/daemon/version.js';
import { runCli, runHere, useDirectories } from './running.js';

describe('the command line without a daemon', () => {
  const newDirectory = useDirectories();

  const misuses: Readonly<Record<string, RegExp>> = {
    '': /^Usage: epa-orchestrator \[options\] \[command\]/,
    allocat: /^error: unknown command 'allocat'\n\(Did you mean allocate\?\)/,
    'list --verbose': /^error: unknown option '--verbose'/,
    'list all': /^error: too many arguments for 'list'/,
    allocate: /^error: missing required argument 'service'/,
    'allocate vm 0': /'0' is invalid for argument 'count'\. It must be a whole number, 1 or more\./,
    'allocate vm -1': /To give CPUs back use "release"/,
    'allocate vm two': /'two' is invalid for argument 'count'/,
    'allocate vm --node 0': /^error: --node needs a COUNT: how many CPUs there/,
    'allocate vm --node 0 --percent 5': /^error: --node needs a COUNT, not --percent/,
    'allocate vm 2 --percent 5': /^error: say either COUNT or --percent, not both/,
    'allocate vm --percent 101': /It must be a whole number from 1 to 100\./,
    'allocate vm 2 --node -3': /'-3' is invalid/,
    'allocate vm --pool big': /Allowed choices are isolated, general\./,
    'allocate vm --policy rude': /Allowed choices are legacy, non-preemptive\./,
    'allocate vm 2 --whole-cores --one-per-core':
      /option '--whole-cores' cannot be used with option '--one-per-core'/,
    'allocate vm 2 --numa any': /Allowed choices are single, pack, spread\./,
    'allocate vm 2 --cache near': /Allowed choices are prefer, require\./,
    'allocate vm 2 --near eth0': /It must be a PCI address such as 0000:3b:00\.0 or 3b:00\.0\./,
    [`allocate ${'x'.repeat(129)}`]: /A service name must have at most 128 bytes\./,
    'hugepages vm 2 --node 0': /^error: required option '--size <size>' not specified/,
    'hugepages vm 2 --node 0 --size big': /It must be a size such as 2M, 1G or 2048 \(KiB\)\./,
    'hugepages vm --node 0 --size 2M': /^error: say how many pages \(COUNT\), or --forget/,
    'hugepages vm 2 --forget --node 0 --size 2M': /^error: say either COUNT or --forget, not both/,
    'serve --simulate toaster':
      /there is no machine "toaster" to simulate; there are dual-socket, /,
    'serve --simulate smt8 --sysfs-root /sys': /cannot be used with option '--sysfs-root <dir>'/,
    [`list --socket /${'x'.repeat(120)}`]: /a socket path may have at most 107 bytes/,
    state: /^Usage: epa-orchestrator state \[options\] \[command\]/,
    'state forget': /^error: unknown command 'forget'/,
    'state import': /^error: missing required argument 'file'/,
    'state restore a b': /^error: too many arguments for 'restore'/,
    'state show --force': /^error: unknown option '--force'/,
  };

  for (const [line, message] of Object.entries(misuses)) {
    it(`refuses "${line.slice(0, 50)}" with status 2`, async () => {
      const { status, stdout, stderr } = await runHere(line === '' ? [] : line.split(' '));
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.match(message);
    });
  }

  const settings: Readonly<Record<string, RegExp>> = {
    'list all': /^error: too many arguments for 'list'/,
    'serve --rescan-interval-ms soon': /"msg":"cannot use \\"soon\\" from --rescan-interval-ms: /,
    'state verify --config /nonexistent.json': /^error: cannot read the configuration file /,
    'serve --config /nonexistent.json': /"msg":"cannot read the configuration file \/nonexistent/,
  };

  it('ends the process with status 2', async () => {
    await Promise.all(
      Object.entries(settings).map(async ([line, message]) => {
        const { status, stdout, stderr } = await runCli(line.split(' '));
        expect({ status, stdout }, line).to.deep.equal({ status: 2, stdout: '' });
        expect(stderr, line).to.match(message);
      }),
    );
  });

  const commands =
    'serve demo list allocate release hugepages memory topology status metrics state';
  const stateCommands = ['show', 'verify', 'export', 'import', 'restore'].map((verb) => [
    'state',
    verb,
  ]);
  for (const command of [[], ...commands.split(' ').map((name) => [name]), ...stateCommands]) {
    const words = [...command, '--help'];
    it(`has examples in "${words.join(' ')}"`, async () => {
      const { status, stdout, stderr } = await runHere(words);
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      expect(stdout).to.match(/\nExamples:\n( {2}\$ epa-orchestrator .*\n)+$/);
      expect(stdout).to.include('--socket <path>');
      const longest = Math.max(...stdout.split('\n').map((text) => text.length));
      expect(longest).to.be.at.most(80);
    });
  }

  it('shows its version', async () => {
    const { status, stdout } = await runCli(['--version']);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: `${DAEMON_VERSION}\n` });
  });

  it('shows the machines it can simulate', async () => {
    const { status, stdout } = await runCli(['serve', '--simulate', 'list']);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^SHAPE +WHAT IT IS\ndual-socket +2 nodes of 8 cores with 2 threads/);
    expect(stdout).to.match(/\nlarge +32 nodes/);
  });

  it('says that nobody answers, and how to start the daemon, with status 1', async () => {
    const socketPath = join(newDirectory(), 'epa.sock');
    const { status, stdout, stderr } = await runCli(['list', '--json'], { EPA_SOCKET: socketPath });
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr).to.equal(
      `error: cannot reach the daemon: there is no socket ${socketPath}. Is the daemon running? ` +
        'If not, start it with `epa-orchestrator serve`, or name its socket with --socket or ' +
        'EPA_SOCKET\n',
    );
  });

  it('looks for the socket in the environment, then in the configuration file', async () => {
    const directory = newDirectory();
    const config = join(directory, 'config.json');
    writeFileSync(config, '{"socket": "/nonexistent/from-file"}');
    const inFile = await runCli(['list'], { EPA_CONFIG: config });
    expect(inFile.stderr).to.include('there is no socket /nonexistent/from-file.');
    const inEnvironment = await runCli(['list'], {
      EPA_CONFIG: config,
      EPA_SOCKET: '/nonexistent/e',
    });
    expect(inEnvironment.stderr).to.include('there is no socket /nonexistent/e.');
    const inSnap = await runCli(['list'], { SNAP_DATA: '/nonexistent/snap' });
    expect(inSnap.stderr).to.include('there is no socket /nonexistent/snap/data/epa.sock.');
  });
});
