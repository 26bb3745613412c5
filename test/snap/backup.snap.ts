/** The daily backup: an export that is whole, a bounded number of them, and a word about it. */

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requireTools } from './require-tools.js';
import { SnapHost } from './snap-host.js';

const claim = (service_name: string, num_of_cores: number) => ({
  action: 'allocate_cores',
  service_name,
  num_of_cores,
});

describe('the backup', () => {
  requireTools();

  it('is an export that can be restored, made when something changed', async () => {
    await using host = await SnapHost.installed();
    await host.ask(claim('nova', 4));
    const first = host.app('backup');
    expect(first).to.include({ status: 0, stderr: '' });
    const path =
      /^backed up to (\S+): generation \d+, 1 service with CPUs, 0 hugepage records\n$/.exec(
        first.stdout,
      )?.[1];
    expect(path, first.stdout).to.match(/\/common\/backups\/state-\d{8}T\d{6}Z\.json$/);
    expect(host.app('backup').stdout).to.equal(`nothing has changed since ${path}\n`);
    await host.ask(claim('ceph', 2));
    await host.stopDaemon();
    const restored = host.app('epa-orchestrator', 'state', 'restore', path ?? '');
    expect(restored).to.include({ status: 0, stderr: '' });
    await host.startDaemon();
    const { allocations } = await host.ask({ action: 'list_allocations' });
    expect(allocations).to.have.length(1);
    expect(allocations[0]).to.include({ service_name: 'nova', cores_count: 4 });
  });

  it('keeps fourteen, and removes nothing that is no backup', async () => {
    await using host = await SnapHost.installed();
    const directory = join(host.commonDirectory, 'backups');
    const old = Array.from({ length: 14 }, (_, day) => `state-202001${day + 10}T030000Z.json`);
    for (const name of [...old, 'mine.json', 'older-release-20200101T000000Z.json']) {
      writeFileSync(join(directory, name), '{}');
    }
    await host.ask(claim('nova', 4));
    expect(host.app('backup').stdout).to.match(
      /\nremoved the oldest of more than 14 backups: state-20200110T030000Z\.json\n$/,
    );
    const names = readdirSync(directory).sort();
    expect(names.slice(0, 3)).to.deep.equal([
      'mine.json',
      'older-release-20200101T000000Z.json',
      old[1],
    ]);
    expect(names).to.have.length(16);
  });

  it('says so when there is nothing yet', async () => {
    await using host = await SnapHost.unpacked();
    host.hook('install');
    const { status, stdout } = host.app('backup');
    expect({ status, stdout }).to.deep.equal({
      status: 0,
      stdout: `nothing is stored in ${host.sharedDirectory} yet, and nothing backed up\n`,
    });
  });

  it('fails with the reason when no copy is whole, or none can be written', async () => {
    await using host = await SnapHost.installed();
    await host.ask(claim('nova', 4));
    const { commonDirectory } = host;
    host.app('backup');
    await host.ask(claim('nova', 5));
    mkdirSync(join(commonDirectory, 'elsewhere'));
    await host.stopDaemon();
    for (const name of ['state.json', 'state.twin.json']) {
      writeFileSync(join(host.sharedDirectory, name), 'damaged');
    }
    const { status, stdout, stderr } = host.app('backup');
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr).to.match(/^cannot use the state, because no copy of it is whole: [^\n]*\n$/);
    expect(readdirSync(join(commonDirectory, 'backups'))).to.have.length(1);
  });
});
