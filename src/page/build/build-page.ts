/**
 * `npm run build`, its second part: lays the statecharts out, and bundles the page of an inspection
 * into `dist/page`, with the licences of what is in it.
 */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
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
const licences = BUNDLED.map((name) => {
  const text = readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8');
  return `${name}\n\n${text}`;
});
writeFileSync(join(target, 'LICENSES.txt'), licences.join('\n'));
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
const foreign = Object.keys(metafile.inputs)
  .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
  .filter((name) => name !== undefined && !BUNDLED.includes(name));
if (foreign.length > 0) throw new Error(`no licence is shipped for ${[...new Set(foreign)]}`);
