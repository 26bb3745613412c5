/** What a zod schema found wrong, as a part of a sentence. */

import type * as z from 'zod';
import { toDotPath } from 'zod/v4/core';
import { visible } from './quoting.js';

/** More than these are not worth a person's while: the first ones say what the file is like. */
const ISSUES_SHOWN_MAX = 3;

/** In one line: `Invalid input: expected string at claims[0].pool; … and 2 more`. */
export function issuesOf({ issues }: z.ZodError): string {
  const shown = issues
    .slice(0, ISSUES_SHOWN_MAX)
    .map(({ message, path }) => (path.length === 0 ? message : `${message} at ${toDotPath(path)}`));
  const hidden = issues.length - shown.length;
  return visible([...shown, ...(hidden > 0 ? [`and ${hidden} more`] : [])].join('; '));
}
