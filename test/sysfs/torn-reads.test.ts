/** CPUs that go or come while a machine is read, file by file. */

import { expect } from 'chai';
import { formatCpuList, parseCpuList } from '../../src/core/cpu-list.js';
import { cpuSetOf, cpusOf } from '../../src/core/cpu-set.js';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import type { SysfsFiles } from '../../src/sysfs/sysfs-files.js';
import { filesInMemory, readable } from './trees.js';

const parse = (list: string) => cpusOf(parseCpuList(list));
const format = (cpus: readonly number[]) => `${formatCpuList(cpuSetOf([...cpus]))}\n`;

const node = (nodeId: number) => ({
  nodeId,
  cores: [{ count: 2, threads: 2 }],
  memoryKb: 1_048_576,
  pages: [{ sizeKb: 2_048, total: 4, free: 4, surplus: 0 }],
});
const SHAPE: MachineShape = { nodes: [node(0), node(1)], numbering: 'contiguous' };
const CPUS = [0, 1, 2, 3, 4, 5, 6, 7];

/** The machine with these of its CPUs online: lists name no others, as those of the kernel do. */
function machineWith(online: readonly number[]): SysfsFiles {
  const isOnline = (cpu: number) => online.includes(cpu);
  const files: Record<string, string | null> = {
    'devices/system/cpu/online': format(online),
    'devices/system/node/node0/cpulist': format([0, 1, 2, 3].filter(isOnline)),
    'devices/system/node/node1/cpulist': format([4, 5, 6, 7].filter(isOnline)),
  };
  for (const cpu of CPUS) {
    const core = [cpu - (cpu % 2), cpu - (cpu % 2) + 1].filter(isOnline);
    const topology = `devices/system/cpu/cpu${cpu}/topology`;
    files[`${topology}/thread_siblings_list`] = isOnline(cpu) ? format(core) : null;
    files[`${topology}/core_cpus_list`] = null;
  }
  return filesInMemory({ ...SHAPE, files });
}

/** One machine after the other, each for so many reads; the last stays. */
function changingFiles(machines: readonly SysfsFiles[], readsOfEach: number) {
  let reads = 0;
  const now = () => {
    const index = Math.min(Math.floor(reads / readsOfEach), machines.length - 1);
    return machines[index] ?? machineWith(CPUS);
  };
  const files: SysfsFiles = {
    root: '/sys',
    readText: (path) => {
      const text = now().readText(path);
      reads++;
      return text;
    },
    listNames: (path) => now().listNames(path),
  };
  return { files, readCount: () => reads };
}

describe('a machine that changes while it is read', () => {
  const picture = (files: SysfsFiles) => readable(readMachine(files));
  const whole = machineWith(CPUS);
  const unchanged = changingFiles([whole], 1);
  readMachine(unchanged.files);
  const readsOfAll = unchanged.readCount();

  it('is shown as it was before or as it is then, and never as half of both', () => {
    const withoutSmt = machineWith([0, 2, 4, 6]);
    const [before, after] = [picture(whole), picture(withoutSmt)];
    expect(before).not.to.deep.equal(after);
    for (const [one, other] of [
      [whole, withoutSmt],
      [withoutSmt, whole],
    ] as const) {
      for (let change = 1; change <= readsOfAll; change++) {
        const { files } = changingFiles([one, other], change);
        expect([before, after], `changed after ${change} reads`).to.deep.include(picture(files));
      }
    }
  });

  it('is not read for ever, and even then each CPU has its node and its core', () => {
    const fewer = CPUS.map((_, index) => machineWith(CPUS.slice(0, CPUS.length - index)));
    for (const machines of [fewer, [...fewer].reverse()]) {
      for (let pause = 1; pause <= 2 * readsOfAll; pause++) {
        const { files, readCount } = changingFiles(machines, pause);
        const { cores, online, nodes } = picture(files);
        expect(readCount()).to.be.below(4 * readsOfAll);
        expect(cores.flat().sort((a, b) => a - b)).to.deep.equal(parse(online));
        expect(nodes.flatMap(({ cpus }) => parse(cpus))).to.include.members(parse(online));
      }
    }
  });
});
