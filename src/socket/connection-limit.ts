/** How many connections may be open at once, by what the process may open at all. */

import { readFileSync } from 'node:fs';
import { CONNECTIONS_MAX, DESCRIPTORS_RESERVED } from '../protocol/limits.js';

/** The limit of this process, at least 1. */
export function readConnectionsMax(): number {
  let text = '';
  try {
    text = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Without /proc there is no telling, and the limit of the contract stands.
  }
  return connectionsMaxOf(text);
}

/** @param limits what `/proc/self/limits` says (`proc(5)`): the soft limit is the first number */
export function connectionsMaxOf(limits: string): number {
  const [, openFiles] = /^Max open files\s+(\d+)\s/m.exec(limits) ?? [];
  if (openFiles === undefined) return CONNECTIONS_MAX;
  return Math.max(Math.min(CONNECTIONS_MAX, Number(openFiles) - DESCRIPTORS_RESERVED), 1);
}
