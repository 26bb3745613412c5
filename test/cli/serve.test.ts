/** `serve` as a process: how it starts, whom it listens to, how it ends and what it leaves. */

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ask } from '../../src/client/request.js';
import { askOnce } from '../daemon/wire.js';
import { runCli, serveSimulated, start, startCli, untilFile, useDirectories } from './running.js';

describe('serve', () => {
  const newDirectory = useDirectories();

  const statusAt = async (socketPath: string) => {
    const answer = await ask(socketPath, { action: 'get_status' }, { timeoutMs: 5_000 });
    if (!answer.isGranted) throw new Error(answer.text);
    return answer.reply;
  };
  /** The directory of the simulation that a log tells of. */
  const simulationOf = (log: string) => {
    const found = /"sysfs":"(.*epa-sim-[^/]+)\/sys"/.exec(log)?.[1];
    expect(found, log).to.be.a('string');
    return found ?? '';
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends on ${signal} with status 0, and leaves neither socket nor simulation`, async () => {
      const directory = newDirectory();
      const { daemon, socketPath } = await serveSimulated(directory, 'single-node');
      expect(existsSync(socketPath)).to.equal(true);
      const { sysfs_root, store } = await statusAt(socketPath);
      const simulation = dirname(sysfs_root);
      expect(simulation).to.match(/\/epa-sim-\w+$/);
      const copies = ['state.json', 'state.twin.json'];
      expect(store.files).to.deep.equal(copies.map((name) => join(simulation, 'state', name)));
      expect(existsSync(simulation)).to.equal(true);
      daemon.process.kill(signal);
      const ended = await daemon.ended;
      expect(ended).to.deep.include({ status: 0, signal: null, stdout: '' });
      expect(ended.stderr).to.match(/"msg":"stopping"\}\n.*"msg":"stopped"\}\n$/);
      expect(readdirSync(directory)).to.deep.equal([]);
      expect(existsSync(simulation)).to.equal(false);
    });
  }

  it('ends at once on a second signal, and leaves no simulation', async () => {
    const { daemon } = await serveSimulated(newDirectory(), 'single-node');
    // Both signals are there when it goes on.
    for (const signal of ['SIGSTOP', 'SIGTERM', 'SIGINT', 'SIGCONT'] as const) {
      daemon.process.kill(signal);
    }
    const { status, stderr } = await daemon.ended;
    expect(status).to.be.oneOf([130, 143]);
    expect(existsSync(simulationOf(stderr))).to.equal(false);
  });

  it('reads its configuration again on SIGHUP, and takes over what may change', async () => {
    const directory = newDirectory();
    const config = join(directory, 'config.json');
    const socketPath = join(directory, 'epa.sock');
    const configure = (settings: object) => writeFileSync(config, JSON.stringify(settings));
    configure({ socket: socketPath, cpu_pool: '0' });
    const daemon = startCli(['serve', '--simulate', 'single-node', '--config', config]);
    await daemon.untilWritten(/"listening"/);
    expect((await statusAt(socketPath)).pools.general.eligible_cpus).to.equal(1);
    const more = { small_machine_percent: 100, log_level: 'debug' };
    configure({ socket: '/elsewhere.sock', cpu_pool: '0-1', ...more });
    daemon.process.kill('SIGHUP');
    const said = await daemon.untilWritten(/"settings":\["socket"\],.*take a restart/);
    expect(said).to.include(
      '"changed":["cpu_pool","small_machine_percent","log_level"],"msg":"configuration read again"',
    );
    expect((await statusAt(socketPath)).pools.general.eligible_cpus).to.equal(2);
    const request = { action: 'allocate_cores', service_name: 'a', pool: 'general' };
    expect(await askOnce(socketPath, request)).to.include({ cores_allocated: 2 });
    configure({ cpu_pool: 'all of them' });
    daemon.process.kill('SIGHUP');
    await daemon.untilWritten(/all of them.*"msg":"the configuration cannot be used;/);
    expect((await statusAt(socketPath)).pools.general.eligible_cpus).to.equal(2);
    daemon.process.kill('SIGTERM');
    expect((await daemon.ended).status).to.equal(0);
  });

  it('lets others connect as its configuration says, read again on SIGHUP', async () => {
    const directory = newDirectory();
    const config = join(directory, 'config.json');
    const socketPath = join(directory, 'epa.sock');
    const configure = (settings: object) => writeFileSync(config, JSON.stringify(settings));
    const mode = () => (statSync(socketPath).mode & 0o777).toString(8);
    configure({ socket: socketPath, socket_mode: '600' });
    const daemon = startCli(['serve', '--simulate', 'single-node', '--config', config]);
    await daemon.untilWritten(/"listening"/);
    expect(mode()).to.equal('600');
    configure({ socket: socketPath, socket_mode: '666' });
    daemon.process.kill('SIGHUP');
    await daemon.untilWritten(/"changed":\["socket_mode"\],"msg":"configuration read again"/);
    expect(mode()).to.equal('666');
    configure({ socket: socketPath, socket_mode: '600', socket_group: 'no such group' });
    daemon.process.kill('SIGHUP');
    await daemon.untilWritten(/no such group.*"msg":"the configuration cannot be used;/);
    expect(mode()).to.equal('666');
    daemon.process.kill('SIGTERM');
    expect((await daemon.ended).status).to.equal(0);
  });

  it('does not start with a bad policy, and keeps the old one on SIGHUP', async () => {
    const directory = newDirectory();
    const socketPath = join(directory, 'epa.sock');
    const policy = join(directory, 'policy.json');
    const words = ['serve', '--simulate', 'single-node', '--socket', socketPath];
    words.push('--policy-file', policy);
    const reason = (text: string) => `cannot use "${policy}" from --policy-file: ${text}`;

    expect(await runCli(words)).to.deep.include({ status: 2 });
    writeFileSync(policy, '{"version": 1,\n "rules": [\n  {"name": "x", "services": ["*"]}]}');
    const refused = await runCli(words);
    expect(refused.status).to.equal(2);
    expect(JSON.parse(refused.stderr).msg).to.equal(reason('line 3: rules[0].callers is missing'));

    // Whoever runs the tests is bound by it, also as root.
    const who = { uids: [process.getuid?.()] };
    const rule = { name: 'x', callers: who, services: ['x'] };
    writeFileSync(policy, JSON.stringify({ version: 1, rules: [rule] }));
    const daemon = startCli(words);
    await daemon.untilWritten(/"listening"/);
    const codeFor = async (service_name: string) => {
      const answer = await ask(
        socketPath,
        { action: 'allocate_cores', service_name, num_of_cores: 1 },
        { timeoutMs: 5_000 },
      );
      return answer.isGranted ? 'granted' : answer.error.code;
    };
    expect([await codeFor('x'), await codeFor('y')]).to.deep.equal(['granted', 'NOT_PERMITTED']);
    writeFileSync(
      policy,
      JSON.stringify({ version: 1, rules: [{ ...rule, services: [] }] }, null, 1),
    );
    daemon.process.kill('SIGHUP');
    const said = await daemon.untilWritten(
      /"msg":"the configuration cannot be used;.*stays in force"/,
    );
    expect(said).to.include('line 11: rules[0].services must name at least one');
    expect([await codeFor('x'), await codeFor('y')]).to.deep.equal(['granted', 'NOT_PERMITTED']);
    writeFileSync(policy, JSON.stringify({ version: 1, rules: [{ ...rule, services: ['y'] }] }));
    daemon.process.kill('SIGHUP');
    await daemon.untilWritten(/"changed":\["policy_file"\],"msg":"configuration read again"/);
    expect([await codeFor('x'), await codeFor('y')]).to.deep.equal(['NOT_PERMITTED', 'granted']);
    daemon.process.kill('SIGTERM');
    expect((await daemon.ended).status).to.equal(0);
  });

  it('ends in order when its terminal is gone, though SIGHUP is all that says so', async () => {
    const directory = newDirectory();
    const socketPath = join(directory, 'epa.sock');
    const serve = 'node dist/src/cli/main.js serve --simulate single-node';
    const log = join(directory, 'log');
    // `script` is the terminal: what runs in it has lost it when `script` is killed.
    const terminal = start('script', ['-qfc', `exec ${serve} 2>${log}`, '/dev/null'], {
      EPA_SOCKET: socketPath,
    });
    await untilFile(log, /"listening"/);
    terminal.process.kill('SIGKILL');
    await untilFile(log, /"msg":"stopped"/);
    expect(readFileSync(log, 'utf8')).to.include('"signal":"SIGHUP","msg":"stopping"');
    expect(existsSync(socketPath)).to.equal(false);
  });

  it('goes on answering when whoever reads its log has stopped reading', async () => {
    const { daemon, socketPath, stop } = await serveSimulated(newDirectory(), 'single-node');
    daemon.process.stderr?.pause();
    // Each line of the log is longer than the name: together far more than a pipe holds.
    const serviceName = 'x'.repeat(128);
    for (let round = 0; round < 600; round++) {
      const num_of_cores = 1 + (round % 2);
      const request = {
        action: 'allocate_cores',
        service_name: serviceName,
        num_of_cores,
      } as const;
      const { isGranted } = await ask(socketPath, request, { timeoutMs: 5_000 });
      expect(isGranted).to.equal(true);
    }
    daemon.process.stderr?.resume();
    expect((await stop()).status).to.equal(0);
  });

  it('keeps the state of a simulation where --state-dir says, and finds it again', async () => {
    const directory = newDirectory();
    const options = ['--state-dir', join(directory, 'state')];
    const first = await serveSimulated(directory, 'single-node', ...options);
    expect((await first.cli('allocate', 'vm', '2')).status).to.equal(0);
    await first.stop();
    expect(readdirSync(directory)).to.deep.equal(['state']);
    const second = await serveSimulated(directory, 'single-node', ...options);
    expect((await statusAt(second.socketPath)).services).to.equal(1);
    await second.stop();
  });

  it('prefers options to the environment, that to the file, and that to defaults', async () => {
    const directory = newDirectory();
    const config = join(directory, 'config.json');
    writeFileSync(
      config,
      JSON.stringify({
        socket: join(directory, 'file.sock'),
        state_dir: join(directory, 'file-state'),
        cpu_pool: '0',
        log_level: 'debug',
      }),
    );
    const words = ['serve', '--config', config, '--sysfs-root', join(directory, 'sys')];
    const daemon = startCli([...words, '--socket', join(directory, 'option.sock')], {
      EPA_SOCKET: join(directory, 'environment.sock'),
      EPA_STATE_DIR: join(directory, 'environment-state'),
      EPA_SYSFS_ROOT: '/nonexistent',
      EPA_LOG_LEVEL: 'info',
    });
    await daemon.untilWritten(/"listening"/);
    const status = await statusAt(join(directory, 'option.sock'));
    expect(status.sysfs_root).to.equal(join(directory, 'sys'));
    expect(status.store.files[0]).to.equal(join(directory, 'environment-state', 'state.json'));
    expect(status.pools.general.is_configured).to.equal(true);
    daemon.process.kill('SIGTERM');
    expect((await daemon.ended).status).to.equal(0);
  });

  it('says in one sentence why it cannot start, and ends with status 1', async () => {
    const directory = newDirectory();
    const state = join(directory, 'state');
    mkdirSync(state);
    writeFileSync(join(state, 'state.json'), '{"version": 2,');
    const taken = join(directory, 'taken');
    writeFileSync(taken, '');
    const serve = ['serve', '--simulate', 'single-node', '--socket'];
    const socket = join(directory, 'epa.sock');
    const [damaged, occupied, unusable] = await Promise.all([
      runCli([...serve, socket, '--state-dir', state]),
      runCli([...serve, taken]),
      runCli([...serve, socket, '--state-dir', join(taken, 'state')]),
    ]);
    const lastLines = [damaged, occupied, unusable].map(({ status, stderr }) => ({
      status,
      ...JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? ''),
    }));
    for (const line of lastLines) {
      expect(line).to.include({ status: 1, level: 60 });
      expect(line).to.have.all.keys('status', 'level', 'time', 'msg');
    }
    expect(lastLines[0]?.msg).to.match(
      /^cannot start: cannot use the state, .* whole: .*state\.json: it is not JSON/,
    );
    expect(lastLines[1]?.msg).to.equal(
      `cannot start: cannot listen on ${taken}: something that is no socket is there`,
    );
    expect(lastLines[2]?.msg).to.match(
      /^cannot start: cannot use the state directory .*ENOTDIR: not a directory/,
    );
    for (const { stderr } of [damaged, occupied, unusable]) {
      expect(existsSync(simulationOf(stderr))).to.equal(false);
    }
  });

  it('does not take the socket of a daemon that runs', async () => {
    const { cli, stop, socketPath } = await serveSimulated(newDirectory(), 'single-node');
    const { status, stderr } = await cli('serve', '--simulate', 'smt8');
    expect(status).to.equal(1);
    expect(stderr).to.include(`cannot listen on ${socketPath}: another daemon serves it`);
    expect((await statusAt(socketPath)).services).to.equal(0);
    await stop();
  });

  it('does not take the state of a daemon that runs, and says whose it is', async () => {
    const directory = newDirectory();
    const stateDirectory = join(directory, 'state');
    const options = ['--state-dir', stateDirectory];
    const first = await serveSimulated(directory, 'single-node', ...options);
    const other = ['serve', '--simulate', 'smt8', '--socket', join(directory, 'other.sock')];
    const { status, stderr } = await first.cli(...other, ...options);
    expect(status).to.equal(1);
    expect(stderr).to.include(
      `cannot start: the state directory ${stateDirectory} is in use: process ` +
        `${first.daemon.process.pid} serves ${first.socketPath}, since 2`,
    );
    expect((await statusAt(first.socketPath)).services).to.equal(0);
    await first.stop();
  });

  it('starts on a machine without isolated CPUs, and says how to get some', async () => {
    const { daemon, cli, stop } = await serveSimulated(newDirectory(), 'no-isolation');
    expect(await daemon.untilWritten(/isolcpus=/)).to.match(/"level":40,.*--cpu-pool 2-7/);
    const { status, stderr } = await cli('allocate', 'vm');
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^refused: No CPUs available\..*\n {2}to have some: boot with isolcpus=/,
    );
    await stop();
  });
});
