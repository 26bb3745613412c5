/**
 * Requests that are nearly right, and bytes that are nearly a request: at random, from the schema of
 * the wire contract and from what clients really send.
 */

import fc from 'fast-check';
import { ACTIONS, STREAM_ACTIONS } from '../../src/protocol/request.js';
import { jsonLine, nested } from '../socket/json.js';

/** Few enough that they meet; each has to be kept apart from what an object has by itself. */
const NAMES = ['nova', 'dpdk', 'ceph', '__proto__', 'constructor', 'ü😀"\\', 'x'.repeat(128)];

/** Texts of JSON values that a field may have in place of what it should have. */
const oddValue = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    '""',
    '"1"',
    '[]',
    '{}',
    '[1]',
    '{"a":1}',
    '"\\u0000"',
    '"\\ud800"',
  ),
  fc.constantFrom('-0', '2.0', '1e0', '0.5', '-2', '1e300', '1e999', '-1e999', '9007199254740993'),
  fc.constantFrom('99999999999999999999999', '4294967296', '2147483648', '1024', '101', '1E2'),
  fc.integer().map(String),
  fc.double().map((value) => JSON.stringify(value)),
  fc.string({ unit: 'binary', maxLength: 200 }).map((value) => JSON.stringify(value)),
  fc.json({ maxDepth: 3 }),
  fc.integer({ min: 1, max: 40 }).map((depth) => nested(depth)),
);

const name = fc.constantFrom(...NAMES).map((value) => JSON.stringify(value));
const node = fc.constantFrom('0', '1');

/** Field → texts of values that it should have. */
const FIELDS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  version: fc.constant('"1.0"'),
  service_name: name,
  num_of_cores: fc.integer({ min: -1, max: 9 }).map(String),
  percent: fc.integer({ min: -1, max: 25 }).map(String),
  numa_node: node,
  node_id: node,
  size_kb: fc.constantFrom('2048', '1048576'),
  hugepages_requested: fc.constantFrom('-1', '1', '7', '100', '600'),
  pool: fc.constantFrom('"isolated"', '"isolated"', '"general"'),
  preemption_policy: fc.constantFrom('null', '"legacy"', '"non-preemptive"'),
  dry_run: fc.constantFrom('true', 'false', 'null'),
  request_id: fc.constantFrom('null', '"a"', '"b"', '"__proto__"'),
  placement: fc.constantFrom(
    'null',
    '{}',
    '{"cores":"whole"}',
    '{"cores":"spread","numa":"pack"}',
    '{"numa":"single","cache":"require"}',
    '{"numa":"spread","near":"0000:01:00.0"}',
  ),
  steps: fc
    .array(
      fc.oneof(
        fc
          .record({
            action: fc.constantFrom('allocate_cores', 'allocate_numa_cores', 'list_allocations'),
            service_name: fc.constantFrom('nova', 'dpdk', '__proto__'),
            num_of_cores: fc.integer({ min: -1, max: 9 }),
            numa_node: fc.constantFrom(null, 0, 1),
          })
          .map((step) => JSON.stringify(step)),
        fc.constantFrom('null', '[]', '{"action":"transact","steps":[]}'),
      ),
      { maxLength: 4 },
    )
    .map((steps) => `[${steps.join(',')}]`),
};

const some = (...names: string[]) => names;
const EXTRA = some('version', 'pool', 'preemption_policy', 'dry_run', 'request_id', 'placement');

/** Action → the fields that it needs. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  allocate_cores: some('service_name', 'num_of_cores'),
  allocate_cores_percent: some('service_name', 'percent'),
  allocate_numa_cores: some('service_name', 'numa_node', 'num_of_cores'),
  allocate_hugepages: some('service_name', 'hugepages_requested', 'node_id', 'size_kb'),
  transact: some('steps'),
};

/** A `watch` that is right has no end that could be waited for. */
const STREAMS: readonly string[] = STREAM_ACTIONS;
const ENDING_ACTIONS = ACTIONS.filter((action) => !STREAMS.includes(action));

/** Fields and their values, as texts, in the order in which they are sent. */
type Fields = readonly (readonly [name: string, value: string])[];

function fieldsOf(names: readonly string[]): fc.Arbitrary<Fields> {
  return fc.tuple(
    ...names.map((field) =>
      (FIELDS[field] ?? fc.constant('0')).map((value) => [field, value] as const),
    ),
  );
}

const rightFields: fc.Arbitrary<Fields> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...Object.keys(NEEDED)) },
      { weight: 1, arbitrary: fc.constantFrom(...ENDING_ACTIONS) },
    ),
    fc.subarray(EXTRA),
  )
  .chain(([action, extra]) =>
    fieldsOf([...(NEEDED[action] ?? []), ...extra]).map(
      (fields): Fields => [['action', JSON.stringify(action)], ...fields],
    ),
  );

const oddField = fc.tuple(
  fc.oneof(
    fc.constantFrom('action', 'version', '__proto__', 'toString', '', ...Object.keys(FIELDS)),
    fc.string({ unit: 'binary', maxLength: 10 }),
  ),
  oddValue,
);

/** Right fields with one that is dropped, or that is odd, or that is there once more. */
const nearlyRightFields: fc.Arbitrary<Fields> = fc
  .tuple(rightFields, fc.nat(), fc.array(oddField, { maxLength: 2 }), fc.boolean(), oddValue)
  .map(([fields, index, odd, isDropped, value]) => {
    const place = index % fields.length;
    const kept = isDropped
      ? fields.filter((_, other) => other !== place)
      : fields.map(([field, right], other) => [field, other === place ? value : right] as const);
    return [...kept, ...odd];
  });

const textOf = (fields: Fields) =>
  `{${fields.map(([field, value]) => `${JSON.stringify(field)}:${value}`).join(',')}}`;

const rightText = rightFields.map(textOf);

/** One object, right or nearly so. */
const requestText = fc.oneof(
  { weight: 4, arbitrary: rightText },
  { weight: 5, arbitrary: nearlyRightFields.map(textOf) },
  { weight: 1, arbitrary: jsonLine },
);

/** What may happen to bytes; places are shares of the length, in 16 bits. */
interface Damage {
  readonly kind: string;
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('flip', 'cut off', 'insert', 'repeat', 'leave out'),
  at: fc.nat({ max: 0xffff }),
  length: fc.integer({ min: 1, max: 12 }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc
      .constantFrom('{', '}', '"', '\\', '\n', '\0', '[', ' \r\n', '\ufeff')
      .map((text) => Buffer.from(text)),
  ),
});

function damaged(whole: Buffer, { kind, at, length, bytes }: Damage): Buffer {
  const place = Math.floor((at / 0x10000) * whole.length);
  const [before, after] = [whole.subarray(0, place), whole.subarray(place)];
  switch (kind) {
    case 'flip': {
      const flipped = Buffer.from(whole);
      flipped[place] = (whole[place] ?? 0) ^ (1 << (length % 8));
      return flipped;
    }
    case 'cut off':
      return before;
    case 'insert':
      return Buffer.concat([before, bytes, after]);
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, length * 4), after]);
    default:
      return Buffer.concat([before, after.subarray(length)]);
  }
}

/** The bytes of one request: right, nearly so, or damaged on their way. */
export const requestBytes: fc.Arbitrary<Buffer> = fc
  .tuple(
    requestText,
    fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(damage, { minLength: 1, maxLength: 3 }) },
    ),
  )
  .map(([text, damages]) => damages.reduce(damaged, Buffer.from(text)));

/**
 * The bytes of a session of so many lines, which begins with a request that is right; a line that
 * is no JSON object ends it before its time.
 */
export function sessionBytes(lines: number): fc.Arbitrary<Buffer> {
  const line = fc.oneof(
    { weight: 60, arbitrary: requestText.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: requestBytes },
  );
  return fc
    .tuple(rightText, fc.array(line, { minLength: lines, maxLength: lines }))
    .map(([first, rest]) =>
      Buffer.concat([
        Buffer.from(`${first}\n`),
        ...rest.flatMap((bytes) => [bytes, Buffer.from('\n')]),
      ]),
    );
}
