/**
 * Holds what a daemon says against `docs/schema.json`, as a client of another language would, and
 * more strictly: nothing may be said that does not stand there.
 */

import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Wire } from './wire.js';

export const SCHEMA = JSON.parse(
  readFileSync(new URL('../../docs/schema.json', import.meta.url), 'utf8'),
);

const ajv = new Ajv2020({ strict: true, allErrors: true });
ajv.addSchema(closed(SCHEMA) as object, 'closed');
ajv.addSchema(SCHEMA, 'open');

/** Takes a schema's leave to say more. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const own = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, closed(value)]),
  );
  return 'properties' in own && own['type'] === 'object'
    ? { additionalProperties: false, ...own }
    : own;
}

function validatorOf(name: string, strictness: 'closed' | 'open'): ValidateFunction {
  const validate = ajv.getSchema(`${strictness}#/$defs/${name}`);
  if (validate === undefined) throw new Error(`docs/schema.json has no ${name}`);
  return validate;
}

/** What of the document was met by {@link checkReply} and {@link checkLine}. */
export const met = new Set<string>();

function check(name: string, said: unknown): void {
  const validate = validatorOf(name, 'closed');
  if (!validate(said)) {
    const faults = ajv.errorsText(validate.errors, { dataVar: '' });
    throw new Error(`not as docs/schema.json has ${name}: ${faults}: ${JSON.stringify(said)}`);
  }
  met.add(name);
}

/** Throws unless it is the reply to that action, or a refusal, and nothing more. */
export function checkReply(action: unknown, reply: Wire): void {
  check(typeof reply['error'] === 'string' ? 'error_reply' : `${action}_reply`, reply);
}

/** Throws unless it is a line of a watch, and nothing more. */
export function checkLine(line: Wire): void {
  check(`watch_${line['type']}`, line);
}

/** Whether it fits a definition of the document as it stands there. */
export function fits(name: string, value: unknown): boolean {
  return validatorOf(name, 'open')(value) === true;
}
