/**
 * What a client makes of the daemon's replies. They are checked by the protocol's own schemas, which
 * leave out what they do not know, so that a newer daemon may say more.
 */

import * as z from 'zod';
import type { ErrorReply } from '../protocol/reply.js';

/** The fields of an error reply that a client may use; the code may be one it does not know. */
export type ErrorAnswer = Pick<ErrorReply, 'error'> & {
  readonly code?: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

/** The schema of an error reply. */
export const ERROR_SCHEMA: z.ZodType<ErrorAnswer> = z.object({
  error: z.string(),
  code: z.string().exactOptional(),
  details: z.record(z.string(), z.unknown()).exactOptional(),
});

/** What is wrong with something that does not have the form it should have, in a few words. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  const place = issue?.path.join('.') ?? '';
  return place === '' ? `${issue?.message}` : `${place}: ${issue?.message}`;
}
