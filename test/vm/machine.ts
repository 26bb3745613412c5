/**
 * The machine that is emulated: two nodes of four cores with two threads each, and a third node
 * that is empty at the start, with four more cores and room for memory. Each of the first two nodes
 * keeps its first core for the guest itself; the other CPUs are isolated, also those yet to come.
 */

import { readFileSync } from 'node:fs';

/** What the kernel is told to isolate; the third node's CPUs get the ids from 16 on. */
export const ISOLATED_CPUS = '2-7,10-23';

/** Hugepages at the start, node by node. */
export const HUGEPAGES = { pages2M: [64, 64], pages1G: [0, 1] } as const;

const DISTANCES = [
  [0, 1, 21],
  [0, 2, 31],
  [1, 2, 31],
] as const;

/** The words of the emulator's command line that make the machine. */
export function machineWords(): string[] {
  const words = ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'];
  words.push('-machine', 'q35', '-smp', '16,maxcpus=24,sockets=3,cores=4,threads=2');
  // A page of 1 GiB needs a whole GiB that nothing else sits in: here the one from 4 GiB on.
  words.push('-m', '4G,slots=2,maxmem=8G');
  for (const [node, size] of [
    [0, '1G'],
    [1, '3G'],
  ] as const) {
    words.push('-object', `memory-backend-ram,id=memory${node},size=${size}`);
    words.push('-numa', `node,nodeid=${node},memdev=memory${node}`);
  }
  words.push('-numa', 'node,nodeid=2');
  for (const node of [0, 1, 2]) words.push('-numa', `cpu,node-id=${node},socket-id=${node}`);
  for (const [from, to, distance] of DISTANCES) {
    words.push('-numa', `dist,src=${from},dst=${to},val=${distance}`);
  }
  return [...words, ...acceleratorWords()];
}

/** The kernel's command line. */
export function kernelWords(): string {
  const pages = (counts: readonly number[]) => counts.map((count, node) => `${node}:${count}`);
  return [
    ...['console=ttyS0', 'quiet', 'nokaslr', 'panic=-1'],
    `isolcpus=${ISOLATED_CPUS}`,
    // Memory that is plugged in comes online by itself, and so that it can be taken out again.
    'memhp_default_state=online_movable',
    // Without them, each system call throws away what the emulator has translated of addresses.
    'mitigations=off',
    `hugepagesz=2M hugepages=${pages(HUGEPAGES.pages2M)}`,
    `hugepagesz=1G hugepages=${pages(HUGEPAGES.pages1G)}`,
  ].join(' ');
}

/**
 * An older processor of Intel's, because only theirs have hyper-threads here. What is newer takes
 * several times as long to emulate: vectors of 32 bytes, and strings that are copied byte by byte.
 */
const EMULATED_CPU = 'Nehalem,+pdpe1gb';

/**
 * A device `/dev/kvm` is not enough: without the processor's own virtualisation a stock kernel does
 * not start on it. Only with a thread for each CPU can the emulator take CPUs out again.
 */
function acceleratorWords(): string[] {
  const hasVirtualisation = /^flags\s*:.*\b(?:vmx|svm)\b/m.test(
    readFileSync('/proc/cpuinfo', 'utf8'),
  );
  // The emulator takes the first that works.
  const kvm = hasVirtualisation ? ['-accel', 'kvm'] : [];
  return [...kvm, '-accel', 'tcg,thread=multi', '-cpu', EMULATED_CPU];
}
