/** What a scenario works on: the machine, the daemon on it, and the crowd that asks all the time. */

import { mkdirSync } from 'node:fs';
import { askOnce, type Wire } from '../../daemon/wire.js';
import { DaemonProcess } from '../../process/daemon-process.js';
import { until } from '../../process/until.js';
import { Crowd, SCENARIO } from './crowd.js';
import { type KernelNode, kernelNodes, kernelPages } from './kernel.js';
import type { Link } from './link.js';
import { OfflineCpus } from './offline-cpus.js';
import { Watcher } from './watcher.js';

const DIRECTORY = '/tmp/epa';
const SOCKET = `${DIRECTORY}/epa.sock`;

/** What needs no request to be noticed is noticed this soon. */
const RESCAN_INTERVAL_MS = 1000;

/** Why nothing is granted when the machine could not be read in time. */
const OVERDUE = 'reading took too long and was given up';

/** Nodes as the kernel shows them, and as the daemon does; the same form. */
export interface NodePictures {
  readonly kernel: readonly KernelNode[];
  readonly daemon: readonly KernelNode[];
}

/** Hugepages of one size on one node, as the kernel counts them and as the daemon says. */
export interface PagePicture {
  readonly nodeId: number;
  readonly sizeKb: number;
  readonly total: number;
  readonly kernelFree: number;
  /** The sum over all services, by the daemon's own list. */
  readonly recorded: number;
  readonly daemonTotal: number;
  readonly daemonFree: number;
}

/** The guest. */
export class Guest {
  readonly link: Link;
  readonly cpus = new OfflineCpus();
  /** Lines of all daemons, oldest first. */
  readonly log: Wire[] = [];
  #overdueCount = 0;
  #daemon: DaemonProcess | undefined;
  #crowd: Crowd | undefined;
  /** One for each daemon. */
  readonly watchers: Watcher[] = [];

  constructor(link: Link) {
    this.link = link;
  }

  get daemon(): DaemonProcess {
    if (this.#daemon === undefined) throw new Error('no daemon was started');
    return this.#daemon;
  }

  get crowd(): Crowd {
    if (this.#crowd === undefined) throw new Error('there is no crowd yet');
    return this.#crowd;
  }

  /** Starts a daemon on the real sysfs; resolves when it answers. */
  async startDaemon(): Promise<void> {
    mkdirSync(DIRECTORY, { recursive: true });
    const words = ['serve', '--socket', SOCKET, '--state-dir', `${DIRECTORY}/state`];
    words.push('--rescan-interval-ms', `${RESCAN_INTERVAL_MS}`);
    this.#daemon = new DaemonProcess(words, this.log);
    await this.#daemon.listening;
  }

  /** Lets the crowd begin. */
  async gatherCrowd(): Promise<void> {
    const topology = await this.ask({ action: 'get_topology' });
    this.#crowd = new Crowd(this, topology);
    await this.#crowd.start();
  }

  /** Lets somebody watch the daemon, as long as it lives. */
  async startWatcher(): Promise<void> {
    this.watchers.push(await Watcher.start(SOCKET));
  }

  get watcher(): Watcher {
    const watcher = this.watchers.at(-1);
    if (watcher === undefined) throw new Error('nobody watches yet');
    return watcher;
  }

  /** Kills the daemon under the crowd, and starts another in which the crowd finds everything. */
  async killAndRestart(): Promise<void> {
    const { daemon } = this;
    await this.watcher.agrees();
    await this.crowd.lose(() => daemon.kill());
    await this.startDaemon();
    await this.startWatcher();
    await this.crowd.start();
  }

  /** One request; again, when an emulator without time made the daemon refuse it. */
  async ask(request: Wire): Promise<Wire> {
    for (;;) {
      const reply = await this.cpus.judge(request, (judged) => askOnce(SOCKET, judged));
      if (!isOverdue(reply)) return reply;
      this.#overdueCount++;
    }
  }

  /** What the daemon shows; again, when it had no time to read the machine and shows an older one. */
  async look(request: Wire): Promise<Wire> {
    for (;;) {
      const before = this.#overdueCount + this.#overdueLines;
      const reply = await this.ask(request);
      const { sysfs_problem: problem } = await this.ask({ action: 'get_status' });
      if (problem === null && before === this.#overdueCount + this.#overdueLines) return reply;
    }
  }

  /** How often the daemon has said that it gave up reading the machine. */
  get #overdueLines(): number {
    return this.log.filter(({ reason }) => reason === OVERDUE).length;
  }

  /** Asks for protected CPUs of a node until the crowd leaves enough of them; gives the list. */
  async claim(name: string, node: number, count: number): Promise<string> {
    let reply: Wire = {};
    await until(async () => {
      this.crowd.throwFault();
      reply = await this.ask(numaCores(name, node, count));
      return reply['code'] !== 'INSUFFICIENT_CPUS';
    });
    if ('error' in reply) throw new Error(`${name}: ${JSON.stringify(reply)}`);
    return reply['cores_allocated'];
  }

  /** What the daemon lists of the isolated pool. */
  list(): Promise<Wire> {
    return this.look({ action: 'list_allocations' });
  }

  /** The CPUs that a service is listed with; `null` = it is not listed. */
  async cpusOf(name: string): Promise<string | null> {
    const { allocations } = await this.list();
    return (
      allocations.find((one: Wire) => one['service_name'] === nameOf(name))?.allocated_cores ?? null
    );
  }

  /** Nodes as they are shown now. */
  async nodePictures(): Promise<NodePictures> {
    const { nodes } = await this.look({ action: 'get_topology' });
    return { kernel: kernelNodes(), daemon: nodes.filter(isOnKernel).map(nodeOf) };
  }

  /** Hugepages as they are shown now. */
  async pagePictures(): Promise<PagePicture[]> {
    const { numa_hugepages: nodes } = await this.look({ action: 'get_memory_info' });
    return kernelPages().map(({ nodeId, sizeKb, total, free }) => {
      const node = nodes[`node${nodeId}`];
      const size = node.capacity.find((one: Wire) => one['size'] === sizeKb);
      const records = Object.values<Wire>(node.allocations).map((sizes) => sizes[sizeKb] ?? 0);
      return {
        ...{ nodeId, sizeKb, total, kernelFree: free },
        recorded: records.reduce((sum, count) => sum + count, 0),
        daemonTotal: size.total,
        daemonFree: size.free,
      };
    });
  }
}

function isOverdue({ code, details }: Wire): boolean {
  return code === 'INTERNAL' && details?.reason === OVERDUE;
}

/** A service of a scenario, as clients name it. */
export const nameOf = (name: string) => `${SCENARIO}${name}`;

/** A request for protected CPUs of a node; a count of -1 releases them. */
export function numaCores(name: string, node: number, count: number): Wire {
  return {
    action: 'allocate_numa_cores',
    service_name: nameOf(name),
    numa_node: node,
    num_of_cores: count,
    preemption_policy: 'non-preemptive',
  };
}

/** A request to record hugepages; a count of -1 forgets them. */
export function pageRecord(name: string, node: number, sizeKb: number, count: number): Wire {
  return {
    action: 'allocate_hugepages',
    service_name: nameOf(name),
    hugepages_requested: count,
    node_id: node,
    size_kb: sizeKb,
  };
}

/** The daemon also shows what is gone and still claimed. */
const isOnKernel = (node: Wire) => node['node_id'] !== null && node['is_present'];

function nodeOf(node: Wire): KernelNode {
  return {
    id: node['node_id'],
    cpus: node['online_cpus'],
    cores: node['cores'],
    memoryTotalKb: node['memory_kb'],
    distances: node['distances'],
  };
}
