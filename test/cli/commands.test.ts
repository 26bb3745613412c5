/** Each command against a real daemon on a simulated machine of 28 isolated CPUs in two nodes. */

import { expect } from 'chai';
import { type AnyWireRequest, ask } from '../../src/client/request.js';
import { runCli, type Served, serveSimulated, useDirectories } from './running.js';
import { lines } from './topologies.js';

type CpuRequest = Extract<AnyWireRequest, { action: 'allocate_cores' | 'allocate_numa_cores' }>;

describe('the command line', () => {
  const newDirectory = useDirectories();
  let served: Served;

  before(async () => {
    served = await serveSimulated(newDirectory(), 'dual-socket', '--cpu-pool', '0,16');
  });
  after(() => served.stop());
  afterEach(() => releaseAll(served.socketPath));

  /** Runs a command, written as a person types it. */
  const run = async (command: string) => {
    const { status, stdout, stderr } = await served.cli(...command.split(' '));
    return { status, stdout, stderr };
  };
  /** Brings about what a test begins with, without the command line. */
  const given = async (request: CpuRequest) => {
    const answer = await ask(served.socketPath, request, { timeoutMs: 5_000 });
    expect(answer.isGranted, answer.text).to.equal(true);
  };
  const vmHasDefaultShare = () => given({ action: 'allocate_cores', service_name: 'vm' });
  const vmHas = (cpuCount: number, nodeId: number) =>
    given({
      action: 'allocate_numa_cores',
      service_name: 'vm',
      numa_node: nodeId,
      num_of_cores: cpuCount,
    });
  const webHasGeneralCpu = () =>
    given({ action: 'allocate_cores', service_name: 'web', num_of_cores: 1, pool: 'general' });
  const granted = (text: string) => ({ status: 0, stdout: `${lines(text)}\n`, stderr: '' });
  const refused = (text: string) => ({ status: 1, stdout: '', stderr: `${lines(text)}\n` });

  it('allocates the default share, a count, and a percentage', async () => {
    expect(await run('allocate hypervisor')).to.deep.equal(
      granted(`
hypervisor holds 22 CPUs of the isolated pool: 1-7,9-12,17-23,25-28
others may take them by force, with an explicit request (policy legacy)
6 of 28 CPUs of the isolated pool are free
`),
    );
    expect(await run('allocate hypervisor 2 --policy non-preemptive')).to.deep.equal(
      granted(`
hypervisor holds 2 CPUs of the isolated pool: 1,17
nobody can take them: the service is non-preemptive
26 of 28 CPUs of the isolated pool are free
`),
    );
    expect(await run('allocate web --percent 50 --pool general')).to.deep.equal(
      granted(`
web holds 1 CPU of the general pool: 0
others may take them by force, with an explicit request (policy legacy)
1 of 2 CPUs of the general pool is free
`),
    );
  });

  it('allocates in a node by force, and says who lost what', async () => {
    await vmHasDefaultShare();
    expect(await run('allocate dpdk 8 --node 1')).to.deep.equal(
      granted(`
dpdk holds 8 CPUs of NUMA node 1: 9,13-15,25,29-31
taken by force from vm: 9,25
nobody can take them: they are claimed explicitly
0 of 28 CPUs of the isolated pool are free
`),
    );
    expect(await run('allocate batch 7 --node 1')).to.deep.equal(
      refused(`
refused: NUMA node 1 has only 6 isolated CPUs for batch, but 7 were requested; the others are held by services that cannot be made to give them up

  NODE  CPUS  ONLINE  FREE  OWN  COULD TAKE   HELD BY OTHERS
     0    14      14     0    0  1-7,17-23    vm 14
     1    14      14     0    0  10-12,26-28  dpdk 8, vm 6

  would fit: 6 CPUs in NUMA node 1
`),
    );
    expect(await run('allocate batch 1')).to.deep.equal(
      refused(`
refused: Insufficient CPUs available. Requested: 1, Available: 0

  NODE  CPUS  ONLINE  FREE  OWN  COULD TAKE  HELD BY OTHERS
     0    14      14     0    0  -           vm 14
     1    14      14     0    0  -           dpdk 8, vm 6

  would fit: nothing, until somebody releases CPUs
`),
    );
    expect((await run('allocate batch 1 --node 7')).stderr).to.equal(
      'refused: NUMA node 7 does not exist\n  would fit: one of the nodes 0-1\n',
    );
  });

  it('allocates where it is told, says where that is, and what would fit there', async () => {
    expect(await run('allocate vm 6 --whole-cores --numa single --cache require')).to.deep.equal(
      granted(`
vm holds 6 CPUs of the isolated pool: 1-3,17-19
where: NUMA node 0; 1 last-level cache; 3 cores as a whole
others may take them by force, with an explicit request (policy legacy)
22 of 28 CPUs of the isolated pool are free
`),
    );
    expect(await run('allocate dpdk 3 --node 1 --one-per-core --near af:00.0')).to.deep.equal(
      granted(`
dpdk holds 3 CPUs of NUMA node 1: 9-11
where: NUMA node 1; 1 last-level cache; 3 cores in part
nobody can take them: they are claimed explicitly
19 of 28 CPUs of the isolated pool are free
`),
    );
    expect((await run('allocate batch 6 --numa spread --cache prefer')).stdout).to.include(
      'where: NUMA nodes 0, 1; 2 last-level caches; 2 cores as a whole; 2 cores in part',
    );
    expect(await run('allocate web 9 --whole-cores --near 3b:00.0')).to.deep.equal(
      refused(`
refused: Insufficient CPUs available. Requested: 9 in NUMA node 0 (near 0000:3b:00.0), as whole cores; at most 4 can be had so. Available without that: 13

  NODE  CPUS  ONLINE  FREE  OWN  COULD TAKE  HELD BY OTHERS
     0    14      14     5    0  -           vm 6, batch 3
     1    14      14     8    0  -           batch 3, dpdk 3

  would fit: 4 CPUs so, or up to 13 CPUs without that placement
`),
    );
  });

  it('releases a node, or everything, in whatever pool it is', async () => {
    await vmHas(4, 0);
    await vmHas(2, 1);
    expect(await run('release vm --node 0')).to.deep.equal(
      granted(`
vm gave 4 CPUs in NUMA node 0 back: 1-2,17-18
26 of 28 CPUs of the isolated pool are free
`),
    );
    expect(await run('release vm --node node0')).to.deep.equal(
      granted(`
vm holds no CPUs in NUMA node 0: nothing to give back
26 of 28 CPUs of the isolated pool are free
`),
    );
    expect((await run('release vm')).stdout).to.match(/^vm gave 2 CPUs back: 9,25\n28 of 28 /);
    expect((await run('release vm')).stdout).to.match(/^vm holds no CPUs: nothing to give back\n/);
    await webHasGeneralCpu();
    expect(await run('release web')).to.deep.equal(
      granted(`
web gave 1 CPU back: 0
2 of 2 CPUs of the general pool are free
`),
    );
    await webHasGeneralCpu();
    expect(await run('release web --pool isolated')).to.deep.equal(
      refused(`
refused: Service web holds CPUs of the general pool; it must release them there before it can use the isolated pool
  would fit: the same with --pool general
`),
    );
  });

  it('records hugepages and forgets them', async () => {
    expect(await run('hugepages dpdk 3 --node 1 --size 1G')).to.deep.equal(
      granted('dpdk: 3 hugepages of 1 GiB on NUMA node 1 on record'),
    );
    expect(await run('hugepages dpdk 9 --node 1 --size 1G')).to.deep.equal(
      refused(`
refused: NUMA node 1 size 1048576 KB only has 5 free hugepages, requested additional 6

  NODE  PAGES  FREE  OWN  ON RECORD FOR OTHERS
     0      8     8    0  -
     1      8     5    3  -

  would fit: 8 pages of 1 GiB in NUMA node 1 in all
`),
    );
    expect((await run('hugepages dpdk 9 --node 1 --size 64K')).stderr).to.equal(
      'refused: Hugepage size 64 KB not found on node 1\n  would fit: a size of 2 MiB or 1 GiB\n',
    );
    expect((await run('hugepages ceph 1 --node 0 --size 2048')).status).to.equal(0);
    expect(await run('memory')).to.deep.equal(
      granted(`
NODE  PAGE SIZE  TOTAL   IN USE  RECORDED  FREE  ON RECORD FOR
   0      2 MiB   1024  up to 1         1  1023  ceph 1
   0      1 GiB      8        0         0     8
   1      2 MiB   1024        0         0  1024
   1      1 GiB      8  up to 3         3     5  dpdk 3
`),
    );
    expect(await run('hugepages dpdk --forget --node 1 --size 1048576kB')).to.deep.equal(
      granted('no hugepages of 1 GiB on NUMA node 1 are on record for dpdk any more'),
    );
    const { stdout } = await run('memory --json');
    expect(JSON.parse(stdout)).to.have.nested.property('numa_hugepages.node1.allocations').empty;
  });

  it('lists both pools, or one', async () => {
    await vmHasDefaultShare();
    await given({
      action: 'allocate_numa_cores',
      service_name: 'ceph',
      numa_node: 1,
      num_of_cores: 2,
      preemption_policy: 'non-preemptive',
    });
    expect(await run('list')).to.deep.equal(
      granted(`
node 0  64 GiB
┌──────┬──────┬──────┬──────┬──────┬──────┬──────┬──────┐
│  0 : │  1 B │  2 B │  3 B │  4 B │  5 B │  6 B │  7 B │
│ 16 : │ 17 B │ 18 B │ 19 B │ 20 B │ 21 B │ 22 B │ 23 B │
└──────┴──────┴──────┴──────┴──────┴──────┴──────┴──────┘
node 1  64 GiB
┌──────┬──────┬──────┬──────┬──────┬──────┬──────┬──────┐
│  8 - │  9 B │ 10 B │ 11 B │ 12 B │ 13 A │ 14 . │ 15 . │
│ 24 - │ 25 B │ 26 B │ 27 B │ 28 B │ 29 A │ 30 . │ 31 . │
└──────┴──────┴──────┴──────┴──────┴──────┴──────┴──────┘
. free   : free, general pool   - in no pool

isolated pool: 28 CPUs, 4 free (14-15,30-31), the others held by 2 services
   SERVICE  CPUS  KIND      POLICY          WHICH
A  ceph        2  explicit  non-preemptive  13,29
B  vm         22  ordinary  legacy          1-7,9-12,17-23,25-28

general pool: 2 CPUs, 2 free (0,16), held by nobody
`),
    );
    expect((await run('list --pool general')).stdout).to.match(
      /│ 17 \* │[\s\S]*\n\ngeneral pool: 2 CPUs, 2 free \(0,16\), held by nobody\n$/,
    );
  });

  it('shows the topology and the status', async () => {
    const [topology, status] = await Promise.all([run('topology'), run('status')]);
    expect(topology.status).to.equal(0);
    expect(topology.stdout).to.match(
      /^32 CPUs online \(0-31\), 16 cores of 2 threads, 2 NUMA nodes, 4 last-level caches\sof 8 CPUs\n/,
    );
    expect(status.status).to.equal(0);
    expect(status.stdout).to.match(/^the daemon serves\ndaemon +epa-orchestrator \d/);
    expect(status.stdout).to.match(/\nisolated pool +28 of 28 CPUs free\n/);
  });

  it('shows the reply as it came with --json, a refusal too', async () => {
    const requests = {
      'allocate vm 2 --node 0 --json':
        '{"version":"1.0","service_name":"vm","numa_node":0,"num_of_cores":2,"cores_allocated":"1,17",' +
        '"total_available_cpus":28,"remaining_available_cpus":26,"pool":"isolated",' +
        '"preemption_policy":"legacy"}\n',
      'list --json': /^\{"version":"1.0","supported_cpu_features":.*"pool":"isolated",.*\}\n$/,
      'list --json --pool general': /"pool":"general"/,
      '--json topology': /^\{"version":"1.0","online_cpus":"0-31",.*\}\n$/,
      'status --json': /^\{"version":"1.0","daemon_version":.*\}\n$/,
      'release nobody --json': /"num_of_cores":0,"cores_allocated":0,/,
    };
    await Promise.all(
      Object.entries(requests).map(async ([words, expected]) => {
        const { status, stdout, stderr } = await run(words);
        expect({ status, stderr }, words).to.deep.equal({ status: 0, stderr: '' });
        if (typeof expected === 'string') expect(stdout).to.equal(expected);
        else expect(stdout, words).to.match(expected);
      }),
    );
    const { status, stdout, stderr } = await run('allocate vm 99 --json');
    expect({ status, stderr }).to.deep.equal({ status: 1, stderr: '' });
    expect(JSON.parse(stdout)).to.include({ code: 'INSUFFICIENT_CPUS' });
  });

  it('finds the daemon by option before the environment', async () => {
    const elsewhere = '/nonexistent/epa.sock';
    expect((await run(`list --socket ${elsewhere}`)).status).to.equal(1);
    const found = await runCli(['list', '--json', '--socket', served.socketPath], {
      EPA_SOCKET: elsewhere,
      EPA_CONFIG: '/nonexistent.json',
    });
    expect(found.status).to.equal(0);
  });
});

/** Leaves the daemon as it was when it started, but for what is on record for hugepages. */
async function releaseAll(socketPath: string): Promise<void> {
  const options = { timeoutMs: 5_000 };
  const { text } = await ask(socketPath, { action: 'get_topology' }, options);
  for (const { service_name, pool } of JSON.parse(text).allocations) {
    const release = { action: 'allocate_cores', service_name, num_of_cores: -1, pool } as const;
    await ask(socketPath, release, options);
  }
}
