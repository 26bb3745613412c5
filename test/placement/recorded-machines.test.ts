/**
 * Placements on the machines that were recorded, beside the plain choice. Skipped where there are no
 * records.
 */

import { expect } from 'chai';
import { cpuSetOf, cpusOf } from '../../src/core/cpu-set.js';
import { decide } from '../../src/core/decide.js';
import { Holdings } from '../../src/core/holdings.js';
import { NO_NODE } from '../../src/core/homes.js';
import type { MachineFacts } from '../../src/core/machine.js';
import { DEFAULT_SIZE_HEURISTIC } from '../../src/core/size-heuristic.js';
import { viewOf } from '../../src/core/view.js';
import { isRefusal } from '../../src/protocol/error-codes.js';
import type { Placed } from '../../src/protocol/reply.js';
import { isChanging, parseRequest } from '../../src/protocol/request.js';
import { readMachine } from '../../src/sysfs/read-machine.js';
import { sysfsFilesAt } from '../../src/sysfs/sysfs-files.js';
import { ROOT } from '../core/callers.js';
import { cores, type Wire } from '../core/hosts.js';
import { areRecorded, namesOf, useArchive } from '../sysfs/recorded.js';

/** The machine with all CPUs to hand out, every fifth of them held by somebody. */
class Machine {
  readonly #view;

  constructor(scanned: MachineFacts) {
    const facts = { ...scanned, isolatedCpus: scanned.onlineCpus };
    const held = cpuSetOf(cpusOf(facts.onlineCpus).filter((_, index) => index % 5 === 1));
    const claim = { pool: 'isolated', policy: 'legacy', cpus: held, explicitCpus: held } as const;
    const holdings = Holdings.none.withClaims([{ serviceName: 'other', claim }]);
    const settings = {
      poolLists: { general: null },
      access: null,
      sizeHeuristic: DEFAULT_SIZE_HEURISTIC,
    };
    this.#view = viewOf(facts, settings, [], holdings);
  }

  get freeCount(): number {
    return (
      cpusOf(this.#view.facts.onlineCpus).length - cpusOf(this.#view.holdings.claimedCpus).length
    );
  }

  /** Whether some CPUs sit in no node, although others do. */
  get hasStrays(): boolean {
    return this.#view.homes.has(NO_NODE) && this.#view.homes.size > 1;
  }

  /** Where the CPUs are that a request gets; `null` where it is refused. */
  ask(cpuCount: number, placement: Wire): Placed | null {
    const request = parseRequest(cores('a', cpuCount, { placement }));
    if (isRefusal(request) || !isChanging(request)) throw new Error('no request for CPUs');
    const plan = decide(this.#view, request, ROOT, null);
    if (isRefusal(plan)) {
      expect(plan.code).to.equal('INSUFFICIENT_CPUS');
      return null;
    }
    if (!('placement' in plan.reply) || plan.reply.placement === undefined) {
      throw new Error('a reply without the placement that was asked for');
    }
    const after = decide({ ...this.#view, holdings: plan.holdings }, request, ROOT, null);
    expect(isRefusal(after) ? after : after.claimChanges, 'when asked again').to.deep.equal([]);
    return plan.reply.placement;
  }
}

describe('placements on recorded machines', () => {
  if (!areRecorded) {
    it('are skipped, since there are no records', function () {
      this.skip();
    });
    return;
  }
  for (const name of [...namesOf('hw-'), ...namesOf('qemu-')]) {
    describe(name, () => {
      const root = useArchive(name, name.startsWith('qemu-') ? 'tree/sys' : 'sys');

      it('are never worse than the plain choice in what they wish for', () => {
        const machine = new Machine(readMachine(sysfsFilesAt(root())));
        for (const share of [0.05, 0.1, 0.25, 0.5, 0.75, 1]) {
          const count = Math.max(1, Math.floor(machine.freeCount * share));
          const plain = machine.ask(count, {});
          const packed = machine.ask(count, { numa: 'pack' });
          const cached = machine.ask(count, { cache: 'prefer' });
          const spread = machine.ask(count, { numa: 'spread' });
          if (plain === null || packed === null || cached === null || spread === null) {
            throw new Error(`${count} CPUs were refused`);
          }
          if (!machine.hasStrays) {
            expect(packed.numa_nodes.length).to.be.at.most(plain.numa_nodes.length);
            expect(spread.numa_nodes.length).to.be.at.least(plain.numa_nodes.length);
          }
          if (plain.last_level_caches !== null) {
            expect(cached.last_level_caches).to.be.at.most(plain.last_level_caches);
          }
          const whole = machine.ask(count, { cores: 'whole' });
          if (whole !== null) expect(whole.split_cores).to.equal(0);
          const single = machine.ask(count, { numa: 'single' });
          if (single !== null) expect(single.numa_nodes.length).to.be.at.most(1);
          else if (!machine.hasStrays) expect(packed.numa_nodes.length).to.be.above(1);
        }
      });
    });
  }
});
