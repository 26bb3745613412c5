/** `state` as a process: on real directories, while a daemon serves and while none does. */

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AnyWireRequest, ask } from '../../src/client/request.js';
import { readStateDirectory } from '../../src/config/config.js';
import { formatState, parseState } from '../../src/state/state-format.js';
import { lockStateDirectory } from '../../src/state/state-lock.js';
import { everythingIn } from '../state/directories.js';
import {
  type Ended,
  MAIN,
  runCli,
  runHere,
  serveSimulated,
  start,
  useDirectories,
} from './running.js';
import { lines } from './topologies.js';

const OLDER = JSON.stringify({
  version: 1,
  updated_at: '2024-05-06T07:08:09+00:00',
  allocations_db: {
    allocations: { nova: '1-3', dpdk: '9-12,25', web: '4000', gone: '' },
    explicit_allocations: { dpdk: '9' },
    preemption_policies: { dpdk: 'non-preemptive' },
    allocation_pools: { web: 'general' },
  },
  hugepages_db: { allocations: { ceph: [{ node_id: 0, size_kb: 2048, count: 300 }] } },
});

/** A state with one service, as a daemon stored it. */
const STORED =
  '{"version":2,"generation":6,"updated_at":"2026-01-02T03:04:05.678Z","claims":[{"service_name":' +
  '"vm","pool":"isolated","preemption_policy":"legacy","cpus":"1-2","explicit_cpus":""}],' +
  '"hugepages":[],"cpu_homes":[{"node_id":0,"cpus":"1-2"}],"checksum":' +
  '"c8003fbe5ef4fe74939037f6617b032423f0fed1ef8738acfc32b1abe8a21b9e"}\n';

describe('state', () => {
  const newDirectory = useDirectories();

  /** Runs `state` on a directory. */
  const state = (directory: string, ...words: string[]) =>
    runHere(['state', ...words, '--state-dir', directory]);
  /** Runs it in a process of its own, as it must where it fails: its errors are loaded later. */
  const stateProcess = (directory: string, ...words: string[]) =>
    runCli(['state', ...words, '--state-dir', directory]);
  /** A directory below a new one, with these files in it. */
  const directoryWith = (files: Readonly<Record<string, string>> = {}) => {
    const directory = join(newDirectory(), 'state');
    mkdirSync(directory);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return directory;
  };
  const bothCopies = (text: string) => ({ 'state.json': text, 'state.twin.json': text });
  /** A file somewhere, with its path. */
  const fileWith = (text: string) => {
    const path = join(newDirectory(), 'file.json');
    writeFileSync(path, text);
    return path;
  };
  const shown = (status: number, text: string) => ({
    status,
    stdout: `${lines(text)}\n`,
    stderr: '',
  });
  /** That a command fails with one sentence, and nothing in the directory is another. */
  const expectRefusal = async (directory: string, words: readonly string[], sentence: RegExp) => {
    const before = everythingIn(directory);
    const ended = await stateProcess(directory, ...words);
    expect(ended).to.include({ status: 1, stdout: '' });
    expect(ended.stderr)
      .to.match(sentence)
      .and.match(/^error: .*\n$/);
    expect(everythingIn(directory)).to.deep.equal(before);
  };

  it('show tells what is stored, and whether it is whole', async () => {
    const directory = directoryWith(bothCopies(STORED));
    expect(await state(directory, 'show')).to.deep.equal(
      shown(
        0,
        `
the state in ${directory} is whole
state.json       generation 6 of 2026-01-02T03:04:05.678Z: 1 service with CPUs,
                 0 hugepage records
state.twin.json  generation 6 of 2026-01-02T03:04:05.678Z: 1 service with CPUs,
                 0 hugepage records

SERVICE  POOL      CPUS  KIND      POLICY  WHICH
vm       isolated     2  ordinary  legacy  1-2

no hugepages are on record
`,
      ),
    );
  });

  it('show tells whose the services are, where they are not all root’s', async () => {
    const nova = { uid: 64_055, gid: 64_055, label: 'snap.nova.compute' };
    const holdings = parseState(STORED)
      .holdings.withPages({ serviceName: 'ceph', nodeId: 0, sizeKb: 2_048, pageCount: 1 })
      .withOwner('vm', nova)
      .withOwner('ceph', { uid: 167, gid: 167, label: null });
    const file = fileWith(formatState({ holdings, homes: new Map(), generation: 7 }, new Date(0)));
    const { stdout } = await runHere(['state', 'show', file]);
    expect(stdout.split('\n\n').at(-1)).to.equal(
      `${lines(`
SERVICE  BELONGS TO
ceph     uid 167
vm       uid 64055 (snap.nova.compute)
`)}\n`,
    );
    const json = await runHere(['state', 'show', file, '--json']);
    expect(JSON.parse(json.stdout).owners).to.deep.include({ service_name: 'vm', ...nova });
  });

  it('show tells what a file of the older release has', async () => {
    const file = fileWith(OLDER);
    const text = await runHere(['state', 'show', file]);
    const json = await runHere(['state', 'show', file, '--json']);
    const piped = await fromStandardInput(file, 'show', '-');
    const content = `
remark     dropped gone: it holds no CPU
remark     taken over from the older format

SERVICE  POOL      CPUS  KIND      POLICY          WHICH
dpdk     isolated     5  mixed     non-preemptive  9-12,25
                                                   explicit: 9
nova     isolated     3  ordinary  legacy          1-3
web      general      1  ordinary  legacy          4000

SERVICE  NODE  PAGE SIZE  PAGES
ceph        0      2 MiB    300
`;
    expect(text).to.deep.equal(
      shown(
        0,
        `
the state in ${file} is whole, and of the format of the older release
file.json  older format of 2024-05-06T07:08:09+00:00: 3 services with CPUs, 1
           hugepage record${content}`,
      ),
    );
    expect(piped.status).to.equal(0);
    expect(piped.stdout).to.match(/^the state in standard input is whole, and of the format of/);
    const reply = JSON.parse(json.stdout);
    expect(reply).to.deep.include({ is_well: true, problem: null, format: 'older' });
    expect(reply.allocations).to.have.length(3);
    expect(reply.allocations[0]).to.deep.equal({
      pool: 'isolated',
      preemption_policy: 'non-preemptive',
      service_name: 'dpdk',
      allocated_cores: '9-12,25',
      cores_count: 5,
      is_explicit: true,
      explicit_cores: '9',
    });
    expect(reply.hugepages).to.deep.equal([
      { service_name: 'ceph', node_id: 0, size_kb: 2048, count: 300 },
    ]);
  });

  it('verify says what is wrong with which copy, with status 1', async () => {
    const healable = directoryWith({
      'state.json': STORED.slice(0, 99),
      'state.twin.json': STORED,
    });
    const beyondHelp = directoryWith({
      'state.json': '',
      'state.twin.json': STORED.replace('1-2', '1-3'),
    });
    const empty = directoryWith();
    const missing = join(empty, 'missing');
    const one = await state(healable, 'verify');
    const both = await state(beyondHelp, 'verify');
    const none = await state(empty, 'verify');
    const nowhere = await stateProcess(missing, 'verify');
    const json = await state(healable, 'verify', '--json');
    const whole = await runHere(['state', 'verify', join(healable, 'state.twin.json')]);
    // Newer versions of Node.js say the line and the column, too.
    const withoutPlace = (text: string) => text.replace(' (line 1 column 100)', '');
    expect({ ...one, stdout: withoutPlace(one.stdout) }).to.deep.equal(
      shown(
        1,
        `
the state in ${healable} is whole, but not in both copies: the next start of the daemon heals that
state.json       to be healed: it is not JSON: Expected double-quoted property
                 name in JSON at position 99
state.twin.json  generation 6 of 2026-01-02T03:04:05.678Z: 1 service with CPUs,
                 0 hugepage records
`,
      ),
    );
    expect(both.status).to.equal(1);
    expect(both.stdout).to.match(/^no daemon can start on the state in .*\n/);
    expect(both.stdout).to.match(/\nstate\.json +not whole: the file is empty\n/);
    expect(both.stdout).to.match(/\nstate\.twin\.json +not whole: its checksum does not fit/);
    expect(both.stdout).to.include('epa-orchestrator state restore FILE');
    expect(none.status).to.equal(1);
    expect(none.stdout).to.match(/^nothing is stored in .* yet\nstate\.json +missing\n/);
    expect(nowhere).to.include({ status: 1, stdout: '' });
    expect(nowhere.stderr).to.match(/^error: there is no state directory .*\/missing; name it /);
    expect(JSON.parse(json.stdout)).to.deep.include({ is_well: false, generation: 6 });
    expect(JSON.parse(withoutPlace(json.stdout)).copies[0]).to.deep.equal({
      file: join(healable, 'state.json'),
      condition: 'damaged',
      problem: 'it is not JSON: Expected double-quoted property name in JSON at position 99',
    });
    expect(whole.status).to.equal(0);
  });

  it('export writes the newest whole copy as it is on disk', async () => {
    const directory = directoryWith({ 'state.json': '', 'state.twin.json': STORED });
    const before = everythingIn(directory);
    const target = newDirectory();
    const piped = await runCli(['state', 'export', '--state-dir', directory]);
    expect(piped).to.deep.equal({ status: 0, signal: null, stdout: STORED, stderr: '' });
    expect(await state(directory, 'export', join(target, 'a.json'))).to.deep.equal(
      shown(
        0,
        `exported to ${join(target, 'a.json')}: generation 6, 1 service with CPUs, 0 hugepage records`,
      ),
    );
    expect(everythingIn(target)).to.deep.equal({ 'a.json': STORED });
    expect(everythingIn(directory)).to.deep.equal(before);
  });

  it('export replaces a file only with --force, and only a file', async () => {
    const directory = directoryWith(bothCopies(STORED));
    const target = newDirectory();
    const file = join(target, 'a.json');
    writeFileSync(file, 'mine');
    symlinkSync('/dev/null', join(target, 'link'));
    const refused = await stateProcess(directory, 'export', file);
    expect(refused).to.include({ status: 1, stdout: '' });
    expect(refused.stderr).to.match(/^error: cannot export to .*a\.json: it exists; .*--force/);
    expect(everythingIn(target)).to.deep.equal({ 'a.json': 'mine', link: 'no file' });
    const forced = await state(directory, 'export', file, '--force');
    const [onLink, nowhere] = await Promise.all([
      stateProcess(directory, 'export', join(target, 'link'), '--force'),
      stateProcess(directory, 'export', join(target, 'missing', 'a.json')),
    ]);
    expect([forced.status, onLink.status, nowhere.status]).to.deep.equal([0, 1, 1]);
    expect(onLink.stderr).to.match(/it exists, and is no file\n$/);
    expect(nowhere.stderr).to.match(/^error: cannot export to .*ENOENT/);
    expect(everythingIn(target)).to.deep.equal({ 'a.json': STORED, link: 'no file' });
  });

  it('export writes what is still in the older format in the own one', async () => {
    const directory = directoryWith({ 'state.json': OLDER });
    const { status, stdout } = await state(directory, 'export');
    expect(status).to.equal(0);
    const text = await fromStandardInput(fileWith(stdout), 'show', '-', '--json');
    const exported = JSON.parse(text.stdout);
    expect(exported).to.include({ is_well: true, format: 'own' });
    expect(exported.allocations).to.have.length(3);
  });

  it('export fails where no copy is whole, and where nothing is stored', async () => {
    const file = join(newDirectory(), 'a.json');
    const damaged = directoryWith(bothCopies(STORED.slice(9)));
    await expectRefusal(damaged, ['export', file], /no copy of it is whole: .*state restore FILE/);
    await expectRefusal(directoryWith(), ['export', file], /nothing is stored in .* yet/);
    expect(existsSync(file)).to.equal(false);
  });

  it('import tells what changes for whom, and where the old state is kept', async () => {
    const directory = directoryWith(bothCopies(STORED));
    const file = fileWith(OLDER.replace('"nova"', '"vm"'));
    const { status, stdout, stderr } = await state(directory, 'import', file);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    const ending = /state\.json(\.kept-\d{8}T\d{6}Z)/.exec(stdout)?.[1] ?? '';
    expect(stdout).to.equal(
      lines(`
the state in ${directory} is now that of ${file}: generation 7, 3 services with CPUs, 1 hugepage record
remark: dropped gone: it holds no CPU
remark: taken over from the older format

        SERVICE  POOL      CPUS  KIND      POLICY          WHICH
gained  dpdk     isolated     5  mixed     non-preemptive  9-12,25
                                                           explicit: 9
was     vm       isolated     2  ordinary  legacy          1-2
now     vm       isolated     3  ordinary  legacy          1-3
gained  web      general      1  ordinary  legacy          4000

        SERVICE  NODE  PAGE SIZE  PAGES
gained  ceph        0      2 MiB    300

what was there is kept:
  ${directory}/state.json${ending}
  ${directory}/state.twin.json${ending}

`),
    );
    const after = everythingIn(directory);
    expect(Object.keys(after)).to.deep.equal([
      'state.json',
      `state.json${ending}`,
      'state.twin.json',
      `state.twin.json${ending}`,
    ]);
    expect(after[`state.json${ending}`]).to.equal(STORED);
    expect(after[`state.twin.json${ending}`]).to.equal(STORED);
    // What was kept can be put back, and then nobody has anything else than before.
    const back = await state(
      directory,
      'restore',
      join(directory, `state.json${ending}`),
      '--json',
    );
    expect(JSON.parse(back.stdout)).to.deep.include({ generation: 8, is_before_known: true });
    const again = await fromStandardInput(
      fileWith(STORED),
      'import',
      '-',
      '--state-dir',
      directory,
    );
    expect(again.stdout).to.include('\nnobody holds other CPUs or hugepages than before\n');
    expect(readFileSync(join(directory, 'state.json'), 'utf8')).to.include('"cpu_homes":[]');
  });

  it('restore puts a state back where both copies are damaged, homes of its CPUs included', async () => {
    const directory = directoryWith({ 'state.json': '', 'state.twin.json': '\0\0' });
    const { status, stdout } = await state(directory, 'restore', fileWith(STORED));
    expect(status).to.equal(0);
    expect(stdout).to.include('\nno copy of what was there is whole, so all is new\n');
    expect(stdout).to.match(/\ngained +vm +isolated +2 +ordinary +legacy +1-2\n/);
    const { 'state.json': first, 'state.twin.json': twin, ...kept } = everythingIn(directory);
    expect(first).to.equal(twin);
    expect(first).to.include('"generation":7,').and.include('"cpu_homes":[{"node_id":0,');
    expect(Object.values(kept)).to.have.members(['', '\0\0']);
  });

  it('import and restore change nothing when the file is not whole, or not theirs', async () => {
    const directory = directoryWith(bothCopies(STORED));
    const damaged = fileWith(STORED.replace('1-2', '1-3'));
    const sentence = /cannot (import|restore) .*file\.json: its checksum does not fit its content/;
    const withoutAnything = fileWith('{"version":2}');
    await Promise.all([
      expectRefusal(directory, ['import', damaged], sentence),
      expectRefusal(directory, ['restore', damaged], sentence),
      expectRefusal(directory, ['restore', fileWith(OLDER)], /`epa-orchestrator state import /),
      expectRefusal(directory, ['import', '/nonexistent'], /cannot read \/nonexistent: ENOENT/),
      expectRefusal(
        directory,
        ['import', withoutAnything],
        /: Invalid input: expected number, received undefined at generation; Invalid input/,
      ),
    ]);
  });

  it('import is refused while another import has the directory', async () => {
    const directory = directoryWith(bothCopies(STORED));
    const lock = lockStateDirectory(directory, 'imports a state');
    try {
      await expectRefusal(
        directory,
        ['import', fileWith(OLDER)],
        new RegExp(`is in use: process ${process.pid} imports a state, since 2`),
      );
    } finally {
      lock.release();
    }
  });

  it('finds the directory by option, environment, configuration file and default', async () => {
    const config = fileWith('{"state_dir": "/from/file", "socket": "/x"}');
    const environment = { EPA_STATE_DIR: '/from/environment', EPA_CONFIG: config };
    expect(readStateDirectory('/from/option', config, environment)).to.equal('/from/option');
    expect(readStateDirectory(undefined, config, environment)).to.equal('/from/environment');
    const missing = { EPA_CONFIG: '/nonexistent.json' };
    expect(readStateDirectory(undefined, config, missing)).to.equal('/from/file');
    expect(readStateDirectory(undefined, undefined, { EPA_CONFIG: config })).to.equal('/from/file');
    expect(readStateDirectory(undefined, undefined, { SNAP_DATA: '/snap' })).to.equal('/snap/data');
    const named = async (...words: string[]) => {
      const { stderr } = await runCli(['state', ...words], environment);
      return /there is no state directory (.*); name it/.exec(stderr)?.[1];
    };
    expect(await named('--state-dir', '/from/option', 'verify')).to.equal('/from/option');
    expect(await named('verify')).to.equal('/from/environment');
  });
});

describe('state while a daemon serves', () => {
  const newDirectory = useDirectories();

  /** Serves a machine, and keeps its state in a directory beside the socket. */
  const serve = async (shape: string) => {
    const directory = newDirectory();
    const stateDirectory = join(directory, 'state');
    const served = await serveSimulated(directory, shape, '--state-dir', stateDirectory);
    const grant = async (request: AnyWireRequest) => {
      const answer = await ask(served.socketPath, request, { timeoutMs: 5_000 });
      expect(answer.isGranted, answer.text).to.equal(true);
    };
    return { ...served, directory, stateDirectory, grant };
  };

  it('shows and exports what was acknowledged, for another daemon to serve', async () => {
    const { directory, stateDirectory, grant, cli, stop } = await serve('dual-socket');
    const file = join(directory, 'backup.json');
    try {
      await grant({ action: 'allocate_cores', service_name: 'vm', num_of_cores: 3 });
      const record = { hugepages_requested: 2, node_id: 1, size_kb: 2048 };
      await grant({ action: 'allocate_hugepages', service_name: 'vm', ...record });
      const words = ['--state-dir', stateDirectory];
      const { status, stdout } = await runHere(['state', 'show', '--json', ...words]);
      const { allocations, hugepages, is_well } = JSON.parse(stdout);
      expect({ status, is_well }).to.deep.equal({ status: 0, is_well: true });
      expect(allocations).to.deep.equal(
        JSON.parse((await cli('list', '--json')).stdout).allocations,
      );
      expect(hugepages).to.deep.equal([
        { service_name: 'vm', node_id: 1, size_kb: 2048, count: 2 },
      ]);
      expect((await runHere(['state', 'export', file, ...words])).status).to.equal(0);
    } finally {
      await stop();
    }
    const elsewhere = join(directory, 'elsewhere');
    const words = ['import', file, '--state-dir', elsewhere];
    expect((await runHere(['state', ...words])).status).to.equal(0);
    const other = await serveSimulated(newDirectory(), 'dual-socket', '--state-dir', elsewhere);
    try {
      expect((await other.cli('list')).stdout).to.match(/vm +3 +ordinary +legacy +1-2,17\n/);
    } finally {
      await other.stop();
    }
  });

  it('replaces nothing, and says who serves', async () => {
    const { directory, stateDirectory, grant, cli, stop, daemon } = await serve('single-node');
    try {
      await grant({ action: 'allocate_cores', service_name: 'vm', num_of_cores: 3 });
      const file = join(directory, 'backup.json');
      await runHere(['state', 'export', file, '--state-dir', stateDirectory]);
      const before = everythingIn(stateDirectory);
      for (const verb of ['import', 'restore']) {
        const ended = await cli('state', verb, file, '--state-dir', stateDirectory);
        expect(ended).to.include({ status: 1, stdout: '' });
        expect(ended.stderr).to.match(
          /^error: the state directory .* is in use: process \d+ serves /,
        );
        expect(ended.stderr).to.include(`process ${daemon.process.pid} serves `);
      }
      expect(everythingIn(stateDirectory)).to.deep.equal(before);
    } finally {
      await stop();
    }
  });

  it('finds nothing wrong while the copies are being replaced', async () => {
    const { stateDirectory, grant, cli, stop } = await serve('single-node');
    const allocate = (num_of_cores: number) =>
      grant({ action: 'allocate_cores', service_name: 'vm', num_of_cores });
    await allocate(1);
    let isOver = false;
    const load = (async () => {
      for (let round = 0; !isOver; round++) await allocate(2 - (round % 2));
    })();
    const words = ['--state-dir', stateDirectory];
    try {
      for (let look = 0; look < 20; look++) {
        const { status, stdout } = await runHere(['state', 'verify', ...words]);
        expect(status, stdout).to.equal(0);
      }
      const { status, stdout } = await cli('state', 'export', ...words);
      expect(status).to.equal(0);
      expect(JSON.parse(stdout).claims).to.have.length(1);
    } finally {
      isOver = true;
      await load;
      await stop();
    }
  });
});

/** Runs `state` with a file as its standard input. */
function fromStandardInput(file: string, ...words: string[]): Promise<Ended> {
  const script = 'file=$1; shift; exec "$@" < "$file"';
  const cli = [process.execPath, MAIN, 'state', ...words];
  return start('sh', ['-c', script, 'sh', file, ...cli]).ended;
}
