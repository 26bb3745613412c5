/**
 * `npm run build`, its last part: lays the statecharts out, and bundles the page of an inspection
 * into `dist/page`, with the licences of what is in it.
 */

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { writeLicences } from '../../bundle/licences.js';
import { drawnCharts } from './drawn-charts.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const source = join(root, 'src/page/browser');
const target = join(root, 'dist/page');

/** Packages of which code is in the page. */
const BUNDLED = ['preact'];

/** `import charts from 'epa:charts'` gives what was laid out. */
const charts: Plugin = {
  name: 'charts',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^epa:charts$/ }, ({ path }) => ({ path, namespace: 'charts' }));
    onLoad({ filter: /.*/, namespace: 'charts' }, async () => ({
      contents: JSON.stringify(await drawnCharts()),
      loader: 'json',
    }));
  },
};

mkdirSync(target, { recursive: true });
copyFileSync(join(source, 'index.html'), join(target, 'index.html'));
const { metafile } = await build({
  entryPoints: [join(source, 'page.tsx'), join(source, 'page.css')],
  bundle: true,
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  metafile: true,
  minify: true,
  outdir: target,
  plugins: [charts],
  target: 'es2022',
});
writeLicences(join(target, 'LICENSES.txt'), root, BUNDLED, metafile);
