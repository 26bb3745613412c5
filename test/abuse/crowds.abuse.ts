/**
 * A thousand clients that come at the same instant: the daemon is stopped while they connect and
 * send, so that it finds all of them waiting. Nobody is turned away, and everybody hears the truth.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import {
  type CpuSet,
  countCpus,
  NO_CPUS,
  subtractCpus,
  uniteCpus,
} from '../../src/core/cpu-set.js';
import { LISTEN_BACKLOG } from '../../src/protocol/limits.js';
import { simulatedMachines } from '../../src/simulate/shapes.js';
import { readToEnd, type Wire } from '../daemon/harness.js';
import { listedClaims, listedPages, pageRecordName } from '../load/listings.js';
import type { ProcessHost } from '../process/process-host.js';
import { useAbusedDaemon } from './abused-daemon.js';

const CLIENTS = 1_000;

/** All requests at the same instant, each on a connection of its own; their replies. */
async function askAtOnce(host: ProcessHost, requests: readonly Wire[]): Promise<Wire[]> {
  const daemon = host.daemon.process;
  daemon.kill('SIGSTOP');
  try {
    const sockets = requests.map(() => host.connect());
    const replies = Promise.all(sockets.map(readToEnd));
    // Who is refused is told of below.
    replies.catch(() => undefined);
    const outcomes = await Promise.allSettled(
      sockets.map((socket, index) => sent(socket, requests[index] ?? {})),
    );
    daemon.kill('SIGCONT');
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(
      refused.map(({ reason }) => reason.code),
      'clients that were refused',
    ).to.deep.equal([]);
    return (await replies).map((text) => JSON.parse(text));
  } finally {
    daemon.kill('SIGCONT');
  }
}

/** Resolves when the kernel has taken the request, whether anybody accepts the connection or not. */
async function sent(socket: Socket, request: Wire): Promise<void> {
  await once(socket, 'connect');
  await new Promise<void>((resolve, reject) => {
    socket.write(JSON.stringify(request), (error) => (error ? reject(error) : resolve()));
  });
}

/** The reply without what depends on when the request was decided. */
function withoutCounts({ remaining_available_cpus, shared_cpus, ...rest }: Wire): Wire {
  return rest;
}

describe('a daemon on which 1,000 clients descend at the same instant', () => {
  const daemon = useAbusedDaemon(simulatedMachines.large.shape);

  before(function () {
    const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
    if (most < Math.min(CLIENTS, LISTEN_BACKLOG)) {
      process.stdout.write(`      skipped: net.core.somaxconn is ${most} on this machine\n`);
      this.skip();
    }
  });

  it('gives each the whole answer to its own question', async () => {
    const { host } = daemon();
    await host.ask({ action: 'allocate_cores', service_name: 'nova', num_of_cores: 100 });
    const questions: Wire[] = [
      { action: 'list_allocations' },
      { action: 'get_topology' },
      { action: 'no_such_action' },
      { action: 'allocate_numa_cores', service_name: 'late', numa_node: 99, num_of_cores: 1 },
    ];
    const answers = await Promise.all(questions.map((question) => host.ask(question)));
    // What the answer to this one repeats tells whose it is.
    const mine = (index: number): Wire => ({
      action: 'get_memory_info',
      service_name: `n${index}`,
    });
    const memory = await host.ask(mine(0));
    const ofClient = (index: number) => index % (questions.length + 1);
    const replies = await askAtOnce(
      host,
      Array.from({ length: CLIENTS }, (_, index) => questions[ofClient(index)] ?? mine(index)),
    );
    for (const [index, reply] of replies.entries()) {
      const expected = answers[ofClient(index)] ?? { ...memory, service_name: `n${index}` };
      expect(reply, `the reply to client ${index}`).to.deep.equal(expected);
    }
  });

  it('has in the end what it told each of those who changed something', async () => {
    const { host } = daemon();
    const changes = await layChanges(host);
    const requests = changes.map(({ request }) => request);
    expect(requests).to.have.length(CLIENTS);
    const replies = await askAtOnce(host, requests);

    const granted = replies.filter((reply) => !('error' in reply));
    const refused = replies.filter((reply) => 'error' in reply);
    for (const reply of refused) {
      expect(reply['code']).to.be.oneOf(['INSUFFICIENT_CPUS', 'INSUFFICIENT_HUGEPAGES']);
    }
    // A crowd that gets all it wants, or nothing, shows little.
    expect([granted.length > 0, refused.length > 0]).to.deep.equal([true, true]);

    const lost = new Map<string, CpuSet>();
    for (const { service_name, cpus } of granted.flatMap((reply) => reply['preempted'] ?? [])) {
      const those = parseCpuList(cpus);
      lost.set(service_name, uniteCpus(lost.get(service_name) ?? NO_CPUS, those));
    }
    expect(lost.size, 'services that lose something by force').to.be.above(0);

    const claims = listedClaims(await host.ask({ action: 'list_allocations' }));
    const pages = listedPages(await host.ask({ action: 'get_memory_info' }));
    let pageRecords = 0;
    for (const [index, { request, had }] of changes.entries()) {
      const reply = replies[index] ?? {};
      const name: string = request['service_name'];
      if (request['action'] === 'allocate_hugepages') {
        const record = pageRecordName(name, request['node_id'], request['size_kb']);
        const count = 'error' in reply ? undefined : request['hugepages_requested'];
        expect(pages.get(record), record).to.equal(count);
        if (count !== undefined) pageRecords++;
        continue;
      }
      const has = 'error' in reply ? had : grantedBy(reply);
      const left = subtractCpus(has, lost.get(name) ?? NO_CPUS);
      expect(claims.get(name)?.cpus ?? '', `${name} after ${JSON.stringify(reply)}`).to.equal(
        formatCpuList(left),
      );
    }
    expect(pages.size, 'page records').to.equal(pageRecords);
    const names = new Set(requests.map((request) => request['service_name']));
    expect([...claims.keys()].filter((name) => !names.has(name))).to.deep.equal([]);
  });

  it('answers them while they change the same service, each as of one moment', async () => {
    const { host } = daemon();
    await releaseAll(host);
    const counts = Array.from({ length: CLIENTS }, (_, index) => 1 + (index % 40));
    const replies = await askAtOnce(
      host,
      counts.map((num_of_cores) => ({
        action: 'allocate_cores',
        service_name: 'nova',
        num_of_cores,
      })),
    );
    const [total] = replies.map((reply) => reply['total_available_cpus']);
    for (const [index, reply] of replies.entries()) {
      const count = counts[index] ?? 0;
      expect(withoutCounts(reply)).to.include({ num_of_cores: count, cores_allocated: count });
      expect(reply['remaining_available_cpus']).to.equal(total - count);
      expect(countCpus(parseCpuList(reply['allocated_cores']))).to.equal(count);
    }
    const listed = listedClaims(await host.ask({ action: 'list_allocations' }));
    expect(replies.map((reply) => reply['allocated_cores'])).to.include(listed.get('nova')?.cpus);
  });
});

/** One client that changes something: its service makes this one request and no other. */
interface Change {
  readonly request: Wire;
  /** What its service holds before. */
  readonly had: CpuSet;
}

/** Makes a state to be changed; gives a thousand changes of all kinds, in a mixed order. */
async function layChanges(host: ProcessHost): Promise<Change[]> {
  await releaseAll(host);
  const had = new Map<string, CpuSet>();
  for (let index = 0; index < 100; index++) {
    const service_name = `held-${index}`;
    const request = { action: 'allocate_cores', service_name, num_of_cores: 8 };
    const reply = await host.ask(request);
    had.set(service_name, parseCpuList(reply['allocated_cores']));
  }
  const requestOf = (index: number): Wire => {
    const turn = Math.floor(index / 10);
    switch (index % 10) {
      case 0:
        // Half of those who hold something give it back, the others ask for more.
        return {
          action: 'allocate_cores',
          service_name: `held-${turn}`,
          num_of_cores: turn % 2 === 0 ? -1 : 12,
        };
      case 1:
      case 2:
        // The pages of a node are enough for half of those who ask for them.
        return {
          action: 'allocate_hugepages',
          service_name: `pages-${index}`,
          node_id: turn % 10,
          size_kb: 2048,
          hugepages_requested: 400,
        };
      case 3:
        // By force, as the CPUs of some nodes are held by those above.
        return {
          action: 'allocate_numa_cores',
          service_name: `numa-${index}`,
          numa_node: turn % 32,
          num_of_cores: 20,
        };
      default:
        return { action: 'allocate_cores', service_name: `cores-${index}`, num_of_cores: 2 };
    }
  };
  return Array.from({ length: CLIENTS }, (_, index) => {
    // 383 and 1,000 have no common divisor: every index once.
    const request = requestOf((index * 383) % CLIENTS);
    return { request, had: had.get(request['service_name']) ?? NO_CPUS };
  });
}

function grantedBy(reply: Wire): CpuSet {
  const isByNode = 'numa_node' in reply;
  return parseCpuList(isByNode ? reply['cores_allocated'] : reply['allocated_cores']);
}

/** Leaves nobody with anything. */
async function releaseAll(host: ProcessHost): Promise<void> {
  const { allocations } = await host.ask({ action: 'list_allocations' });
  for (const { service_name } of allocations) {
    await host.ask({ action: 'allocate_cores', service_name, num_of_cores: -1 });
  }
}
