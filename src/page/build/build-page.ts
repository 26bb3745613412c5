/** `npm run build`, its second part: bundles the page of an inspection into `dist/page`. */

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const source = join(root, 'src/page/browser');
const target = join(root, 'dist/page');

mkdirSync(target, { recursive: true });
copyFileSync(join(source, 'index.html'), join(target, 'index.html'));
await build({
  entryPoints: [join(source, 'page.tsx'), join(source, 'page.css')],
  bundle: true,
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  minify: true,
  outdir: target,
  target: 'es2022',
});
