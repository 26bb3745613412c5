/**
 * The protocol as a JSON Schema (draft 2020-12), for clients in any language: all requests, replies,
 * lines of a `watch`, and errors. `npm run docs` writes it to `docs/schema.json`. The daemon does not
 * load this.
 */

import * as z from 'zod';
import { ERROR_CODES } from './error-codes.js';
import {
  errorReplySchema,
  listedAllocation,
  nodeMemory,
  pageRecordLine,
  pageShortfall,
  pageTotal,
  placed,
  poolCpus,
  preemption,
  REPLY_SCHEMAS,
  storeStatus,
  sysfsTrouble,
  topologyNode,
} from './reply-schemas.js';
import { PROTOCOL_VERSION, REQUEST_SCHEMAS } from './request.js';
import { daemonCondition, watchLineSchema } from './watch-schemas.js';
import { policySchema, poolNameSchema } from './wire-fields.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What is part of more than one message, by its name in the document. */
const PARTS = {
  pool: poolNameSchema,
  preemption_policy: policySchema,
  preemption,
  placed,
  allocation: listedAllocation,
  node: topologyNode,
  node_memory: nodeMemory,
  page_shortfall: pageShortfall,
  page_total: pageTotal,
  page_record: pageRecordLine,
  pool_cpus: poolCpus,
  sysfs_problem: sysfsTrouble,
  store: storeStatus,
  daemon: daemonCondition,
} as const;

const TITLE = "The contract of the EPA orchestrator's socket";

const DESCRIPTION =
  'Made from the schemas of the daemon by `npm run docs`. What a field means is in protocol.md. ' +
  'A message may have more fields than are listed here; a newer daemon says more. ' +
  'A request that fits may still be refused: some rules are not those of JSON. ' +
  'The lines of inspect are not described here.';

/** Makes the document. Each message is one of its `$defs`; `request`, `reply` and `watch_line` are any. */
export function protocolSchema(): JsonSchema {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(PARTS)) registry.add(schema, { id });
  for (const [action, schema] of REQUEST_SCHEMAS) registry.add(schema, { id: `${action}_request` });
  for (const [action, schema] of Object.entries(REPLY_SCHEMAS)) {
    registry.add(schema, { id: `${action}_reply` });
  }
  registry.add(errorReplySchema, { id: 'error_reply' });
  for (const schema of watchLineSchema.options) {
    registry.add(schema, { id: `watch_${schema.shape.type.value}` });
  }
  const uri = (id: string) => `#/$defs/${id}`;
  const { schemas } = z.toJSONSchema(registry, { uri, io: 'input', unrepresentable: 'any' });
  const ids = Object.keys(schemas);
  const anyOf = (wanted: readonly string[]) => ({ anyOf: wanted.map((id) => ({ $ref: uri(id) })) });
  const endingIn = (ending: string) => anyOf(ids.filter((id) => id.endsWith(ending)));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: TITLE,
    description: DESCRIPTION,
    $defs: {
      request: endingIn('_request'),
      reply: endingIn('_reply'),
      watch_line: anyOf(ids.filter((id) => id.startsWith('watch_') && !id.endsWith('_request'))),
      ...Object.fromEntries(
        Object.entries(schemas).map(([id, schema]) => [id, inDocument(id, schema)]),
      ),
    },
  };
}

/** A schema as a part of the document: without what only stands at the top of one. */
function inDocument(id: string, { $schema: _, $id: __, ...schema }: JsonSchema): JsonSchema {
  const { properties, required = [], ...rest } = schema;
  if (id === 'error_reply') {
    const codes = Object.entries(ERROR_CODES).map(([code, description]) => ({
      const: code,
      description,
    }));
    return { ...schema, properties: { ...properties, code: { oneOf: codes } } };
  }
  if (!id.endsWith('_request')) return schema;
  const version = { const: PROTOCOL_VERSION, default: PROTOCOL_VERSION };
  const action = { const: id.replace(/_request$/, '') };
  return {
    ...rest,
    properties: { version, action, ...properties },
    required: [...new Set(['action', ...required])],
  };
}
