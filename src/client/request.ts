/**
 * Asks the daemon one thing over its Unix socket, as every client does: one JSON object, no
 * newline, and the reply to end of file. Knows nothing of how a person asks or reads.
 */

import { createConnection } from 'node:net';
import type * as z from 'zod';
import type { Replies, Seen } from '../protocol/reply.js';
import { REPLY_SCHEMAS } from '../protocol/reply-schemas.js';
import type { WireFields } from '../protocol/request.js';
import { badReply, closedEarly, connectionError, timedOut } from './client-error.js';
import { jsonOf } from './json-of.js';
import { ERROR_SCHEMA, type ErrorAnswer, firstIssue } from './replies.js';

/** The actions that have a reply. */
export type Asked = keyof Replies;

/** A request as it goes over the wire. What is `undefined` is left out. */
export type WireRequest<A extends Asked> = { readonly action: A } & Seen<WireFields<A>>;

/** Any of them. */
export type AnyWireRequest = { readonly [A in Asked]: WireRequest<A> }[Asked];

/** What the daemon answered: granted or not, and `text`, the reply as it came. */
export type Answer<A extends Asked> =
  | { readonly isGranted: true; readonly reply: Replies[A]; readonly text: string }
  | { readonly isGranted: false; readonly error: ErrorAnswer; readonly text: string };

/** Settings of {@link ask}. */
export interface AskOptions {
  /** From the first attempt to connect to the end of the reply. */
  readonly timeoutMs: number;
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

const SCHEMAS: { readonly [A in Asked]: z.ZodType<Replies[A]> } = REPLY_SCHEMAS;

/** A reply about 8,192 CPUs and as many services has 1 MB; more than this is no reply. */
const REPLY_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Asks the daemon that serves `socketPath`.
 *
 * @throws ClientError when no reply could be had; a refusal of the daemon is an {@link Answer}
 * @throws what `signal` was aborted with
 */
export async function ask<A extends Asked>(
  socketPath: string,
  request: WireRequest<A>,
  options: AskOptions,
): Promise<Answer<A>> {
  const text = await exchange(socketPath, JSON.stringify(request), options);
  if (text === '') throw closedEarly(socketPath);
  const json = parseJson(text, socketPath);
  const refused = ERROR_SCHEMA.safeParse(json);
  if (refused.success) return { isGranted: false, error: refused.data, text };
  const schema: z.ZodType<Replies[A]> = SCHEMAS[request.action];
  const granted = schema.safeParse(json);
  if (granted.success) return { isGranted: true, reply: granted.data, text };
  throw badReply(socketPath, firstIssue(granted.error));
}

function parseJson(text: string, socketPath: string): unknown {
  const json = jsonOf(text);
  if (json !== undefined) return json;
  // A reply that breaks off begins well.
  if (text.startsWith('{')) throw closedEarly(socketPath);
  throw badReply(socketPath, 'it is not JSON');
}

/** Sends one text and reads what comes until the other side closes. */
function exchange(
  socketPath: string,
  text: string,
  { timeoutMs, signal }: AskOptions,
): Promise<string> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: socketPath });
    const chunks: Buffer[] = [];
    let byteCount = 0;
    const fail = (error: unknown) => {
      letGo();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal?.reason);
    const timer = setTimeout(() => fail(timedOut(socketPath, timeoutMs)), timeoutMs);
    const letGo = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort);
    socket.on('connect', () => socket.write(text));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      byteCount += chunk.length;
      if (byteCount > REPLY_MAX_BYTES) fail(badReply(socketPath, 'it does not end'));
    });
    socket.on('error', (error) => fail(connectionError(socketPath, error)));
    socket.on('end', () => {
      letGo();
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}
