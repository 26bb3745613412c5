/** Replies about machines of some shape, for the tests of what is drawn from them. */

import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import { countCpus, cpuSetOf, intersectCpus, subtractCpus } from '../../src/core/cpu-set.js';
import type { ListedAllocation, Replies } from '../../src/protocol/reply.js';
import { cachesOf, coresOf, type MachineShape } from '../../src/simulate/machine-shape.js';

/** A claim: `dpdk: 8-9` and whatever differs from an ordinary legacy one of the isolated pool. */
export interface Held extends Partial<Omit<ListedAllocation, 'service_name' | 'cores_count'>> {
  readonly allocated_cores: string;
}

/** What `get_topology` says of a machine of that shape, on which those claims are held. */
export function topologyOf(
  shape: MachineShape,
  claims: Readonly<Record<string, Held>> = {},
  generalPool = '',
): Replies['get_topology'] {
  const cores = coresOf(shape);
  const all = cpuSetOf(cores.flatMap(({ cpus }) => cpus));
  const online = subtractCpus(all, parseCpuList(shape.offline ?? ''));
  const pool = (configured: string) => ({
    configured_cpus: configured,
    eligible_cpus: formatCpuList(intersectCpus(parseCpuList(configured), online)),
  });
  const ids = shape.nodes.map(({ nodeId }) => nodeId);
  const known = shape.numa === false ? [null] : ids;
  return {
    version: '1.0',
    online_cpus: formatCpuList(online),
    pools: { isolated: pool(shape.isolated ?? ''), general: pool(generalPool) },
    nodes: known.map((nodeId) => {
      const own = cores.filter((core) => nodeId === null || core.nodeId === nodeId);
      const cpus = cpuSetOf(own.flatMap((core) => core.cpus));
      return {
        node_id: nodeId,
        is_present: true,
        cpus: formatCpuList(cpus),
        online_cpus: formatCpuList(intersectCpus(cpus, online)),
        cores: own
          .map((core) => formatCpuList(intersectCpus(cpuSetOf(core.cpus), online)))
          .filter((list) => list !== ''),
        caches: cachesOf(shape)
          .filter(([cpu]) => own.some((core) => core.cpus.includes(cpu ?? -1)))
          .map((cache) => formatCpuList(intersectCpus(cpuSetOf(cache), online)))
          .filter((list) => list !== ''),
        memory_kb: shape.nodes.find((node) => node.nodeId === nodeId)?.memoryKb ?? null,
        distances:
          nodeId === null
            ? {}
            : Object.fromEntries(ids.map((id) => [`${id}`, id === nodeId ? 10 : 21])),
      };
    }),
    allocations: Object.entries(claims).map(([service_name, held]) => ({
      pool: 'isolated',
      preemption_policy: 'legacy',
      service_name,
      cores_count: countCpus(parseCpuList(held.allocated_cores)),
      is_explicit: held.explicit_cores !== undefined,
      ...held,
    })),
    hugepages: [],
    hugepage_records: [],
    sysfs_problem: null,
  };
}

/** Nodes of `coreCount` cores each, with nothing but CPUs and 64 GiB. */
export function machineOf(
  nodeCount: number,
  coreCount: number,
  threads: number,
  rest: Partial<MachineShape> = {},
): MachineShape {
  return {
    nodes: Array.from({ length: nodeCount }, (_, nodeId) => ({
      nodeId,
      cores: [{ count: coreCount, threads }],
      memoryKb: 64 * 1_048_576,
      pages: [],
    })),
    numbering: 'interleaved',
    ...rest,
  };
}

/** A terminal without colour. */
export const terminal = (columns: number) => ({
  columns,
  paint: (_tone: string, text: string) => text,
});

/** A text as it stands in a test: without the line break at its begin and end. */
export function lines(text: string): string {
  return text.replace(/^\n|\n$/g, '');
}
