/** The files of the page, which `npm run build` makes. */

import { readFileSync } from 'node:fs';
import { ViewerError } from './viewer-error.js';

/** A file that a browser may have. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
} as const;

/** Where the page is: beside the built program, or built beside the sources. */
const PLACES = ['../../page/', '../../dist/page/'];

/**
 * Reads the files of the page.
 *
 * @throws ViewerError when it was not built
 */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const [name, type] of Object.entries(TYPES)) {
    files.set(name, { type, body: readFromAny(name) });
  }
  return files;
}

function readFromAny(name: string): Buffer {
  for (const place of PLACES) {
    try {
      return readFileSync(new URL(`${place}${name}`, import.meta.url));
    } catch {
      // Not there; look in the other place.
    }
  }
  throw new ViewerError(
    `this program lacks its page (${name}); where it was built from source, \`npm run build\` makes it`,
  );
}
