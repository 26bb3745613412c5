/**
 * The policy file: JSON, read as a whole or refused with the line and the reason. Documented in
 * `docs/operations.md`.
 */

import { readFileSync } from 'node:fs';
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import * as z from 'zod';
import { toDotPath } from 'zod/v4/core';
import type { AccessPolicy, Quota } from '../core/access-policy.js';
import { messageOf, visible } from '../core/quoting.js';
import { CLAIM_ACTIONS } from '../protocol/claim-request.js';
import { missingOr, poolNameSchema } from '../protocol/wire-fields.js';

/** A policy file cannot be used. `message` says where in it, and why. */
export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError';
}

const count = z
  .int({ error: ({ input }) => missingOr(input, 'must be a whole number') })
  .min(0, 'must be 0 or more');
const text = z
  .string({ error: ({ input }) => missingOr(input, 'must be a text') })
  .min(1, 'must not be empty')
  .max(128, 'must have at most 128 characters')
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');
const flag = z.boolean('must be true or false');
const some = <T extends z.ZodType>(item: T) =>
  z
    .array(item, { error: ({ input }) => missingOr(input, 'must be a list') })
    .min(1, 'must name at least one');

/** Counts by a number, with `*` for every number that is not named. */
const countsBy = (what: string) =>
  z
    .record(
      z.string().regex(/^(\*|\d{1,9})$/, `is no ${what}, nor "*"`),
      count,
      'must be an object',
    )
    .transform((record): ReadonlyMap<number | '*', number> => {
      const entries = Object.entries(record);
      return new Map(entries.map(([key, value]) => [key === '*' ? key : Number(key), value]));
    });

/** Objects in which nothing unknown may stand: a rule that was misspelt would bind nobody. */
const strict = { error: (issue: z.core.$ZodRawIssue) => sentenceOf(issue, 'must be an object') };

const NO_QUOTA: Quota = { cpus: null, cpusPerNode: new Map(), hugepages: new Map() };

const quota = z
  .strictObject(
    {
      cpus: count.optional(),
      cpus_per_node: countsBy('NUMA node').optional(),
      hugepages: countsBy('size in KiB').optional(),
    },
    strict,
  )
  .transform(
    ({ cpus, cpus_per_node, hugepages }): Quota => ({
      cpus: cpus ?? NO_QUOTA.cpus,
      cpusPerNode: cpus_per_node ?? NO_QUOTA.cpusPerNode,
      hugepages: hugepages ?? NO_QUOTA.hugepages,
    }),
  );

const rule = z
  .strictObject(
    {
      name: text,
      callers: z
        .strictObject(
          {
            everyone: z.literal(true).optional(),
            uids: some(count).optional(),
            gids: some(count).optional(),
            labels: some(text).optional(),
          },
          strict,
        )
        .refine((callers) => Object.keys(callers).length > 0, {
          error: 'must have one of everyone, uids, gids, labels',
        }),
      services: some(text),
      actions: some(z.enum(CLAIM_ACTIONS)).default([...CLAIM_ACTIONS]),
      pools: some(poolNameSchema).default([...poolNameSchema.options]),
      quotas: z
        .strictObject({ service: quota.optional(), caller: quota.optional() }, strict)
        .default({}),
      may_take: flag.default(true),
      may_be_taken_from: flag.default(true),
    },
    strict,
  )
  .transform((wire) => ({
    name: wire.name,
    callers: {
      isEveryone: wire.callers.everyone ?? false,
      uids: wire.callers.uids ?? [],
      gids: wire.callers.gids ?? [],
      labels: wire.callers.labels ?? [],
    },
    services: wire.services,
    actions: wire.actions,
    pools: wire.pools,
    quotas: { service: wire.quotas.service ?? NO_QUOTA, caller: wire.quotas.caller ?? NO_QUOTA },
    mayTake: wire.may_take,
    mayBeTakenFrom: wire.may_be_taken_from,
  }));

const policyFile = z.strictObject(
  {
    version: z.literal(1),
    rules: z.array(rule, { error: ({ input }) => missingOr(input, 'must be a list') }),
  },
  strict,
);

/**
 * Reads a policy file.
 *
 * @throws PolicyFileError saying which line is wrong, and why
 */
export function readPolicyFile(path: string): AccessPolicy {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PolicyFileError(messageOf(error));
  }
  return parsePolicy(content);
}

/**
 * Reads the text of a policy file.
 *
 * @throws PolicyFileError saying which line is wrong, and why
 */
export function parsePolicy(content: string): AccessPolicy {
  const tree = parseJson(content);
  const refuse = (node: Node | undefined, reason: string) =>
    new PolicyFileError(visible(`line ${lineOf(content, node?.offset ?? 0)}: ${reason}`));
  const repeated = findRepeatedKey(tree);
  if (repeated !== undefined) throw refuse(repeated, `"${repeated.value}" is there twice`);
  const parsed = policyFile.safeParse(getNodeValue(tree));
  if (!parsed.success) {
    const { path, reason } = faultOf(parsed.error);
    throw refuse(nearestNode(tree, path), `${toDotPath(path) || 'the policy'} ${reason}`);
  }
  const { rules } = parsed.data;
  const names = rules.map(({ name }) => name);
  const second = names.findIndex((name, index) => names.indexOf(name) < index);
  if (second >= 0) {
    const node = findNodeAtLocation(tree, ['rules', second, 'name']);
    throw refuse(node, `another rule has the name "${names[second]}" already`);
  }
  return { rules };
}

function parseJson(content: string): Node {
  const errors: ParseError[] = [];
  const options = { disallowComments: true, allowTrailingComma: false };
  const tree = parseTree(content, errors, options);
  const [first] = errors;
  if (first === undefined && tree !== undefined) return tree;
  const { offset, error } = first ?? { offset: 0, error: null };
  const rest = content.slice(offset, offset + 20).split('\n')[0] ?? '';
  // The library's names are words without spaces: `CloseBraceExpected`.
  const what = error === null ? 'it is empty' : spaced(printParseErrorCode(error));
  const where = rest === '' ? 'at the end' : `at ${rest}`;
  throw new PolicyFileError(
    visible(`line ${lineOf(content, offset)}: it is not JSON: ${what} ${where}`),
  );
}

function spaced(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

/** The first thing that is wrong, where it is, in words that follow the name of its place. */
function faultOf({ issues }: z.ZodError): { path: (string | number)[]; reason: string } {
  const issue = issues[0];
  const path = (issue?.path ?? []).map((part) => (typeof part === 'number' ? part : String(part)));
  switch (issue?.code) {
    case 'unrecognized_keys':
      return { path: [...path, issue.keys[0] ?? ''], reason: issue.message };
    case 'invalid_key':
      return { path, reason: issue.issues[0]?.message ?? issue.message };
    case 'invalid_value':
      return { path, reason: mustBe(issue.values.map(String)) };
    default:
      return { path, reason: issue?.message ?? 'is not valid' };
  }
}

function mustBe(values: readonly string[]): string {
  return `must be ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`;
}

/** What zod says of an object, in words that follow the name of its place. */
function sentenceOf(issue: z.core.$ZodRawIssue, otherwise: string): string {
  if (issue.code === 'unrecognized_keys') return 'is no key that is known here';
  return missingOr(issue.input, otherwise);
}

/** The node at a path, or the innermost one around it that is there. */
function nearestNode(tree: Node, path: readonly (string | number)[]): Node | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node !== undefined) return node.parent?.type === 'property' ? node.parent : node;
  }
  return undefined;
}

/** The key of an object that has it already; JSON would silently take the last. */
function findRepeatedKey(node: Node): Node | undefined {
  const keys = new Set<unknown>();
  for (const child of node.children ?? []) {
    const key = node.type === 'object' ? child.children?.[0] : undefined;
    if (key !== undefined && keys.has(key.value)) return key;
    keys.add(key?.value);
    const inner = findRepeatedKey(child);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function lineOf(content: string, offset: number): number {
  return content.slice(0, offset).split('\n').length;
}
