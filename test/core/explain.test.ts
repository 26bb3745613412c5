import { expect } from 'chai';
import { countCpus, hasCpu, NO_CPUS } from '../../src/core/cpu-set.js';
import { NO_NODE } from '../../src/core/homes.js';
import {
  cores,
  Host,
  hugepages,
  nodeOf,
  numa,
  pagesOf,
  percent,
  twoNodes,
  type Wire,
} from './hosts.js';
import { poolOf, takeableBy } from './situations.js';
import { cpusIn, holdsInStories, type Step, stories } from './stories.js';

/** The field of a request that says how many. */
function countField({ action }: Wire): string {
  if (action === 'allocate_cores_percent') return 'percent';
  return action === 'allocate_hugepages' ? 'hugepages_requested' : 'num_of_cores';
}

const detailsOf = (reply: Wire) => reply['details'] as Wire;

const isGranted = (host: Host, request: Wire) => !('error' in host.copy().ask(request));

/** What would be granted instead, found by asking for everything there is to ask for. */
function largestGranted({ hostBefore, request }: Pick<Step, 'hostBefore' | 'request'>): number {
  const field = countField(request);
  const asked = Number(request[field]);
  const most = asked > 0 ? asked - 1 : countCpus(hostBefore.view.facts.onlineCpus);
  for (let count = most; count > 0; count--) {
    if (isGranted(hostBefore, { ...request, [field]: count })) return count;
  }
  return 0;
}

const LACKS_ROOM = ['NO_CPUS_AVAILABLE', 'INSUFFICIENT_CPUS', 'INSUFFICIENT_HUGEPAGES'];

describe('a refusal for lack of room', () => {
  it('names the nearest request that is granted', () => {
    let nearestCount = 0;
    let nothingCount = 0;
    holdsInStories(stories, (step) => {
      const { request, reply, hostBefore } = step;
      if (!LACKS_ROOM.includes(String(reply['code']))) return;
      const nearest = detailsOf(reply)['nearest'] as Wire | null | undefined;
      const largest = largestGranted(step);
      if (largest === 0) {
        expect(nearest).to.equal(null);
        nothingCount++;
        return;
      }
      expect(nearest).to.include({ action: request['action'], [countField(request)]: largest });
      expect(isGranted(hostBefore, nearest as Wire)).to.equal(true);
      nearestCount++;
    });
    expect(nearestCount).to.be.above(50);
    expect(nothingCount).to.be.above(20);
  });

  it('names it also where a placement is asked for', () => {
    const placements = [
      { cores: 'whole' },
      { cores: 'spread' },
      { numa: 'single', cores: 'whole' },
      { numa: 'single', cores: 'spread' },
    ];
    let nearestCount = 0;
    let turn = 0;
    holdsInStories(stories, ({ request, hostBefore }) => {
      if (request['action'] === 'allocate_hugepages') return;
      const asked = { ...request, placement: placements[turn++ % placements.length] };
      const reply = hostBefore.copy().ask(asked);
      if (reply['code'] !== 'INSUFFICIENT_CPUS') return;
      const nearest = detailsOf(reply)['nearest'] as Wire | null;
      const largest = largestGranted({ hostBefore, request: asked });
      expect(Number(nearest?.[countField(asked)] ?? 0)).to.equal(largest);
      if (nearest === null) return;
      nearestCount++;
      expect(isGranted(hostBefore, nearest)).to.equal(true);
    });
    expect(nearestCount).to.be.above(50);
  });

  it('says of every node how its CPUs add up', () => {
    let told = 0;
    holdsInStories(stories, ({ picture, request, reply, hostBefore }) => {
      if (!['NO_CPUS_AVAILABLE', 'INSUFFICIENT_CPUS'].includes(String(reply['code']))) return;
      const pool = poolOf(request);
      const own = picture.claims.get(String(request['service_name']));
      const policy = request['preemption_policy'] ?? own?.policy ?? 'legacy';
      const anywhere = [...picture.nodeIds, ...new Set(picture.nodeOfCpu.values())].flatMap(
        (node) => [...takeableBy(picture, { ...request, numa_node: node }, String(policy))],
      );
      for (const node of detailsOf(reply)['nodes'] as Wire[]) {
        told++;
        const nodeId = (node['numa_node'] ?? undefined) as number | undefined;
        const homeOf = (id = NO_NODE) => hostBefore.view.homes.get(id) ?? NO_CPUS;
        const isThere = (cpu: number) => picture.nodeOfCpu.get(cpu) === nodeId;
        const count = (cpus: Iterable<number>) => [...cpus].filter(isThere).length;
        const eligible = [...picture.eligible[pool]];
        const heldBy = (name: string) =>
          eligible.filter((cpu) => picture.claims.get(name)?.cpus.has(cpu));
        const others = [...picture.claims.keys()].filter(
          (name) => name !== request['service_name'],
        );
        expect(node).to.include({
          // Of a CPU that was never online nobody knows where it is.
          configured: [...picture.configured[pool]].filter((cpu) => hasCpu(homeOf(nodeId), cpu))
            .length,
          online: count(eligible),
          own: count(heldBy(String(request['service_name']))),
          free: count(
            eligible.filter(
              (cpu) => ![...picture.claims.values()].some((claim) => claim.cpus.has(cpu)),
            ),
          ),
        });
        expect(node['held_by']).to.have.deep.members(
          others
            .map((name) => ({
              service_name: name,
              cores_count: count(heldBy(name)),
              preemption_policy: picture.claims.get(name)?.policy,
            }))
            .filter(({ cores_count }) => cores_count > 0),
        );
        const takeable = anywhere.filter(isThere).sort((a, b) => a - b);
        expect(cpusIn(node['takeable_cpus'])).to.deep.equal([...new Set(takeable)]);
      }
    });
    expect(told).to.be.above(100);
  });

  it('fits into what clients of old read, on any machine', () => {
    const nodes = Array.from({ length: 100 }, (_, nodeId) =>
      nodeOf(nodeId, 4, 1, [pagesOf(2048, 9)]),
    );
    const host = new Host({ nodes, numbering: 'contiguous', isolated: '0-399' });
    for (let index = 0; index < 150; index++) {
      const name = `${index}-${'ß'.repeat(60)}`;
      host.grant(cores(name, 2, { preemption_policy: 'non-preemptive' }));
      if (index < 9) host.grant(hugepages(name, 7, 2048, 1));
    }
    for (const request of [numa('a', 60, 5), cores('a', 200), hugepages('a', 7, 2048, 1)]) {
      const reply = host.ask(request);
      expect(Buffer.byteLength(JSON.stringify(reply))).to.be.within(2_000, 4_096);
      const { nodes: told, more_nodes } = detailsOf(reply) as { nodes: Wire[]; more_nodes: number };
      expect(told.length + more_nodes).to.equal(100);
    }
    // The node that was asked for is among them, and what has room comes before what has none.
    const { nodes: told } = detailsOf(host.ask(numa('a', 60, 5))) as { nodes: Wire[] };
    const ids = told.map((node) => Number(node['numa_node']));
    expect(ids).to.include.members([60, 75, 76]);
    expect(ids).to.deep.equal([...ids].sort((a, b) => a - b));
  });

  it('says of pages what each node has, and whose they are', () => {
    const host = new Host({
      ...twoNodes,
      nodes: [nodeOf(0, 4, 1, [pagesOf(2048, 10, 8)]), nodeOf(1, 4, 1, [pagesOf(2048, 6)])],
    });
    host.grant(hugepages('a', 0, 2048, 2), hugepages('b', 0, 2048, 4), hugepages('b', 1, 2048, 6));
    const { nodes, nearest } = detailsOf(host.ask(hugepages('a', 0, 2048, 9))) as Wire;
    expect(nodes).to.deep.equal([
      { node_id: 0, total: 10, free: 4, own: 2, held_by: [{ service_name: 'b', pages: 4 }] },
      { node_id: 1, total: 6, free: 0, own: 0, held_by: [{ service_name: 'b', pages: 6 }] },
    ]);
    expect(nearest).to.include({ hugepages_requested: 6 });
    expect(isGranted(host, nearest as Wire)).to.equal(true);
  });

  it('has nothing to add where room is not what lacks', () => {
    const host = new Host(twoNodes).grant(cores('a', 2, { preemption_policy: 'non-preemptive' }));
    for (const request of [
      numa('b', 7, 1),
      cores('a', 3, { preemption_policy: 'legacy' }),
      cores('a', 1, { pool: 'general' }),
    ]) {
      expect(host.ask(request)['details']).not.to.have.any.keys('nodes', 'nearest');
    }
  });

  it('knows the share that fits best', () => {
    const host = new Host(twoNodes).grant(cores('a', 3, { preemption_policy: 'non-preemptive' }));
    const details = detailsOf(host.ask(percent('b', 70)));
    expect(details['nearest']).to.include({ percent: 62 });
    expect(host.copy().ask(percent('b', 62))).to.include({ cores_allocated_count: 5 });
    expect(host.ask(percent('b', 63))).to.include({ code: 'INSUFFICIENT_CPUS' });
  });
});
