/** What a person may write for a service, a count, a node, a size: read, or refused with a reason. */

import { InvalidArgumentError, Option } from 'commander';
import type * as z from 'zod';
import {
  type Policy,
  type PoolName,
  policySchema,
  poolNameSchema,
  serviceNameSchema,
} from '../protocol/wire-fields.js';
import { parseSizeKb } from '../words/sizes.js';

/** Reads a text by a schema of the protocol; `subject` begins the sentence that says what is wrong. */
export function readBy<T>(schema: z.ZodType<T>, subject = 'It'): (text: string) => T {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`${subject} ${parsed.error.issues[0]?.message}.`);
  };
}

/** Reads the name of a service. */
export const serviceName = readBy(serviceNameSchema, 'A service name');

/** Reads how many CPUs or pages are wanted. */
export function count(text: string): number {
  if (text === '-1') {
    throw new InvalidArgumentError('To give CPUs back use "release", for hugepages "--forget".');
  }
  return wholeNumber(text, 1, Number.MAX_SAFE_INTEGER);
}

/** Reads a share of a pool. */
export function percent(text: string): number {
  return wholeNumber(text, 1, 100);
}

/** Reads the id of a NUMA node; `node1`, as the kernel writes it, is 1. */
export function nodeId(text: string): number {
  return wholeNumber(text.replace(/^node/, ''), 0, Number.MAX_SAFE_INTEGER);
}

/** Reads the number of a TCP port; 0 = any that is free. */
export function portNumber(text: string): number {
  return wholeNumber(text, 0, 65_535);
}

/** Reads the size of a hugepage, in KiB. */
export function pageSizeKb(text: string): number {
  const sizeKb = parseSizeKb(text);
  if (sizeKb !== null) return sizeKb;
  throw new InvalidArgumentError('It must be a size such as 2M, 1G or 2048 (KiB).');
}

/** The option that names a pool. */
export function poolOption(description: string): Option {
  return new Option('--pool <pool>', description).choices(poolNameSchema.options);
}

/** The option that names a policy. */
export function policyOption(description: string): Option {
  return new Option('--policy <policy>', description).choices(policySchema.options);
}

/** The options of a command that asks for CPUs, as they are once read. */
export interface CpuOptions {
  readonly node?: number;
  readonly percent?: number;
  readonly pool?: PoolName;
  readonly policy?: Policy;
}

function wholeNumber(text: string, least: number, most: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(
    most === Number.MAX_SAFE_INTEGER
      ? `It must be a whole number, ${least} or more.`
      : `It must be a whole number from ${least} to ${most}.`,
  );
}
