/** The daemon and the command line of the packed snap, as they run where it is installed. */

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { readOnce, type Wire } from '../daemon/wire.js';
import { requireTools } from './require-tools.js';
import { SnapHost } from './snap-host.js';

const nova = (more: Wire = {}): Wire => ({
  version: '1.0',
  service_name: 'nova',
  action: 'allocate_cores',
  num_of_cores: 4,
  numa_node: null,
  ...more,
});

describe('the packed daemon', () => {
  requireTools();

  it("serves today's clients at $SNAP_DATA/data/epa.sock", async () => {
    await using host = await SnapHost.installed();
    const socket = connect({ path: host.snapSocketPath, allowHalfOpen: true });
    socket.write(JSON.stringify(nova()));
    const reply = JSON.parse(await readOnce(socket));
    socket.destroy();
    expect(reply).to.include({ cores_allocated: 4, allocated_cores: '1-2,17-18' });
    const explicit = { action: 'allocate_numa_cores', service_name: 'ovs', numa_node: 1 };
    expect(await host.ask({ ...explicit, num_of_cores: 2 })).to.include({
      cores_allocated: '9,25',
    });
    const pages = { action: 'allocate_hugepages', service_name: 'ovs', node_id: 0, size_kb: 2048 };
    expect(await host.ask({ ...pages, hugepages_requested: 8 })).to.include({
      allocation_successful: true,
    });
    expect(await host.ask({ action: 'get_memory_info' })).to.have.nested.property(
      'numa_hugepages.node0.allocations.ovs.2048',
      8,
    );
    const list = await host.ask({ action: 'list_allocations', service_name: null });
    expect(list['allocations'].map((entry: Wire) => entry['service_name'])).to.deep.equal([
      'nova',
      'ovs',
    ]);
    expect(await host.ask(nova({ num_of_cores: -1 }))).to.include({ cores_allocated: 0 });
    expect(await host.ask({ action: 'nonsense' })).to.include({ code: 'UNKNOWN_ACTION' });
  });

  it('runs on the Node.js that is packed with it, and says how long it took to start', async () => {
    await using host = await SnapHost.unpacked();
    host.hook('install');
    const startedAtMs = performance.now();
    await host.startDaemon();
    const coldStartMs = performance.now() - startedAtMs;
    process.stdout.write(`      cold start: ${Math.round(coldStartMs)} ms\n`);
    const { node_version } = await host.ask({ action: 'get_status' });
    expect(node_version).to.match(/^v24\./);
  });

  it('ends in order when systemd stops it', async () => {
    await using host = await SnapHost.installed();
    await host.ask(nova());
    expect(await host.stopDaemon()).to.equal(0);
    await host.startDaemon();
    expect(await host.ask({ action: 'list_allocations' })).to.include({ total_allocated_cpus: 4 });
  });

  it('runs without the plug for NUMA nodes, says what is missing, and goes on with it', async () => {
    await using host = await SnapHost.unpacked();
    // The counters of pages cannot be read: a directory in the place of a file is denied to root, too.
    const denied = join(host.sysfsRoot, 'devices/system/node/node0/hugepages');
    host.hook('install');
    const deny = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-P', denied];
    const counter = join(denied, 'hugepages-2048kB/nr_hugepages');
    deny.push('-P', counter, '-e', 'inject=open,openat:error=EACCES', '-e', 'trace=open,openat');
    await host.startDaemon(deny);
    const line = await host.logged('the machine cannot be read; nothing is granted');
    const advice =
      'permission denied; the snap may not read it before ' +
      'sudo snap connect epa-orchestrator:numa-nodes';
    expect(line['path']).to.include('/devices/system/node/node0/hugepages');
    expect(line['reason']).to.include(advice);
    expect((await host.ask(nova()))['error']).to.include(advice);
    expect(await host.ask({ action: 'list_allocations' })).to.include({ pool: 'isolated' });
    expect(host.app('epa-orchestrator', 'status').stdout).to.include('numa-nodes');
  });

  it('asks for nothing that strict confinement denies, but what it can do without', async () => {
    await using host = await SnapHost.unpacked();
    host.hook('install');
    const trace = join(host.directory, 'trace');
    const calls = 'open,openat,readlink,readlinkat,chown,fchown,lchown,fchownat';
    const strace = ['strace', '-D', '-f', '-qq', '-o', trace, '-e', `trace=${calls}`];
    strace.push('-e', 'inject=chown,fchown,lchown,fchownat:error=EPERM');
    await host.startDaemon(strace);
    expect(await host.ask(nova())).to.include({ cores_allocated: 4 });
    expect(await host.stopDaemon()).to.equal(0);
    const asked = readFileSync(trace, 'utf8');
    expect(asked).not.to.match(/chown/);
    const paths = new Set([...asked.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ''));
    const beyond = [...paths].filter((path) => !isAllowed(path, host));
    expect(beyond.filter((path) => !DISPENSABLE.some((known) => known.test(path)))).to.deep.equal(
      [],
    );
    expect(paths.size).to.be.above(20);

    // And without these, too: under confinement it gets EACCES for them. The program that a process
    // is cannot be named by its path, as strace takes it for its own; it is the first link read.
    const without = ['strace', '-D', '-f', '-qq', '-o', trace, '-e', `trace=${calls}`];
    const named = beyond.filter((path) => !path.endsWith('/exe')).flatMap((path) => ['-P', path]);
    for (const [more, injected] of [
      [named, `${calls}:error=EACCES`],
      [[], 'readlink:error=EACCES:when=1'],
    ] as const) {
      await host.startDaemon([...without, ...more, '-e', `inject=${injected}`]);
      expect(await host.ask(nova({ num_of_cores: 3 }))).to.include({ cores_allocated: 3 });
      expect(await host.stopDaemon()).to.equal(0);
      expect(readFileSync(trace, 'utf8')).to.match(/EACCES.*INJECTED/);
    }
  });
});

/**
 * What snapd's template for AppArmor allows (`interfaces/apparmor/template.go`), and what is in the
 * abstractions `base` and `openssl` that it includes; of these, what a process of Node.js asks for.
 */
function isAllowed(path: string, host: SnapHost): boolean {
  const places = [host.snapDirectory, host.dataDirectory, host.commonDirectory];
  // The simulated machine stands for what template and plug allow below /sys.
  const sysfs = ['cpu', 'node'].map((name) => join(host.sysfsRoot, 'devices/system', name));
  const directories = [...places, ...sysfs, '/lib', '/usr/lib', '/usr/share/zoneinfo'];
  if (directories.some((directory) => `${path}/`.startsWith(`${directory}/`))) return true;
  // A symbolic link is shown as it is written, and those on the way to a file are looked at.
  if (path.startsWith('../') || [...directories, '/etc/localtime'].some((d) => d.startsWith(path)))
    return true;
  return [
    /^\/etc\/(ld\.so\.(cache|preload)|localtime|ssl\/openssl\.cnf)$/,
    /^\/dev\/(null|zero|full|u?random)$/,
    /^\/proc\/(meminfo|stat|cpuinfo|version_signature)$/,
    /^\/proc\/(self|\d+)\/(limits|maps|stat|status|cgroup)$/,
    /^\/proc\/sys\/vm\/overcommit_memory$/,
    /^\/sys\/devices\/system\/cpu\//,
  ].some((allowed) => allowed.test(path));
}

/** What Node.js looks at, or the daemon, and goes on without. */
const DISPENSABLE = [/^\/proc\/(self|\d+)\/exe$/, /^\/sys\/fs\/cgroup\//, /^\/dev\/tty$/];

describe('the command line of the packed snap', () => {
  requireTools();

  it('finds the daemon, and tells people to call it by its name', async () => {
    await using host = await SnapHost.installed();
    const run = (...words: string[]) => host.app('epa-orchestrator', ...words);
    expect(run('--version').stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    expect(run('allocate', 'nova', '4')).to.include({ status: 0, stderr: '' });
    const { status, stdout } = run('list');
    expect(status).to.equal(0);
    expect(stdout)
      .to.match(/^node 0 /)
      .and.match(/nova +4 +ordinary +legacy +1-2,17-18/);
    const refusal = run('allocate', 'nova', '3', '--pool', 'general');
    expect(refusal.status).to.equal(1);
    expect(refusal.stderr).to.include('`sudo snap set epa-orchestrator cpu-pool=2-7`');
    expect(run('state', 'verify').status).to.equal(0);
    expect(run('release', 'nova')).to.include({ status: 0, stderr: '' });
  });

  it('says how to start the daemon of the snap', async () => {
    await using host = await SnapHost.unpacked();
    host.hook('install');
    const { status, stderr } = host.app('epa-orchestrator', 'list');
    expect(status).to.equal(1);
    expect(stderr).to.include('In this snap: `sudo snap start --enable epa-orchestrator.daemon`');
  });
});
