/** The hook `configure`: what it accepts, what it refuses and in which words, and what follows. */

import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { freePort } from '../process/free-port.js';
import { until } from '../process/until.js';
import { requireTools } from './require-tools.js';
import { SnapHost } from './snap-host.js';

const claim = (service_name: string, num_of_cores: number) => ({
  action: 'allocate_cores',
  service_name,
  num_of_cores,
  pool: 'general',
});

const generalPool = async (host: SnapHost) => {
  const reply = await host.ask({ action: 'list_allocations', pool: 'general' });
  return reply['cpu_pool']?.configured_cpus ?? reply['error'];
};

/** The machine has CPUs 0-31; all are isolated but 0, 8, 16 and 24. */
const REFUSALS: readonly [object, string][] = [
  [
    { 'cpu-pool': '2-x' },
    'cpu-pool: "2-x" is no CPU list: "2-x"; give a list such as 2-7,10, or isolated',
  ],
  [
    { 'cpu-pool': '9-8' },
    'cpu-pool: "9-8" is no CPU list: the range 9-8 runs down; give a list such as 2-7,10, or isolated',
  ],
  [{ 'cpu-pool': true }, 'cpu-pool to "true": must be a single text or number'],
  [{ 'cpu-pool': { a: 1 } }, 'cpu-pool to "{\\"a\\":1}": must be a single text or number'],
  [
    { 'cpu-pool': '0,32-33' },
    'cpu-pool to "0,32-33": CPUs 32-33 do not exist on this machine, which has CPUs 0-31',
  ],
  [
    { 'cpu-pool': 99 },
    'cpu-pool to "99": CPU 99 does not exist on this machine, which has CPUs 0-31',
  ],
  [
    { 'cpu-pool': '0-1' },
    'cpu-pool to "0-1": CPU 1 is isolated, and in the isolated pool already; leave the isolated CPUs out',
  ],
  [
    { 'rescan-interval': 5 },
    'rescan-interval to "5": must be a time with its unit, such as 500ms, 5s or 2m',
  ],
  [{ 'rescan-interval': '50ms' }, 'rescan-interval to "50ms": must be 100 milliseconds or more'],
  [{ 'rescan-interval': '25h' }, 'rescan-interval to "25h": must be 86400000 milliseconds or less'],
  [{ 'socket-mode': 999 }, 'socket-mode to "999": must be three octal digits, such as 660'],
  [
    { 'socket-mode': 777 },
    'socket-mode to "777": must let the owner read and write, and nobody execute: 600, 660 and 666 are usual',
  ],
  [
    { 'log-level': 'loud' },
    'log-level to "loud": must be one of trace, debug, info, warn, error, fatal, silent',
  ],
  [{ 'large-machine-cpus': 'many' }, 'large-machine-cpus to "many": must be a number of CPUs'],
  [
    { 'large-machine-cpus': 10 },
    'large-machine-cpus to "10": must not be less than large-machine-reserved-cpus, which is 16',
  ],
  [
    { 'large-machine-reserved-cpus': 101 },
    'large-machine-reserved-cpus to "101": must not be more than large-machine-cpus, which is 100',
  ],
  [{ 'small-machine-percent': 0 }, 'small-machine-percent to "0": must be 1 percent or more'],
  [{ 'small-machine-percent': 101 }, 'small-machine-percent to "101": must be 100 percent or less'],
  [
    { 'policy-file': 'policy.json' },
    'policy-file to "policy.json": must be a path that begins with /',
  ],
  [
    { 'policy-file': '/nowhere.json' },
    'policy-file to "/nowhere.json": ENOENT: no such file or directory, open \'/nowhere.json\'; the snap can read what is below its own directories',
  ],
  [
    { 'audit-file': '/nowhere/audit.log' },
    'audit-file to "/nowhere/audit.log": ENOENT: no such file or directory, open \'/nowhere/audit.log\'',
  ],
  [{ 'metrics-port': 'http' }, 'metrics-port to "http": must be the number of a port'],
  [{ 'metrics-port': 65_536 }, 'metrics-port to "65536": must be 65535 or less'],
];

describe('snap set', () => {
  requireTools();

  describe('what cannot be accepted', () => {
    let host: SnapHost;
    before(async () => {
      host = await SnapHost.installed();
    });
    after(() => host[Symbol.asyncDispose]());

    for (const [options, reason] of REFUSALS) {
      it(`refuses ${JSON.stringify(options)} with one sentence, and leaves all as it was`, () => {
        const before = readFileSync(host.configPath, 'utf8');
        const ended = host.set({ 'log-level': 'debug', ...options });
        expect(ended).to.deep.equal({ status: 1, stdout: '', stderr: `cannot set ${reason}\n` });
        expect(readFileSync(host.configPath, 'utf8')).to.equal(before);
        expect(host.options).to.deep.equal({});
      });
    }

    it('says which line of a policy is wrong', () => {
      const path = join(host.commonDirectory, 'policy.json');
      writeFileSync(path, '{"version": 1,\n "rules": [{"name": "a"}]}');
      const { status, stderr } = host.set({ 'policy-file': path });
      expect(status).to.equal(1);
      expect(stderr).to.equal(
        `cannot set policy-file to "${path}": line 2: rules[0].callers is missing; ` +
          'the snap can read what is below its own directories\n',
      );
    });

    it('says when snapd does not answer, and leaves all as it was', () => {
      const before = readFileSync(host.configPath, 'utf8');
      for (const command of ['get', 'services', 'restart']) {
        host.breakSnapctl(command);
        expect(host.set({ 'small-machine-percent': 50 })).to.deep.equal({
          status: 1,
          stdout: '',
          stderr: `snapctl ${command} failed: snapd is not well\n`,
        });
        expect(readFileSync(host.configPath, 'utf8')).to.equal(before);
      }
      host.breakSnapctl('');
    });
  });

  it('has the running daemon take over what it can, and says what waits for a restart', async () => {
    await using host = await SnapHost.installed();
    expect(readFileSync(host.configPath, 'utf8')).to.equal('{}\n');
    const policy = join(host.commonDirectory, 'policy.json');
    writeFileSync(policy, '{"version": 1, "rules": []}');
    const audit = join(host.commonDirectory, 'audit.log');
    const ended = host.set({
      'cpu-pool': '0,8,16',
      'rescan-interval': '2m',
      'socket-mode': 666,
      'log-level': 'debug',
      'large-machine-cpus': 2,
      'large-machine-reserved-cpus': 1,
      'small-machine-percent': 50,
      'policy-file': policy,
      'audit-file': audit,
    });
    expect(ended).to.deep.equal({
      status: 0,
      stderr: '',
      stdout:
        'epa-orchestrator.daemon takes over now: socket-mode, cpu-pool, policy-file, ' +
        'rescan-interval, large-machine-cpus, large-machine-reserved-cpus, ' +
        'small-machine-percent, log-level\n' +
        'epa-orchestrator.daemon takes over when it restarts: audit-file\n',
    });
    const line = await host.logged('configuration read again');
    expect(line['changed']).to.have.length(8);
    expect(await generalPool(host)).to.equal('0,8,16');
    expect(statSync(host.snapSocketPath).mode & 0o777).to.equal(0o666);
    expect(await host.ask(claim('nova', 0))).to.include({ cores_allocated: 2 });
    expect(statSync(host.sharedDirectory).mode & 0o777).to.equal(0o755);
    await host.stopDaemon();
    await host.startDaemon();
    expect(await generalPool(host)).to.equal('0,8,16');
    expect(existsSync(audit)).to.equal(true);
  });

  it('opens the port of the metrics, and closes it when the option is unset', async () => {
    await using host = await SnapHost.installed();
    const port = await freePort();
    const isOpen = () =>
      fetch(`http://127.0.0.1:${port}/metrics`).then(
        ({ ok }) => ok,
        () => false,
      );
    const told = 'epa-orchestrator.daemon takes over now: metrics-port\n';
    expect(host.set({ 'metrics-port': port })).to.deep.equal({
      status: 0,
      stdout: told,
      stderr: '',
    });
    await until(isOpen);
    expect(host.set({ 'metrics-port': undefined }).stdout).to.equal(told);
    await until(async () => !(await isOpen()));
  });

  it('goes back to the defaults when options are unset', async () => {
    await using host = await SnapHost.installed();
    host.set({ 'cpu-pool': '0', 'socket-mode': '0666' });
    await host.logged('configuration read again');
    const { stdout } = host.set({ 'cpu-pool': undefined, 'socket-mode': undefined });
    expect(stdout).to.equal('epa-orchestrator.daemon takes over now: socket-mode, cpu-pool\n');
    await host.logged('configuration read again');
    expect(statSync(host.snapSocketPath).mode & 0o777).to.equal(0o660);
    expect(await generalPool(host)).to.equal(
      'The general pool is not configured on this host: the operator sets its CPU list',
    );
  });

  it('has nothing to say or do where nothing is other than before', async () => {
    await using host = await SnapHost.installed();
    host.set({ 'cpu-pool': '8,0', 'log-level': 'info' });
    const before = statSync(host.configPath).mtimeMs;
    expect(host.set({ 'cpu-pool': '0,8', 'rescan-interval': '5s' }).stdout).to.equal('');
    expect(statSync(host.configPath).mtimeMs).to.equal(before);
  });

  it('waits for the start of a daemon that does not run', async () => {
    await using host = await SnapHost.unpacked();
    host.hook('install');
    expect(host.set({ 'cpu-pool': '0' })).to.deep.equal({
      status: 0,
      stdout: 'epa-orchestrator.daemon is not running, and takes the options over when it starts\n',
      stderr: '',
    });
    await host.startDaemon();
    expect(await generalPool(host)).to.equal('0');
  });

  it('keeps CPUs in the pool that services hold', async () => {
    await using host = await SnapHost.installed();
    host.set({ 'cpu-pool': '0,8,16' });
    await host.logged('configuration read again');
    await host.ask(claim('nova', 2));
    const sentence = (cpus: string, left: string) =>
      `cannot set cpu-pool to "${cpus}": it leaves out ${left}, which nova holds; release them ` +
      'first (epa-orchestrator list --pool general), or keep them in the list\n';
    expect(host.set({ 'cpu-pool': '8,24' }).stderr).to.equal(sentence('8,24', 'CPUs 0,16'));
    expect(host.set({ 'cpu-pool': 'isolated' }).stderr).to.equal(sentence('isolated', 'CPUs 0,16'));
    expect(host.set({ 'cpu-pool': undefined }).status).to.equal(1);
    expect(host.set({ 'cpu-pool': '0,16,24' }).status).to.equal(0);
    await host.logged('configuration read again');
    await host.ask(claim('nova', -1));
    expect(host.set({ 'cpu-pool': 'isolated' }).status).to.equal(0);
  });

  it('does not refuse again what was accepted before the hardware changed', async () => {
    await using host = await SnapHost.installed();
    host.set({ 'cpu-pool': '0,24' });
    host.lay(simulatedMachines['single-node'].shape);
    const still =
      'cpu-pool stays as it was accepted, but does not fit any more: ' +
      'CPU 24 does not exist on this machine, which has CPUs 0-7\n';
    const { status, stdout } = host.set({ 'small-machine-percent': 70 });
    expect({ status, stdout }).to.deep.equal({
      status: 0,
      stdout: `${still}epa-orchestrator.daemon takes over now: small-machine-percent\n`,
    });
    expect(host.hook('configure')).to.include({ status: 0, stdout: still });
    expect(host.set({ 'cpu-pool': '1,24' }).stderr).to.match(/CPU 24 does not exist/);
    expect(host.set({ 'cpu-pool': '1' }).status).to.equal(0);
    expect(host.set({ 'cpu-pool': '0,24' }).status).to.equal(1);
  });

  it('lets whoever the socket lets in reach it, and nobody read the state', async () => {
    await using host = await SnapHost.unpacked();
    host.hook('install');
    chmodSync(host.sharedDirectory, 0o700);
    host.hook('post-refresh');
    await host.startDaemon();
    await until(() => existsSync(host.snapStatePath));
    expect(statSync(host.sharedDirectory).mode & 0o777).to.equal(0o755);
    expect(statSync(host.snapStatePath).mode & 0o777).to.equal(0o600);
    expect(statSync(host.configPath).mode & 0o777).to.equal(0o600);
  });
});
