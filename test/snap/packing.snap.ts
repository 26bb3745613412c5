/** The snap as it is packed: what snapcraft and snapd say of it, what is in it, how large it is. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { packedSnap, REPOSITORY, readSnapcraft } from './packed-snap.js';
import { requireTools } from './require-tools.js';
import { snapcraftSchema } from './snapcraft-schema.js';

/** Nearly all of it is Node.js; beyond this, something large has slipped in. */
const SIZE_MAX_MIB = 48;

describe('the packed snap', () => {
  requireTools();

  it('is described by the rules of snapcraft', () => {
    const project = snapcraftSchema.parse(readSnapcraft());
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
    expect(project.version).to.equal(version);
    const plugs = Object.values(project.apps).flatMap((app) => app.plugs ?? []);
    expect(new Set(plugs)).to.deep.equal(new Set(['network-bind', ...Object.keys(project.plugs)]));
  });

  it('is packed without a word of snapd', async () => {
    const { said } = await packedSnap();
    expect(said.check).to.equal('');
    expect(said.pack).to.match(/^built: \S+packed\.snap\n$/);
  });

  it('has the hooks, and each can be executed', async () => {
    const { snapDirectory } = await packedSnap();
    expect(readdirSync(join(snapDirectory, 'meta/hooks')).sort()).to.deep.equal([
      'configure',
      'install',
      'post-refresh',
    ]);
  });

  it('has the versions of the lock file, all of them, and none to develop with', async () => {
    const { snapDirectory } = await packedSnap();
    const root = join(snapDirectory, 'lib/node_modules/epa-orchestrator');
    const { packages } = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8'));
    const installed = JSON.parse(
      readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'),
    ).packages;
    for (const [path, { version }] of Object.entries<{ version: string }>(installed)) {
      expect(packages[path], path).to.include({ version });
      expect(packages[path], path).not.to.include({ dev: true });
    }
    for (const [path, wanted] of Object.entries<Record<string, unknown>>(packages)) {
      if (path === '' || wanted['dev'] || wanted['optional'] || wanted['devOptional']) continue;
      expect(existsSync(join(root, path)), path).to.equal(true);
    }
  });

  it('stays below the size at which something large has slipped in', async () => {
    const { sizeBytes } = await packedSnap();
    const sizeMib = sizeBytes / 1024 ** 2;
    process.stdout.write(`      packed: ${sizeMib.toFixed(1)} MiB\n`);
    expect(sizeMib).to.be.below(SIZE_MAX_MIB);
  });
});
