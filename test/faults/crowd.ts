/**
 * A state in which there is something of everything that can be lost, and a crowd that changes all
 * of it at once while others only look.
 */

import { connect } from 'node:net';
import { expect } from 'chai';
import { readLines, type Wire } from '../daemon/harness.js';
import type { ProcessHost } from '../process/process-host.js';

/** What the daemon must be started with for this state. */
export const CROWD_OPTIONS = ['--cpu-pool', '0,8,16,24'];

const cores = (service_name: string, num_of_cores: number, more: Wire = {}): Wire => ({
  ...{ action: 'allocate_cores', service_name, num_of_cores },
  ...more,
});
const numaCores = (service_name: string, numa_node: number, num_of_cores: number): Wire => ({
  ...{ action: 'allocate_numa_cores', service_name, numa_node, num_of_cores },
});
const pages = (service_name: string, node_id: number, hugepages_requested: number): Wire => ({
  ...{ action: 'allocate_hugepages', service_name, node_id, hugepages_requested, size_kb: 2048 },
});
const PROTECTED = { preemption_policy: 'non-preemptive' };
const GENERAL = { pool: 'general' };

const STATE: readonly Wire[] = [
  cores('nova', 12),
  cores('ceph', 2, PROTECTED),
  numaCores('dpdk', 1, 4),
  cores('web', 1),
  cores('guest', 1, GENERAL),
  pages('dpdk', 1, 12),
  pages('nova', 0, 7),
];

/** Each is granted, whichever of the others were decided before it: a refusal is the disk's. */
export const CHANGES: readonly Wire[] = [
  cores('nova', -1),
  // Takes CPUs of nova by force, unless they were released before.
  numaCores('dpdk', 0, 10),
  pages('dpdk', 1, 512),
  cores('late', 2),
  cores('ceph', -1),
  pages('nova', 0, -1),
  { action: 'allocate_cores_percent', service_name: 'share', percent: 7 },
  numaCores('dpdk', 1, -1),
  cores('second', 1, GENERAL),
  { ...numaCores('realtime', 1, 2), ...PROTECTED },
  pages('database', 0, 100),
  cores('guest', -1, GENERAL),
];

/** None changes anything, whichever changes were decided before it and then taken back. */
const LOOKS: readonly Wire[] = [
  { action: 'list_allocations' },
  { action: 'get_memory_info' },
  { action: 'get_topology' },
  cores('greedy', 100),
  cores('web', 1),
  { action: 'list_allocations', ...GENERAL },
  { action: 'no_such_action' },
  cores('nobody', -1),
];

/** How many callers heard what. */
export interface CrowdCount {
  storageFailed: number;
  readOnly: number;
  readonly lookedOn: number;
}

export function tallyCrowd(tally: (what: string, count: number) => void, count: CrowdCount): void {
  tally('changes were told STORAGE_FAILED', count.storageFailed);
  tally('changes came after the failure and were told READ_ONLY', count.readOnly);
  tally('others looked on and noticed nothing', count.lookedOn);
}

/** A daemon that has the state, and how it answers who only looks. */
export class Crowd {
  readonly #host: ProcessHost;
  readonly #looks: readonly Wire[];

  private constructor(host: ProcessHost, looks: readonly Wire[]) {
    this.#host = host;
    this.#looks = looks;
  }

  /** Makes the state. */
  static async settle(host: ProcessHost): Promise<Crowd> {
    for (const request of STATE) {
      expect(await host.ask(request), JSON.stringify(request)).not.to.have.property('error');
    }
    return new Crowd(host, await askAll(host, LOOKS));
  }

  /**
   * All change things at once, on connections of their own and in sessions, and look at the same
   * time. Shows that every change fails with the error, and that nobody else notices.
   *
   * @param reason part of what callers are told
   */
  async meets(reason: RegExp): Promise<CrowdCount> {
    const host = this.#host;
    const sessions = ['first', 'second'].map((name) => session(host, sessionOf(name)));
    const count = this.#judge(await askAll(host, REQUESTS), reason);
    for (const [list, change, unknown, memory] of await Promise.all(sessions)) {
      expectNotStored(change ?? {}, reason);
      count[change?.['code'] === 'READ_ONLY' ? 'readOnly' : 'storageFailed']++;
      expect([list, memory, unknown]).to.deep.equal([0, 1, 6].map((index) => this.#looks[index]));
    }
    return { ...count, lookedOn: count.lookedOn + 3 * sessions.length };
  }

  /** As {@link meets}, in one session and one write: nobody comes after the failure. */
  async meetsAsOne(reason: RegExp): Promise<CrowdCount> {
    const count = this.#judge(await session(this.#host, REQUESTS), reason);
    expect(count.readOnly).to.equal(0);
    return count;
  }

  #judge(replies: readonly Wire[], reason: RegExp): CrowdCount {
    const changed = replies.filter((_, index) => index % 2 === 0);
    const looked = replies.filter((_, index) => index % 2 === 1);
    expect(looked.slice(0, LOOKS.length)).to.deep.equal(this.#looks);
    for (const status of looked.slice(LOOKS.length)) {
      expect(status).to.include({ pid: this.#host.daemon.process.pid });
    }
    for (const reply of changed) expectNotStored(reply, reason);
    const storageFailed = changed.filter((reply) => reply['code'] === 'STORAGE_FAILED').length;
    expect(storageFailed).to.be.above(0);
    const readOnly = changed.length - storageFailed;
    return { storageFailed, readOnly, lookedOn: looked.length };
  }

  /**
   * All change things at once, and the daemon is killed in the moment in which the first of them
   * hears that its change was not stored.
   */
  async seesItKilled(reason: RegExp): Promise<void> {
    const { daemon } = this.#host;
    const socket = connect(this.#host.socketPath);
    socket.write(linesOf(CHANGES));
    const replies: Wire[] = [];
    try {
      for await (const reply of readLines(socket)) {
        daemon.process.kill('SIGKILL');
        replies.push(reply);
      }
    } catch {
      // The daemon went with its side of the session.
    }
    expect(await daemon.ended).to.equal(null);
    expect(replies).not.to.deep.equal([]);
    for (const reply of replies) expectNotStored(reply, reason);
  }

  /**
   * Shows that whoever looks now is answered as before.
   *
   * @param socketPath of the daemon that is asked
   */
  async seesNoChange(socketPath = this.#host.socketPath): Promise<void> {
    const looks = LOOKS.map((request) => this.#host.ask(request, socketPath));
    expect(await Promise.all(looks)).to.deep.equal(this.#looks);
  }
}

const STATUS = { action: 'get_status' };
const REQUESTS = CHANGES.flatMap((change, index) => [change, LOOKS[index] ?? STATUS]);
const sessionOf = (name: string) => [LOOKS[0], cores(`${name}-session`, 1), LOOKS[6], LOOKS[1]];

/** Shows that a reply says what became of a change that the disk did not take. */
function expectNotStored(reply: Wire, reason: RegExp): void {
  expect(reply['code']).to.be.oneOf(['STORAGE_FAILED', 'READ_ONLY']);
  expect(reply['error']).to.match(reason);
  expect(Object.keys(reply).sort()).to.deep.equal(
    reply['code'] === 'READ_ONLY'
      ? ['code', 'details', 'error', 'version']
      : ['code', 'error', 'version'],
  );
}

function askAll(host: ProcessHost, requests: readonly Wire[]): Promise<Wire[]> {
  return Promise.all(requests.map((request) => host.ask(request)));
}

function linesOf(requests: readonly unknown[]): string {
  return requests.map((request) => `${JSON.stringify(request)}\n`).join('');
}

/** Requests in one session; as many replies, in order. */
export async function session(host: ProcessHost, requests: readonly unknown[]): Promise<Wire[]> {
  const socket = connect(host.socketPath);
  socket.write(linesOf(requests));
  const replies: Wire[] = [];
  for await (const reply of readLines(socket)) {
    if (replies.push(reply) === requests.length) break;
  }
  expect(replies).to.have.length(requests.length);
  return replies;
}
