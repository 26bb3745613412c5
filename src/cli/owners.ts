/** Whose each CPU is, and the mark that says so in a picture. */

import { parseCpuList } from '../core/cpu-list.js';
import { type CpuSet, cpusOf, hasCpu, subtractCpus } from '../core/cpu-set.js';
import type { ListedAllocation, Replies } from '../protocol/reply.js';
import type { PoolName } from '../protocol/wire-fields.js';
import type { Tone } from './terminal.js';

/** What the daemon says of the machine and of who holds it. */
export type Topology = Omit<Replies['get_topology'], 'sysfs_problem'>;

/** A service that holds CPUs. */
export interface Owner {
  /** A letter, or two where there are more services than letters. */
  readonly mark: string;
  readonly tone: Tone;
  readonly allocation: ListedAllocation;
  readonly cpus: CpuSet;
  /** Those of its CPUs that are offline or not in its pool now. */
  readonly unavailableCpus: CpuSet;
}

/** What a CPU without an owner is, or an owner's that is not available: a symbol and its words. */
export const SYMBOLS = {
  free: { symbol: '.', means: 'free' },
  freeGeneral: { symbol: ':', means: 'free, general pool' },
  outside: { symbol: '-', means: 'in no pool' },
  offline: { symbol: '!', means: 'offline' },
  heldInOtherPool: { symbol: '*', means: 'held in the other pool' },
  unavailable: { symbol: '!', means: 'behind a letter: held, but offline or out of its pool' },
} as const;

/** A key of {@link SYMBOLS}. */
export type SymbolName = keyof typeof SYMBOLS;

/** How a CPU is shown, and which symbol that needs explained. */
export interface CpuMark {
  readonly text: string;
  readonly tone: Tone;
  readonly symbol?: SymbolName;
}

/**
 * The services that hold CPUs, in the order of the reply, with their marks. `pool` leaves out
 * those of the other one.
 */
export function ownersOf({ allocations, pools }: Topology, pool?: PoolName): Owner[] {
  return allocations
    .filter((allocation) => pool === undefined || allocation.pool === pool)
    .map((allocation, index) => {
      const cpus = parseCpuList(allocation.allocated_cores);
      const eligible = parseCpuList(pools[allocation.pool].eligible_cpus);
      return {
        mark: letters(index),
        tone: `owner-${index}`,
        allocation,
        cpus,
        unavailableCpus: subtractCpus(cpus, eligible),
      };
    });
}

/** A function that gives each CPU its mark. */
export function cpuMarker(topology: Topology, pool?: PoolName): (cpu: number) => CpuMark {
  const ownerOfCpu = new Map<number, Owner>();
  const owners = ownersOf(topology, pool);
  for (const owner of owners) for (const cpu of cpusOf(owner.cpus)) ownerOfCpu.set(cpu, owner);
  const held = topology.allocations.map((listed) => parseCpuList(listed.allocated_cores));
  const online = parseCpuList(topology.online_cpus);
  const isolated = parseCpuList(topology.pools.isolated.eligible_cpus);
  const general = parseCpuList(topology.pools.general.eligible_cpus);
  return (cpu) => {
    const owner = ownerOfCpu.get(cpu);
    if (owner !== undefined) {
      const { mark, tone } = owner;
      if (!hasCpu(owner.unavailableCpus, cpu)) return { text: mark, tone };
      return { text: `${mark}${SYMBOLS.unavailable.symbol}`, tone, symbol: 'unavailable' };
    }
    if (held.some((cpus) => hasCpu(cpus, cpu))) return unowned('heldInOtherPool');
    if (!hasCpu(online, cpu)) return unowned('offline');
    if (hasCpu(isolated, cpu)) return unowned('free');
    return unowned(hasCpu(general, cpu) ? 'freeGeneral' : 'outside');
  };
}

function unowned(symbol: SymbolName): CpuMark {
  const tone = symbol === 'free' || symbol === 'freeGeneral' ? 'good' : 'faint';
  return { text: SYMBOLS[symbol].symbol, tone, symbol };
}

/** `A` to `Z`, then `AA`, `AB` and so on. */
function letters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}
