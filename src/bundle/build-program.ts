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

/** Packages that are modules of their own right and many files. */
const BUNDLED = ['jsonc-parser', 'xstate', 'zod'];

/** Those that load files of theirs by place, or are a file or two anyway. */
const LOADED = [
  'cli-table3',
  'commander',
  'koffi',
  'pino',
  'pino-pretty',
  'piscina',
  'prom-client',
];

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
  sourcemap: true,
  splitting: true,
  target: 'node20',
});
writeLicences(join(target, 'LICENSES.txt'), root, BUNDLED, metafile);
