import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { TestHost, type Wire } from './harness.js';

/** The pairs of a request and its reply that stand in the contract, in order. */
function readExamples(): { request: Wire; reply: Wire }[] {
  const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
  const pairs = /```json request\n(.+?)\n```\n```json reply\n(.+?)\n```/gs;
  return [...text.matchAll(pairs)].map(([, request, reply]) => ({
    request: JSON.parse(request ?? ''),
    reply: JSON.parse(reply ?? ''),
  }));
}

/** Puts the documented `"…"` (whatever it is on the day) in place of what was really said. */
function withEllipses(said: unknown, documented: unknown): unknown {
  if (documented === '…') return '…';
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return said;
  return Object.fromEntries(
    Object.entries(said).map(([key, value]) => [
      key,
      withEllipses(value, (documented as Wire | null)?.[key]),
    ]),
  );
}

describe("the contract's examples", () => {
  const examples = readExamples();
  let host: TestHost;
  before(async () => {
    host = new TestHost();
    await host.start();
  });
  after(() => host[Symbol.asyncDispose]());

  it('has an example of every action, and of an error', () => {
    const actions = new Set(examples.map(({ request }) => request['action']));
    expect([...actions].sort()).to.deep.equal([
      'allocate_cores',
      'allocate_cores_percent',
      'allocate_hugepages',
      'allocate_numa_cores',
      'get_memory_info',
      'get_metrics',
      'get_status',
      'get_topology',
      'list_allocations',
      'transact',
    ]);
    expect(examples.some(({ reply }) => reply['error'] !== undefined)).to.equal(true);
  });

  for (const [index, { request, reply }] of examples.entries()) {
    it(`holds for example ${index + 1}, ${request['action']}`, async () => {
      const said = await host.ask(request);
      expect(withEllipses(said, reply)).to.deep.equal(reply);
      expect(Object.keys(said)).to.deep.equal(Object.keys(reply));
    });
  }
});
