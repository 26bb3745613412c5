/** `demo` from its first line to Ctrl-C, and the commands it prints for trying. */

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { STORY } from '../../src/cli/demo-story.js';
import { start, startCli } from './running.js';

describe('demo', () => {
  it('tells its story, serves on, and leaves nothing behind', async () => {
    // What is set for the real daemon of a machine must not spoil it.
    const demo = startCli(['demo'], {
      EPA_SOCKET: '/nonexistent/epa.sock',
      EPA_CPU_POOL: 'nonsense',
      EPA_CONFIG: '/nonexistent.json',
    });
    const text = await demo.untilWritten(/\n {2}.* list --json --socket .*\n/);

    const socketPath = /\$ export EPA_SOCKET=(\S+)/.exec(text)?.[1] ?? '';
    expect(existsSync(socketPath)).to.equal(true);
    for (const { words } of STORY) {
      expect(text).to.include(`\n$ epa-orchestrator ${words.join(' ')}\n`);
    }
    // What the captions promise.
    expect(text).to.include('\nhypervisor holds 22 CPUs of the isolated pool: ');
    expect(text).to.match(
      /\ndpdk holds 8 CPUs of NUMA node 1: .*\ntaken by force from hypervisor: /,
    );
    expect(text).to.include('\nhypervisor holds 16 CPUs of the isolated pool: ');
    expect(text).to.match(/\nceph holds 2 CPUs of NUMA node 1: .*\nnobody can take them: /);
    expect(text).to.match(
      /\nrefused: .*\n\n(?: .*\n)* +1 .* dpdk 8, ceph 2 \(non-preemptive\), hypervisor 2\n/,
    );
    expect(text).to.include('  would fit: 4 CPUs in NUMA node 1\n');
    expect(text).to.include('\nisolated pool: 28 CPUs, 2 free ');
    expect(text).to.not.match(/"level"|\bERROR\b|\bundefined\b/);

    // The commands to try work when they are pasted; those that change something in their order.
    const toTry = text.split('\n').filter((line) => / --socket /.test(line));
    expect(toTry).to.have.length(6);
    const paste = (from: number, to: number) =>
      start('sh', ['-c', toTry.slice(from, to).join(' && ')]).ended;
    const [pasted, looks] = await Promise.all([paste(0, 3), paste(3, 6)]);
    expect(pasted.status, pasted.stderr).to.equal(0);
    expect(looks.status, looks.stderr).to.equal(0);
    expect(pasted.stdout).to.match(
      /\nbatch holds 4 CPUs of NUMA node 1: .*\ntaken by force from hyp/,
    );
    expect(pasted.stdout).to.include('\ndpdk gave 8 CPUs back: ');

    demo.process.kill('SIGINT');
    const { status, signal, stderr } = await demo.ended;
    expect({ status, signal, stderr }).to.deep.equal({ status: 0, signal: null, stderr: '' });
    expect(existsSync(dirname(socketPath))).to.equal(false);
  }).timeout(60_000);

  it('can be ended in the middle of its story', async () => {
    const demo = startCli(['demo']);
    const text = await demo.untilWritten(/\$ epa-orchestrator allocate dpdk/);
    const socketPath = /EPA_SOCKET=(\S+)/.exec(text)?.[1] ?? '';
    demo.process.kill('SIGINT');
    const { status, stdout, stderr } = await demo.ended;
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.not.include('$ epa-orchestrator list');
    expect(existsSync(dirname(socketPath))).to.equal(false);
  });
});
