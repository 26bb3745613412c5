import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { machinesPage } from '../../src/inspect/machines-page.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('docs/machines.md', () => {
  it('is what `npm run docs` writes', async () => {
    const written = readFileSync(join(root, 'docs/machines.md'), 'utf8');
    const page = await machinesPage(root);
    expect(written, 'docs/machines.md is out of date: npm run docs').to.equal(page);
  });

  it('has a section for every machine of actors', async () => {
    const sections = [...(await machinesPage(root)).matchAll(/^## (.*)$/gm)];
    expect(sections.map((match) => match[1])).to.deep.equal([
      'coordinator',
      'numa-node',
      'scanner',
      'store',
    ]);
  });
});
