/** The package as npm would publish it, and programs that have it and little else. */

import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');

/** What the package is built from; `node_modules` is lent to it. */
const SOURCES = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'src',
  'actors',
  'docs',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
];

/** The environment of npm and of a program, without what npm tells its scripts. */
const environment = () =>
  Object.fromEntries(
    Object.entries({ PATH: process.env['PATH'], HOME: process.env['HOME'] }).filter(
      ([, value]) => value !== undefined,
    ),
  );

/** A package that was built and packed in a directory of its own. */
export class PackedPackage {
  readonly #directory: string;
  readonly #tarball: string;
  /** Paths of the files in it. */
  readonly files: readonly string[];

  private constructor(directory: string, tarball: string, files: readonly string[]) {
    this.#directory = directory;
    this.#tarball = tarball;
    this.files = files;
  }

  static async make(): Promise<PackedPackage> {
    const directory = mkdtempSync(join(tmpdir(), 'epa-package-'));
    const source = join(directory, 'source');
    for (const name of SOURCES) cpSync(join(ROOT, name), join(source, name), { recursive: true });
    symlinkSync(MODULES, join(source, 'node_modules'));
    // Its `prepare` builds it.
    const words = ['pack', '--json', '--offline', '--pack-destination', directory];
    const { stdout } = await run('npm', words, { cwd: source, env: environment() });
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
    const files = packed.files.map(({ path }: { path: string }) => path);
    return new PackedPackage(directory, join(directory, packed.filename), files);
  }

  /** A directory with this package installed, and of other packages only those. */
  async install(name: string, others: readonly string[]): Promise<Installation> {
    const directory = join(this.#directory, name);
    const own = join(directory, 'node_modules', 'epa-orchestrator');
    mkdirSync(own, { recursive: true });
    await run('tar', ['-xzf', this.#tarball, '--strip-components=1', '-C', own]);
    for (const other of others) {
      const link = join(directory, 'node_modules', other);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(MODULES, other), link);
    }
    writeFileSync(join(directory, 'package.json'), '{"type": "module", "private": true}');
    return new Installation(directory);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** A directory in which the package is installed. */
export class Installation {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** A file of the package that was installed. */
  read(path: string): string {
    return readFileSync(join(this.directory, 'node_modules', 'epa-orchestrator', path), 'utf8');
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  /** Runs a program with Node.js; gives what it wrote. */
  async node(words: readonly string[], settings: NodeJS.ProcessEnv = {}): Promise<string> {
    const options = { cwd: this.directory, env: { ...environment(), ...settings } };
    const { stdout } = await run(process.execPath, [...words], options);
    return stdout;
  }

  /** Compiles programs as strictly as they can be, the package's own declarations too. */
  async compile(names: readonly string[]): Promise<void> {
    this.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          module: 'nodenext',
          strict: true,
          noUncheckedIndexedAccess: true,
          exactOptionalPropertyTypes: true,
          noPropertyAccessFromIndexSignature: true,
          skipLibCheck: false,
          types: ['node'],
        },
        files: names,
      }),
    );
    try {
      await this.node([join(MODULES, 'typescript', 'bin', 'tsc')]);
    } catch (error) {
      const { stdout } = error as { stdout?: string };
      throw new Error(`the programs cannot be compiled:\n${stdout}`, { cause: error });
    }
  }
}
