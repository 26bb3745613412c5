/** `npm run docs`: writes `docs/schema.json`. */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { protocolSchema } from '../protocol/json-schema.js';

const path = fileURLToPath(new URL('../../docs/schema.json', import.meta.url));
writeFileSync(path, `${JSON.stringify(protocolSchema(), null, 2)}\n`);
