/** A state that a real daemon stored at the request of real clients, so that its truth is known. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { TestHost, type Wire } from '../daemon/harness.js';

/** The files of a state, and what a daemon shows that has it. */
export interface KnownState {
  /** Both copies, which are equal. */
  readonly bytes: Buffer;
  /** Both copies as they were before the last request, which changed something. */
  readonly earlierBytes: Buffer;
  readonly generation: number;
  readonly shown: Shown;
}

/** What clients are shown of a state. */
export interface Shown {
  readonly allocations: Wire[];
  readonly hugepages: Wire;
}

const cores = (service_name: string, num_of_cores: number, preemption_policy: string): Wire => ({
  action: 'allocate_cores',
  service_name,
  num_of_cores,
  preemption_policy,
});

const numaCores = (
  service_name: string,
  numa_node: number,
  num_of_cores: number,
  preemption_policy: string,
): Wire => ({
  action: 'allocate_numa_cores',
  service_name,
  numa_node,
  num_of_cores,
  preemption_policy,
});

const hugepages = (
  service_name: string,
  node_id: number,
  size_kb: number,
  hugepages_requested: number,
): Wire => ({ action: 'allocate_hugepages', service_name, node_id, size_kb, hugepages_requested });

/** Something of everything: ordinary and explicit, protected and not, over both nodes. */
export const EVERYTHING = [
  cores('nova', 5, 'legacy'),
  cores('ceph', 2, 'non-preemptive'),
  numaCores('dpdk', 1, 3, 'legacy'),
  numaCores('ovs', 0, 2, 'non-preemptive'),
  numaCores('ovs', 1, 1, 'non-preemptive'),
  hugepages('dpdk', 1, 2048, 7),
  hugepages('nova', 0, 1_048_576, 2),
  hugepages('late', 0, 2048, 11),
];

/** One service. */
export const LITTLE = [numaCores('ovs', 1, 2, 'non-preemptive'), hugepages('ovs', 1, 2048, 7)];

/** Lets a daemon store what those requests come to. */
export async function storeByAsking(requests: readonly Wire[]): Promise<KnownState> {
  await using host = new TestHost();
  await host.start();
  let bytes: Buffer = Buffer.of();
  let earlierBytes = bytes;
  for (const request of requests) {
    expect(await host.ask(request)).not.to.have.property('error');
    earlierBytes = bytes;
    bytes = readFileSync(host.statePath);
  }
  const shown = await shownBy(host);
  await host.stop();
  const { generation } = JSON.parse(bytes.toString());
  return { bytes, earlierBytes, generation, shown };
}

/** What a daemon that runs shows to its clients. */
export async function shownBy(host: TestHost): Promise<Shown> {
  const [list, memory] = await Promise.all([
    host.ask({ action: 'list_allocations' }),
    host.ask({ action: 'get_memory_info' }),
  ]);
  return { allocations: list['allocations'], hugepages: memory['numa_hugepages'] };
}
