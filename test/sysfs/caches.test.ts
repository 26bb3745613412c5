/** Which caches are the last ones, whatever the kernel shows of them. */

import { expect } from 'chai';
import { parseCpuList } from '../../src/core/cpu-list.js';
import type { MachineShape } from '../../src/simulate/machine-shape.js';
import { readCaches } from '../../src/sysfs/read-caches.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import { filesInMemory, sysfsErrorOf } from './trees.js';

/** Four cores of one thread, of whose caches the kernel says what `files` say, by path below `cpuN/cache`. */
function cachesWith(files: Readonly<Record<string, string>>, online = '0-3'): number[][] {
  return readCaches(filesInMemory(shapeWith(files)), parseCpuList(online));
}

function shapeWith(files: Readonly<Record<string, string>>): MachineShape {
  return {
    nodes: [{ nodeId: 0, cores: [{ count: 4, threads: 1 }], memoryKb: 1, pages: [] }],
    numbering: 'contiguous',
    files: Object.fromEntries(
      Object.entries(files).map(([path, text]) => {
        const [cpu = '', index = '', name = ''] = path.split('/');
        return [`devices/system/cpu/${cpu}/cache/${index}/${name}`, text];
      }),
    ),
  };
}

/** A cache as the kernel describes it. */
const cache = (place: string, level: number, type: string, list: string) => ({
  [`${place}/level`]: `${level}\n`,
  [`${place}/type`]: `${type}\n`,
  [`${place}/shared_cpu_list`]: `${list}\n`,
});

describe('readCaches', () => {
  it('reads the highest level, in whatever order the kernel numbers them', () => {
    const found = cachesWith({
      ...cache('cpu0/index0', 3, 'Unified', '0-3'),
      ...cache('cpu0/index1', 1, 'Data', '0'),
      ...cache('cpu0/index2', 2, 'Unified', '0-1'),
    });
    expect(found).to.deep.equal([[0, 1, 2, 3]]);
  });

  it('leaves out a cache that holds instructions only', () => {
    const found = cachesWith({
      ...cache('cpu0/index0', 1, 'Data', '0-1'),
      ...cache('cpu0/index1', 2, 'Instruction', '0-3'),
    });
    expect(found).to.deep.equal([[0, 1]]);
  });

  it('takes for each CPU the last level that it has', () => {
    const found = cachesWith({
      ...cache('cpu0/index0', 3, 'Unified', '0-1'),
      ...cache('cpu2/index0', 2, 'Unified', '2-3'),
    });
    expect(found).to.deep.equal([
      [0, 1],
      [2, 3],
    ]);
  });

  it('reads masks where there are no lists', () => {
    const found = cachesWith({
      'cpu0/index0/level': '3\n',
      'cpu0/index0/type': 'Unified\n',
      'cpu0/index0/shared_cpu_map': '0000000b\n',
    });
    expect(found).to.deep.equal([[0, 1, 3]]);
  });

  it('leaves out CPUs that are offline, and CPUs of which nobody tells a cache', () => {
    expect(cachesWith(cache('cpu0/index0', 3, 'Unified', '0-2'), '0-1,3')).to.deep.equal([[0, 1]]);
    expect(cachesWith({})).to.deep.equal([]);
  });

  it('puts a CPU that two lists name into the cache of the lower one', () => {
    const found = cachesWith({
      ...cache('cpu0/index0', 3, 'Unified', '0,2'),
      ...cache('cpu1/index0', 3, 'Unified', '1-3'),
    });
    expect(found).to.deep.equal([
      [0, 2],
      [1, 3],
    ]);
  });

  it('reads the files of one CPU only, for those that share its cache', () => {
    const reads: string[] = [];
    const shared = { coresPerCache: 4, memoryKb: 1, pages: [] };
    const shape: MachineShape = {
      nodes: [{ nodeId: 0, cores: [{ count: 8, threads: 2 }], ...shared }],
      numbering: 'interleaved',
    };
    readMachine(filesInMemory(shape, reads));
    const cpus = reads.map((path) => /cpu(\d+)\/cache/.exec(path)?.[1]).filter((cpu) => cpu);
    expect([...new Set(cpus)]).to.deep.equal(['0', '4']);
  });

  it('says which file it was when a list is none', () => {
    const files = filesInMemory(shapeWith(cache('cpu0/index0', 3, 'Unified', 'many')));
    const error = sysfsErrorOf(() => readCaches(files, parseCpuList('0-3')));
    expect(error.path).to.equal('/sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list');
    expect(error.step).to.equal('understand');
  });
});
