/** The number of a user group, which Node.js does not look up: `getgrnam(3)`. */

import koffi from 'koffi';
import { libc } from './libc.js';

koffi.struct('group', {
  gr_name: 'const char *',
  gr_passwd: 'const char *',
  gr_gid: 'uint32_t',
  gr_mem: 'void *',
});

const getgrnam = libc.func('group *getgrnam(const char *name)');

/** The gid of a group that is given by its name or its number; `null` = there is no such group. */
export function groupId(group: string): number | null {
  if (/^\d{1,10}$/.test(group)) return Number(group);
  const found: unknown = getgrnam(group);
  return found === null ? null : Number(koffi.decode(found, 'group').gr_gid);
}
