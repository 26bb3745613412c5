import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ERROR_CODES } from '../src/protocol/error-codes.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function filesBelow(directory: string, ending: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .map((path) => join(directory, path))
    .filter((path) => path.endsWith(ending) && statSync(join(root, path)).isFile());
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const sources = [...filesBelow('src', '.ts'), ...filesBelow('actors', '.ts')];
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesBelow('docs', '.md')];

/** Folder → the folders it may import from, besides itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'src/protocol': [],
  'src/core': ['src/protocol'],
  actors: ['src/core', 'src/protocol'],
  'src/bundle': [],
  'src/threads': [],
  'src/sysfs': ['src/core', 'src/protocol', 'src/threads'],
  'src/libc': ['src/core', 'src/protocol'],
  'src/state': ['src/core', 'src/libc', 'src/protocol', 'src/threads'],
  'src/socket': ['src/core', 'src/libc', 'src/protocol'],
  'src/config': ['src/core', 'src/protocol'],
  'src/simulate': ['src/core', 'src/protocol'],
  'src/client': ['src/config', 'src/protocol'],
  'src/inspect': ['actors', 'src/core', 'src/protocol'],
  'src/recording': ['src/core', 'src/protocol'],
  'src/words': ['src/core', 'src/protocol'],
  'src/viewer': ['src/client', 'src/core', 'src/protocol', 'src/recording'],
  'src/page': [
    'actors',
    'src/bundle',
    'src/core',
    'src/inspect',
    'src/protocol',
    'src/recording',
    'src/words',
  ],
  'src/snap': ['src/config', 'src/core', 'src/protocol', 'src/state', 'src/sysfs', 'src/words'],
  'src/daemon': [
    'actors',
    'src/config',
    'src/core',
    'src/inspect',
    'src/libc',
    'src/protocol',
    'src/socket',
    'src/state',
    'src/sysfs',
    'src/threads',
    'src/words',
  ],
  'src/cli': [
    'src/client',
    'src/config',
    'src/core',
    'src/daemon',
    'src/libc',
    'src/protocol',
    'src/recording',
    'src/simulate',
    'src/socket',
    'src/state',
    'src/threads',
    'src/viewer',
    'src/words',
  ],
};

function importsOf(path: string): string[] {
  return [...read(path).matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function folderOf(path: string): string {
  return Object.keys(LAYERS).find((folder) => path.startsWith(`${folder}/`)) ?? path;
}

describe('the house', () => {
  it('lets imports go one way only', () => {
    const wrong: string[] = [];
    for (const path of sources) {
      const folder = folderOf(path);
      for (const specifier of importsOf(path).filter((name) => name.startsWith('.'))) {
        const target = folderOf(normalize(join(dirname(path), specifier)));
        if (target.endsWith('package.json') || target === folder) continue;
        if (!LAYERS[folder]?.includes(target)) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it('keeps xstate, pino and files out of the core', () => {
    // A hash is a function of its argument like any other.
    const allowed = ['node:crypto', 'node:util', 'zod', 'zod/v4/core'];
    const wrong = [...filesBelow('src/core', '.ts'), ...filesBelow('src/protocol', '.ts')].flatMap(
      (path) =>
        importsOf(path)
          .filter((name) => !name.startsWith('.') && !allowed.includes(name))
          .map((name) => `${path} imports ${name}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('imports zod as a namespace, of which a bundle leaves out what is not used', () => {
    const wrong = sources.filter((path) => /import (type )?\{[^}]*\} from 'zod'/.test(read(path)));
    expect(wrong).to.deep.equal([]);
  });

  it('keeps the environment in one place', () => {
    const readers = sources.filter((path) => /process\.env\b/.test(read(path)));
    expect(readers.filter((path) => path !== 'src/config/config.ts')).to.deep.equal([]);
  });

  it('has modules of one idea: a header sentence, and at most 400 lines', () => {
    for (const path of sources) {
      const text = read(path);
      expect(text.split('\n').length, path).to.be.at.most(400);
      expect(text.replace(/^#!.*\n/, ''), path).to.match(/^\/\*\*\s/);
    }
  });

  it('leaves nothing for later', () => {
    const marks = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3)].join('|'));
    const found = [...sources, ...documents, ...filesBelow('test', '.ts')].filter((path) =>
      marks.test(read(path)),
    );
    expect(found).to.deep.equal([]);
  });
});

describe('the documents', () => {
  it('have links that lead somewhere', () => {
    const dead = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
        .map((match) => join(dirname(path), match[1] ?? ''))
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(dead).to.deep.equal([]);
  });

  it('name files that are there', () => {
    const names = documents.flatMap((path) =>
      [...read(path).matchAll(/`((?:src|actors|test|docs|snap)\/[\w./-]+\.(?:ts|md|json))`/g)].map(
        (match) => match[1] ?? '',
      ),
    );
    expect(names.filter((name) => !existsSync(join(root, name)))).to.deep.equal([]);
  });

  it('walk past each file once, in docs/architecture.md', () => {
    const walk = /## The walk(.*?)## What a change/s.exec(read('docs/architecture.md'))?.[1] ?? '';
    const files = [...walk.matchAll(/`((?:src|actors)\/[\w./-]+\.ts)`/g)].map((match) => match[1]);
    expect(files).to.have.length.above(20);
    expect(new Set(files).size).to.equal(files.length);
  });

  it('say of every error code what it means and what it asks of the operator', () => {
    for (const path of ['docs/protocol.md', 'docs/operations.md']) {
      const rows = [...read(path).matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
      expect(rows, path).to.deep.equal(Object.keys(ERROR_CODES));
    }
  });

  it('give a reason for every dependency', () => {
    const manifest = JSON.parse(read('package.json'));
    const text = read('docs/dependencies.md');
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(names.filter((name) => !text.includes(name))).to.deep.equal([]);
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.every((version) => /^\d+\.\d+\.\d+$/.test(String(version)))).to.equal(true);
  });

  it('describe every folder of the source', () => {
    const folders = readdirSync(join(root, 'src')).map((name) => `src/${name}`);
    const text = read('docs/architecture.md');
    expect(folders.filter((folder) => !text.includes(`\`${folder}\``))).to.deep.equal([]);
  });
});
