/** Fields that requests of more than one kind have: their schemas, and what they become. */

import * as z from 'zod';

/** The two pools of CPUs. */
export const poolNameSchema = z.enum(['isolated', 'general']);
export type PoolName = z.infer<typeof poolNameSchema>;

/** Whether others may take a service's ordinary claims by force (`legacy`) or not. */
export const policySchema = z.enum(['legacy', 'non-preemptive']);
export type Policy = z.infer<typeof policySchema>;

/** Longest service name, and longest `request_id`, in bytes of UTF-8. */
export const SERVICE_NAME_MAX_BYTES = 128;

const nameSchema = z
  .string({ error: (issue) => missingOr(issue.input, 'must be a string') })
  .refine((name) => name.length > 0, 'must not be empty')
  .refine(
    (name) => Buffer.byteLength(name) <= SERVICE_NAME_MAX_BYTES,
    `must have at most ${SERVICE_NAME_MAX_BYTES} bytes`,
  )
  .refine((name) => name.isWellFormed(), 'must be well-formed Unicode')
  .refine((name) => !/\p{Cc}/u.test(name), 'must not contain control characters');

/** The name of a service that holds, or wants to hold, something. */
export const serviceNameSchema = nameSchema;

/** What a caller calls a request that it may repeat; under the rules of a service name. */
export const requestIdSchema = nameSchema;

/** Numbers have no decimals; `2.0` is 2. */
export const wholeNumber = z.int({
  error: (issue) => missingOr(issue.input, 'must be a whole number'),
});
/** The pool of a request; `null` is none. */
export const pool = poolNameSchema.default('isolated');

/** What is wrong with a value that has the wrong type, or is not there. */
export function missingOr(input: unknown, otherwise: string): string {
  return input === undefined ? 'is missing' : otherwise;
}
