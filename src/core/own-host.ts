/**
 * Whether a request over HTTP means this host by the name it gives. A foreign name that leads here is
 * that of a page elsewhere, which wants to read what is served to this host only.
 */

/** As a program on this host names it, or one at the other end of a tunnel. */
const OWN_NAME = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** @param host the header `Host`, if there is one */
export function isOwnHost(host: string | undefined): boolean {
  return OWN_NAME.test(host ?? '');
}
