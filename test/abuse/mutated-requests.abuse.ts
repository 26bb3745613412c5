/**
 * Ten thousand requests that are nearly right. Each is answered as the model says, to the byte, and
 * in the end the daemon holds, shows and stores what the model holds.
 *
 * EPA_ABUSE_SEED repeats the requests of a run; its seed is printed.
 */

import { randomInt } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { ERROR_CODES } from '../../src/protocol/error-codes.js';
import { readToEnd, type Wire } from '../daemon/harness.js';
import { readStored } from '../process/stored-copies.js';
import { storeIs } from '../process/watching.js';
import { GENERAL_CPUS, TWO_POOLS, useAbusedDaemon } from './abused-daemon.js';
import { type Heard, METRICS, Model, STATUS } from './model.js';
import { requestBytes, sessionBytes } from './mutations.js';

const SEED = Number(process.env['EPA_ABUSE_SEED'] ?? randomInt(2 ** 31));

/** One after the other, each on a connection of its own. */
const SINGLE = 5_000;
/** One session after the other, each in one write. */
const SESSIONS = 150;
const LINES = 60;
/** All at the same time, by so many clients. */
const CONCURRENT = 3_000;
const CLIENTS = 16;

/** No daemon that is well says these to anybody who is answered in time. */
const COMPLAINTS = ['INTERNAL', 'STORAGE_FAILED', 'READ_ONLY', 'BUSY', 'REQUEST_TIMEOUT'];

const FINAL_LOOKS = [
  { action: 'list_allocations' },
  { action: 'list_allocations', pool: 'general' },
  { action: 'get_memory_info' },
  { action: 'get_topology' },
];

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'));
}

describe('a daemon that is sent requests which are nearly right', () => {
  const daemon = useAbusedDaemon(undefined, TWO_POOLS);
  let model: Model;
  before(() => {
    process.stdout.write(`      seed of the requests: EPA_ABUSE_SEED=${SEED}\n`);
    model = new Model(daemon().host.sysfsRoot, GENERAL_CPUS);
  });

  /** Sends in one write, half-closes, reads to the end. */
  function exchange(bytes: Buffer): Promise<string> {
    const socket = daemon().host.connect();
    socket.end(bytes);
    return readToEnd(socket);
  }

  /** Fails unless the model is told the same. */
  function expectSame(text: string, { replies, isSession }: Heard, what: string): void {
    const texts = isSession ? text.split('\n') : [text];
    if (isSession) expect(texts.pop(), what).to.equal('');
    const expected = replies.length === 0 && !isSession ? [''] : replies;
    for (const [index, reply] of expected.entries()) {
      const actual = texts[index] ?? 'nothing';
      if (reply === STATUS) expect(JSON.parse(actual), what).to.include({ pid: daemon().pid });
      else if (reply === METRICS)
        expect(actual, what).to.match(/^\{"version":"1.0","content_type":/);
      else expect(actual, what).to.equal(reply);
    }
    expect(texts.length, `replies to ${what}`).to.equal(expected.length);
  }

  async function expectSameState(): Promise<void> {
    const { host } = daemon();
    for (const look of FINAL_LOOKS) {
      const bytes = Buffer.from(JSON.stringify(look));
      expectSame(await exchange(bytes), model.hear(bytes), look.action);
    }
    await storeIs(host, 'clean');
    for (const text of readStored(host).texts) {
      const { generation, updated_at } = JSON.parse(text);
      expect(`${text.trimEnd()}\n`).to.equal(model.stateText(generation, updated_at));
    }
  }

  it(`answers ${SINGLE} single ones as the model does, and has the same state then`, async () => {
    const all = fc.sample(requestBytes, { seed: SEED, numRuns: SINGLE });
    for (const [index, bytes] of all.entries()) {
      expectSame(await exchange(bytes), model.hear(bytes), `request ${index}: ${shown(bytes)}`);
    }
    await expectSameState();
  });

  it(`answers those of ${SESSIONS} sessions as the model does, and has the same state then`, async () => {
    const all = fc.sample(sessionBytes(LINES), { seed: SEED + 1, numRuns: SESSIONS });
    let answered = 0;
    for (const [index, bytes] of all.entries()) {
      const heard = model.hear(bytes);
      answered += heard.replies.length;
      expectSame(await exchange(bytes), heard, `session ${index}: ${shown(bytes)}`);
    }
    expect(answered, 'requests that were answered').to.be.above(10_000 - SINGLE);
    await expectSameState();
  });

  it('has been asked for everything, and has refused for every reason of the caller', () => {
    const outcomes = [...model.outcomes].sort().map(([what, count]) => `${count} ${what}`);
    process.stdout.write(`      ${outcomes.join(', ')}\n`);
    // A run that leaves these out shows little.
    expect([...model.outcomes.keys()]).to.include.members([
      ...['allocate_cores', 'allocate_cores_percent', 'allocate_numa_cores', 'allocate_hugepages'],
      ...['list_allocations', 'get_memory_info', 'get_topology', 'get_status'],
      'get_metrics',
      ...['INVALID_REQUEST', 'UNKNOWN_ACTION', 'UNSUPPORTED_VERSION', 'framing: INVALID_REQUEST'],
      ...['POOL_CONFLICT', 'POLICY_CONFLICT', 'INSUFFICIENT_CPUS', 'INSUFFICIENT_HUGEPAGES'],
      ...['NUMA_NODE_NOT_FOUND', 'HUGEPAGE_SIZE_NOT_FOUND'],
    ]);
  });

  it(`answers ${CONCURRENT} at the same time, each with a reply or an error of the list`, async () => {
    const all = fc.sample(requestBytes, { seed: SEED + 2, numRuns: CONCURRENT });
    const codes = Object.keys(ERROR_CODES).filter((code) => !COMPLAINTS.includes(code));
    const client = async () => {
      for (let bytes = all.pop(); bytes !== undefined; bytes = all.pop()) {
        const text = await exchange(bytes);
        // Nothing but blanks is no request.
        if (text === '' && bytes.toString('latin1').trim() === '') continue;
        const isSession = text.endsWith('\n');
        for (const line of isSession ? text.trimEnd().split('\n') : [text]) {
          const reply: Wire = JSON.parse(line);
          expect(reply, shown(bytes)).to.include({ version: '1.0' });
          if (!('error' in reply)) continue;
          expect(reply['error'], shown(bytes)).to.be.a('string');
          expect(reply['code'], shown(bytes)).to.be.oneOf(codes);
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  });
});
