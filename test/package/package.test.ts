/** The package that npm would publish: what is in it, and that programs can use it as documented. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { TestHost } from '../daemon/harness.js';
import { type Installation, PackedPackage } from './packed.js';

const read = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const manifest = JSON.parse(read('package.json'));

/** What the types of the client refer to; the client itself loads no other package. */
const NAMED_BY_TYPES = ['zod'];
/** What those who write TypeScript have. */
const TYPES = ['@types/node', 'undici-types'];

/** A program of the documentation, and what it writes. */
interface Example {
  /** Of the file that it is put into. */
  readonly name: string;
  readonly language: string;
  readonly program: string;
  readonly output: string;
}

function readExamples(): Example[] {
  const pairs = /```(js|ts)\n(.+?\n)```\n```text\n(.+?\n)```/gs;
  return [...read('docs/client.md').matchAll(pairs)].map(
    ([, language = '', program = '', output = ''], index) => ({
      name: `example-${index + 1}.${language}`,
      language,
      program,
      output,
    }),
  );
}

describe('the package', function () {
  // It is built and packed first.
  this.timeout(240_000);
  const examples = readExamples();
  let packed: PackedPackage;
  let app: Installation;
  before(async () => {
    packed = await PackedPackage.make();
    app = await packed.install('app', [...NAMED_BY_TYPES, ...TYPES]);
  });
  after(() => packed?.remove());

  it('has what it promises, and nothing of how it is made', () => {
    const client = manifest.exports['./client'];
    const promised = [client.types, client.default, manifest.bin['epa-orchestrator']];
    expect(packed.files).to.include.members(
      promised.map((path: string) => path.replace(/^\.\//, '')),
    );
    expect(packed.files).to.include.members([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/page/index.html',
      'dist/src/sysfs/scan-worker.js',
      'docs/client.md',
      'docs/protocol.md',
      'package.json',
    ]);
    const isMeant = (path: string) =>
      /^(dist\/(src|actors|page)|docs)\//.test(path) ||
      path === 'dist/LICENSES.txt' ||
      /^[A-Za-z.]+\.(md|json)$|^LICENSE$/.test(path);
    expect(packed.files.filter((path) => !isMeant(path))).to.deep.equal([]);
    const isSource = (path: string) => /(?<!\.d)\.ts$/.test(path);
    expect(packed.files.filter(isSource)).to.deep.equal([]);
  });

  it('runs as a command', async () => {
    const full = await packed.install('full', Object.keys(manifest.dependencies));
    const main = `node_modules/epa-orchestrator/${manifest.bin['epa-orchestrator']}`;
    expect(full.read(manifest.bin['epa-orchestrator'])).to.match(/^#!\/usr\/bin\/env node\n/);
    expect(await full.node([main, '--version'])).to.equal(`${manifest.version}\n`);
    await using host = new TestHost();
    await host.start();
    const metrics = await full.node([main, 'metrics'], { EPA_SOCKET: host.socketPath });
    expect(metrics).to.include(`epa_orchestrator_build_info{version="${manifest.version}"`);
  });

  it('keeps the rest of itself to itself', async () => {
    app.write(
      'inside.js',
      "await import('epa-orchestrator/dist/src/daemon/daemon.js').catch(({ code }) => console.log(code));",
    );
    expect(await app.node(['inside.js'])).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });

  it('can be required, too', async () => {
    app.write('plain.cjs', "console.log(typeof require('epa-orchestrator/client').EpaClient);");
    // Node.js 20 says on standard error that this is new.
    expect(await app.node(['plain.cjs'])).to.equal('function\n');
  });

  it('has types that know what is right, and what is wrong', async () => {
    app.write('wrong.ts', WRONG);
    for (const { name, program } of examples) app.write(name, program);
    const names = ['wrong.ts', ...examples.map(({ name }) => name)];
    await app.compile(names.filter((name) => name.endsWith('.ts')));
  });

  it('does what the documentation of the client says, as it stands there', async () => {
    expect(examples.map(({ language }) => language)).to.include.members(['js', 'ts']);
    await using host = new TestHost();
    await host.start();
    for (const { name, output } of examples) {
      const words = [name.replace(/\.ts$/, '.js')];
      expect(await app.node(words, { EPA_SOCKET: host.socketPath }), name).to.equal(output);
    }
  });
});

/** What a compiler must not let pass. */
const WRONG = `
import { EpaClient, RefusedError } from 'epa-orchestrator/client';
const epa = new EpaClient();
// @ts-expect-error: no such pool
void epa.allocateCores({ service_name: 'x', pool: 'big' });
// @ts-expect-error: the node is missing
void epa.allocateNumaCores({ service_name: 'x', num_of_cores: 1 });
const claimed = await epa.allocateNumaCores({ service_name: 'x', numa_node: 0, num_of_cores: 1 });
// @ts-expect-error: a list is no count
const count: number = claimed.cores_allocated;
// @ts-expect-error: a reply is only looked at
(await epa.listAllocations()).allocations.pop();
const isBusy = (error: RefusedError) => error.code === 'BUSY';
void [count, isBusy];
`;
