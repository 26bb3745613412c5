/** `npm run docs`: writes `docs/machines.md`. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machinesPage } from './machines-page.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
writeFileSync(join(root, 'docs', 'machines.md'), await machinesPage(root));
