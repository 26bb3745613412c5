/** From the bytes of one request to a request: UTF-8, JSON, an object, not too deep, known. */

import { isJsonObject } from '../core/json-object.js';
import { messageOf } from '../core/quoting.js';
import { type Refusal, refusal } from '../protocol/error-codes.js';
import { REQUEST_MAX_DEPTH } from '../protocol/limits.js';
import { parseRequest, type Request } from '../protocol/request.js';
import { ObjectScanner } from './framing.js';

/** A parsed request, or why not; a session survives what was one well-formed JSON object. */
export type ParsedFrame =
  | { readonly request: Request }
  | { readonly refusal: Refusal; readonly isWellFormed: boolean };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses the bytes of one request. */
export function parseFrame(bytes: Buffer): ParsedFrame {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return malformed('it is not valid UTF-8');
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return malformed(`it is not JSON: ${messageOf(error)}`);
  }
  if (!isJsonObject(json)) return malformed('it is not a JSON object');
  const scanner = new ObjectScanner();
  scanner.scan(bytes, 0);
  const outcome =
    scanner.maxDepth > REQUEST_MAX_DEPTH
      ? refusal(
          'INVALID_REQUEST',
          `Invalid request: it nests deeper than ${REQUEST_MAX_DEPTH} levels`,
        )
      : parseRequest(json);
  return 'code' in outcome ? { refusal: outcome, isWellFormed: true } : { request: outcome };
}

function malformed(reason: string): ParsedFrame {
  return {
    refusal: refusal('INVALID_REQUEST', `Invalid request: ${reason}`),
    isWellFormed: false,
  };
}
