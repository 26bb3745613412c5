/**
 * `npm run build`, its first part: bundles the program into `dist`, so that at a start some tens of
 * files are loaded instead of three hundred (docs/decisions/0015). What is loaded only when it is
 * wanted stays apart. Every module has a place two folders below `dist`, as in the source, since some
 * look for files beside themselves.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { requireBuiltins } from './builtins.js';
import { writeLicences } from './licences.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const target = join(root, 'dist');

/** What is started, or imported by others. */
const ENTRIES = [
  'src/cli/main.ts',
  'src/client/epa-client.ts',
  'src/snap/main.ts',
  'src/state/replace-worker.ts',
  'src/sysfs/scan-worker.ts',
];

/** Packages that every start needs, with those that they need in turn. */
const BUNDLED = [
  'commander',
  'jsonc-parser',
  'xstate',
  'zod',
  ...['pino', '@pinojs/redact', 'atomic-sleep', 'on-exit-leak-free', 'pino-std-serializers'],
  ...['quick-format-unescaped', 'safe-stable-stringify', 'sonic-boom', 'thread-stream'],
];

/** Those that load files of theirs by place, or are wanted by few commands. */
const LOADED = ['cli-table3', 'koffi', 'pino-pretty', 'piscina', 'prom-client'];

rmSync(target, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  bundle: true,
  chunkNames: 'src/chunks/[name]-[hash]',
  entryPoints: ENTRIES,
  external: LOADED,
  format: 'esm',
  legalComments: 'none',
  mainFields: ['module', 'main'],
  metafile: true,
  outbase: root,
  outdir: target,
  platform: 'node',
  plugins: [requireBuiltins],
  sourcemap: true,
  splitting: true,
  target: 'node20',
});
writeLicences(join(target, 'LICENSES.txt'), root, BUNDLED, metafile);
