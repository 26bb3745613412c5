/** A node that was not there gets CPUs and memory, is used, and loses both again under claims. */

import { isDeepStrictEqual } from 'node:util';
import type { Wire } from '../../../daemon/wire.js';
import { until } from '../../../process/until.js';
import { type Guest, type NodePictures, numaCores, pageRecord } from '../guest.js';
import { hasCpu, hasNode, idsOf, kernelNodes, setPages } from '../kernel.js';

const NODE = 2;
/** The first ids that are not taken. */
const CPUS = [16, 17, 18, 19];
const KB_2M = 2048;
const MEMORY_BYTES = 512 * 1024 * 1024;
const ANSWERS = 14;

export async function hotplug(guest: Guest) {
  const before = await guest.ask(numaCores('hot', NODE, 2));
  await plugCpus(guest);
  const presentAndOffline = await guest.ask(numaCores('hot', NODE, 2));
  for (const cpu of CPUS) await guest.cpus.bringBack(cpu);
  await plugMemory(guest);
  await setPages(NODE, KB_2M, 8);
  const plugged = await settledPictures(guest);

  const claimed = await guest.claim('hot', NODE, 2);
  const alsoClaimed = await guest.claim('other', NODE, 1);
  const recorded = await guest.ask(pageRecord('hot', NODE, KB_2M, 5));
  const pages = await guest.pagePictures();
  await guest.crowd.answers(ANSWERS);

  await setPages(NODE, KB_2M, 0);
  await unplug(guest);
  await guest.crowd.answers(ANSWERS);
  const unplugged = await settledPictures(guest);
  const shownOf = async () => {
    const list = await guest.list();
    const { nodes } = await guest.look({ action: 'get_topology' });
    const memory = await guest.look({ action: 'get_memory_info' });
    return {
      cpus: await guest.cpusOf('hot'),
      list,
      node: nodes.find((node: Wire) => node['node_id'] === NODE) ?? null,
      memory: memory['numa_hugepages'][`node${NODE}`] ?? null,
    };
  };
  const withClaims = await shownOf();
  await guest.killAndRestart();
  const afterRestart = await shownOf();
  const more = await guest.ask(numaCores('new', NODE, 1));
  const releases = [
    await guest.ask(numaCores('other', NODE, -1)),
    await guest.ask(numaCores('hot', NODE, -1)),
    await guest.ask(pageRecord('hot', NODE, KB_2M, -1)),
  ];
  const withoutClaims = await shownOf();
  await until(() => isLeft(guest));
  return {
    ...{ before, presentAndOffline, plugged, claimed, alsoClaimed, recorded, pages, unplugged },
    ...{ withClaims, afterRestart, more, releases, withoutClaims },
  };
}

/** Whether the crowd has let go of what it had there too: scenarios behind this one know no such CPUs. */
async function isLeft(guest: Guest): Promise<boolean> {
  guest.crowd.throwFault();
  const { allocations } = await guest.list();
  const claimed = allocations.flatMap((one: Wire) => idsOf(one['allocated_cores']));
  return !claimed.some((cpu: number) => CPUS.includes(cpu));
}

async function plugCpus(guest: Guest): Promise<void> {
  const free: Wire[] = (await guest.link.execute('query-hotpluggable-cpus')) as Wire[];
  const slots = free
    .filter(({ props }) => props['node-id'] === NODE)
    .sort((a, b) => Number(placeOf(a)) - Number(placeOf(b)));
  for (const [index, cpu] of CPUS.entries()) {
    const { type, props } = slots[index] ?? {};
    await guest.link.execute('device_add', { driver: type, id: `cpu${cpu}`, ...props });
    await until(() => hasCpu(cpu));
  }
}

const placeOf = ({ props }: Wire) => props['core-id'] * 8 + props['thread-id'];

async function plugMemory(guest: Guest): Promise<void> {
  await guest.link.execute('object-add', {
    'qom-type': 'memory-backend-ram',
    id: 'memory2',
    size: MEMORY_BYTES,
  });
  const words = { driver: 'pc-dimm', id: 'dimm2', memdev: 'memory2', node: NODE };
  await guest.link.execute('device_add', words);
  await until(() => memoryKb() === MEMORY_BYTES / 1024);
}

const memoryKb = () => kernelNodes().find(({ id }) => id === NODE)?.memoryTotalKb;

/** Takes everything out that was put in. */
async function unplug(guest: Guest): Promise<void> {
  await guest.link.execute('device_del', { id: 'dimm2' });
  await until(() => memoryKb() === 0);
  for (const cpu of [...CPUS].reverse()) {
    await guest.link.execute('device_del', { id: `cpu${cpu}` });
    await until(() => !hasCpu(cpu));
    guest.cpus.noteGone([cpu]);
  }
  await until(() => !hasNode(NODE));
}

/**
 * The pictures once they agree. Memory that came or went is noticed by the scheduled scan only; what
 * is shown after several of them is what tests compare.
 */
async function settledPictures(guest: Guest): Promise<NodePictures> {
  const giveUpAtMs = performance.now() + 15_000;
  let pictures = await guest.nodePictures();
  await until(async () => {
    pictures = await guest.nodePictures();
    return isDeepStrictEqual(pictures.daemon, pictures.kernel) || performance.now() > giveUpAtMs;
  });
  return pictures;
}
