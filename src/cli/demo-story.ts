/** The story that `demo` tells on the simulated machine `dual-socket`: what is done, and why. */

/** A command of the story. */
export interface Step {
  /** What the command does and why it turns out so. */
  readonly caption: string;
  readonly words: readonly string[];
  /** The exit status that the caption promises. */
  readonly status: 0 | 1;
}

/** The steps in order. The numbers are those of 28 isolated CPUs, 14 in each node, two a core. */
export const STORY: readonly Step[] = [
  {
    caption:
      'A hypervisor asks for CPUs and does not say how many. It gets the default share, 80 % of ' +
      'the 28 isolated CPUs. Cores stay whole.',
    words: ['allocate', 'hypervisor'],
    status: 0,
  },
  {
    caption:
      'DPDK must have four cores of node 1, that is eight CPUs. Six are free there; the other two ' +
      'are taken from the hypervisor by force.',
    words: ['allocate', 'dpdk', '8', '--node', '1'],
    status: 0,
  },
  {
    caption:
      'The hypervisor asks again. Its default share is now 80 % of the 20 CPUs that DPDK left, so ' +
      'it gives four of its own back.',
    words: ['allocate', 'hypervisor'],
    status: 0,
  },
  {
    caption: 'Ceph takes two of the free CPUs of node 1, and nobody may take them back.',
    words: ['allocate', 'ceph', '2', '--node', '1', '--policy', 'non-preemptive'],
    status: 0,
  },
  {
    caption:
      'A batch job wants five CPUs of node 1. Two are free, two could be taken from the ' +
      "hypervisor, but a fifth would be DPDK's or Ceph's: refused, and nothing changes.",
    words: ['allocate', 'batch', '5', '--node', '1'],
    status: 1,
  },
  {
    caption: 'Hugepages are put on record, so that nobody counts on the same ones.',
    words: ['hugepages', 'dpdk', '4', '--node', '1', '--size', '1G'],
    status: 0,
  },
  { caption: '', words: ['hugepages', 'ceph', '256', '--node', '1', '--size', '2M'], status: 0 },
  { caption: '', words: ['memory'], status: 0 },
  { caption: 'Who holds what now:', words: ['list'], status: 0 },
];

/** What a person may try next, while the daemon runs on. */
export const TO_TRY: readonly (readonly string[])[] = [
  ['list'],
  ['allocate', 'batch', '4', '--node', '1'],
  ['release', 'dpdk'],
  ['topology'],
  ['status'],
  ['list', '--json'],
];
