/** Sizes, names, refusals: what is read from, and said to, a person. */

import { expect } from 'chai';
import { programCall, quoted } from '../../src/cli/program-name.js';
import { explainRefusal } from '../../src/cli/refusal-text.js';
import { unpainted } from '../../src/cli/terminal.js';
import { wrapText } from '../../src/cli/wrap-text.js';
import { visible } from '../../src/core/quoting.js';
import { ERROR_CODES } from '../../src/protocol/error-codes.js';
import { formatMemory, formatPageSize, parseSizeKb } from '../../src/words/sizes.js';
import { lines } from './topologies.js';

describe('a page size', () => {
  for (const [text, sizeKb] of [
    ['2M', 2_048],
    ['2m', 2_048],
    ['2MB', 2_048],
    ['2 MiB', 2_048],
    ['2048', 2_048],
    ['2048K', 2_048],
    ['2048kB', 2_048],
    ['1G', 1_048_576],
    ['1GiB', 1_048_576],
    ['1T', 1_073_741_824],
    ['0', null],
    ['0M', null],
    ['', null],
    ['M', null],
    ['-2M', null],
    ['1.5G', null],
    ['2Q', null],
    ['999999999999T', null],
  ] as const) {
    it(`"${text}" is ${sizeKb === null ? 'none' : `${sizeKb} KiB`}`, () => {
      expect(parseSizeKb(text)).to.equal(sizeKb);
    });
  }

  it('is written in the largest unit that divides it', () => {
    expect([4, 64, 2_048, 1_048_576, 1_536, 1_073_741_824].map(formatPageSize)).to.deep.equal([
      '4 KiB',
      '64 KiB',
      '2 MiB',
      '1 GiB',
      '1536 KiB',
      '1 TiB',
    ]);
  });

  it('is not how an amount of memory is written', () => {
    expect([0, 1_000, 16_000_000, 67_108_864, 131_600_000].map(formatMemory)).to.deep.equal([
      '0 KiB',
      '1000 KiB',
      '15.3 GiB',
      '64 GiB',
      '126 GiB',
    ]);
  });
});

describe('a text that is wrapped', () => {
  it('breaks behind commas and blanks, and inside a word only when it must', () => {
    expect(wrapText('1,2,3 four', 6)).to.equal('1,2,3\nfour');
    expect(wrapText('1,22,333', 5)).to.equal('1,22,\n333');
    expect(wrapText('abcdefgh', 3)).to.equal('abc\ndef\ngh');
    expect(wrapText('', 3)).to.equal('');
    expect(wrapText('a b\nc', Number.POSITIVE_INFINITY)).to.equal('a b\nc');
  });
});

describe('a text that others wrote', () => {
  it('is one line, with nothing in it that moves the cursor', () => {
    expect(visible('it is "\u001b[31m\u202e",\n')).to.equal('it is "\\u001b[31m\\u202e",\\u000a');
  });
});

describe('how the program is called', () => {
  for (const [script, call] of [
    ['/home/u/project/dist/src/cli/main.js', 'node dist/src/cli/main.js'],
    ['/home/u/project/src/cli/main.ts', 'npx tsx src/cli/main.ts'],
    ['/home/u/project/node_modules/.bin/epa-orchestrator', 'npx epa-orchestrator'],
    ['/usr/local/bin/epa-orchestrator', 'epa-orchestrator'],
    ['/opt/some where/main.js', "node '/opt/some where/main.js'"],
  ] as const) {
    it(`is "${call}" for ${script}`, () => {
      expect(programCall(script, '/home/u/project')).to.equal(call);
    });
  }

  it('quotes what a shell would take apart', () => {
    expect(quoted("it's")).to.equal("'it'\\''s'");
    expect(quoted('/tmp/epa-x/epa.sock')).to.equal('/tmp/epa-x/epa.sock');
  });
});

describe('a refusal in words', () => {
  const said = (code: string, details?: Record<string, unknown>) =>
    explainRefusal({ error: 'No', code, ...(details === undefined ? {} : { details }) });

  it('says who is in the way and what would fit', () => {
    const details = {
      requested: 9,
      available: 4,
      numa_node: 1,
      held_by: [
        { service_name: 'dpdk', cores_count: 8, preemption_policy: 'legacy' },
        { service_name: 'ceph', cores_count: 2, preemption_policy: 'non-preemptive' },
      ],
      more_holders: 3,
    };
    expect(said('INSUFFICIENT_CPUS', details)).to.equal(
      lines(`
refused: No
  held by: dpdk 8, ceph 2 (non-preemptive), 3 more
  would fit: 4 CPUs in NUMA node 1
`),
    );
  });

  it('breaks its lines where a terminal would', () => {
    const narrow = { columns: 20, paint: unpainted };
    const details = { available: 1, held_by: [{ service_name: 'x'.repeat(12), cores_count: 8 }] };
    expect(explainRefusal({ error: 'a b', code: 'INSUFFICIENT_CPUS', details }, narrow)).to.equal(
      lines(`
refused: a b
  held by:
  xxxxxxxxxxxx 8
  would fit: 1 CPU
`),
    );
  });

  for (const [code, details, line] of [
    ['INSUFFICIENT_CPUS', { available: 0 }, 'would fit: nothing, until somebody releases CPUs'],
    ['INSUFFICIENT_CPUS', { available: 14, numa_node: 0 }, 'would fit: 14 CPUs in NUMA node 0'],
    [
      'INSUFFICIENT_HUGEPAGES',
      { available: 3, recorded: 2, size_kb: 2048, node_id: 1 },
      'would fit: 5 pages of 2 MiB in NUMA node 1, the 2 on record included',
    ],
    ['NUMA_NODE_NOT_FOUND', { numa_nodes: [0, 1, 8] }, 'would fit: one of the nodes 0-1,8'],
    [
      'NUMA_NODE_NOT_FOUND',
      { numa_nodes: [] },
      'this machine shows no NUMA nodes: leave --node out',
    ],
    [
      'HUGEPAGE_SIZE_NOT_FOUND',
      { sizes_kb: [2048, 1_048_576] },
      'would fit: a size of 2 MiB or 1 GiB',
    ],
    [
      'HUGEPAGE_SIZE_NOT_FOUND',
      { sizes_kb: [], node_id: 2 },
      'NUMA node 2 has no hugepages of any size',
    ],
    [
      'NO_CPUS_AVAILABLE',
      { pool: 'isolated', numa_node: 1 },
      'see `epa-orchestrator topology` for the nodes that have some',
    ],
    [
      'NO_CPUS_AVAILABLE',
      { pool: 'general' },
      'see `epa-orchestrator status` for what is wrong with it',
    ],
    [
      'NO_CPUS_AVAILABLE',
      { pool: 'isolated' },
      'to have some: boot with isolcpus= (for example isolcpus=2-7), or give the daemon a ' +
        'general pool (`epa-orchestrator serve --cpu-pool 2-7`) and say --pool general',
    ],
    [
      'POOL_NOT_CONFIGURED',
      {},
      'to have one: give the daemon its CPUs, for example `epa-orchestrator serve --cpu-pool 2-7`',
    ],
    ['POOL_CONFLICT', { service_pool: 'general' }, 'would fit: the same with --pool general'],
    ['POLICY_CONFLICT', {}, 'would fit: the same without --policy, or after a full release'],
    [
      'CPUS_UNAVAILABLE',
      { cpus: '3' },
      "to go on: bring CPUs 3 back, or release the service's CPUs",
    ],
    [
      'POOL_INCONSISTENT',
      { services: ['a', 'b'] },
      'to go on: release what a, b hold, or put the CPUs back into the pool',
    ],
  ] as const) {
    it(`advises on ${code} with ${JSON.stringify(details)}`, () => {
      expect(said(code, details).split('\n')).to.deep.equal(['refused: No', `  ${line}`]);
    });
  }

  it('needs neither code nor details, nor those it knows', () => {
    for (const code of [...Object.keys(ERROR_CODES), 'toString', 'NEW_ONE']) {
      for (const details of [undefined, {}, { available: 'many', held_by: 3, cpus: 7 }]) {
        expect(said(code, details)).to.match(/^refused: No(\n {2}\S.*)*$/);
      }
    }
    expect(explainRefusal({ error: 'No' })).to.equal('refused: No');
  });
});
