/** What must hold after every request, whatever came before it. */

import { expect } from 'chai';
import { formatCpuList } from '../../src/core/cpu-list.js';
import { cpusOf } from '../../src/core/cpu-set.js';
import { decide, isAboutMachine } from '../../src/core/decide.js';
import {
  applyToSlice,
  claimedCpusOf,
  faultOf,
  faultOfChange,
} from '../../src/core/node-ownership.js';
import { ChangesByNode, homesInUse, type NodeSlice, sliceOf } from '../../src/core/slices.js';
import { isRefusal } from '../../src/protocol/error-codes.js';
import { parseRequest } from '../../src/protocol/request.js';
import { ROOT } from './callers.js';
import { list, recorded, type Wire } from './hosts.js';
import { chosenCpus, isRelease, ownClaim, poolOf, scopeOf, those } from './situations.js';
import {
  cpusIn,
  holdsInStories,
  type NaiveClaim,
  type Picture,
  type Pool,
  type Step,
  stories,
} from './stories.js';

const always = (check: (step: Step) => void) => holdsInStories(stories, check);

/** What each service lost to the one that asks, as the reply says. */
function lossesIn(reply: Wire): Map<string, ReadonlySet<number>> {
  const preempted = (reply['preempted'] ?? []) as readonly Wire[];
  return new Map(
    preempted.map(({ service_name, cpus }) => [String(service_name), new Set(cpusIn(cpus))]),
  );
}

/** The numbers of the pool that replies carry. */
function numbersOf(picture: Picture, claims: ReadonlyMap<string, NaiveClaim>, pool: Pool) {
  const eligible = picture.eligible[pool];
  const claimed = new Set([...claims.values()].flatMap(({ cpus }) => [...cpus]));
  return {
    total_available_cpus: eligible.size,
    remaining_available_cpus: those(eligible, (cpu) => !claimed.has(cpu)).size,
  };
}

describe('after every request', () => {
  it('a CPU has one owner at most', () => {
    always(({ after }) => {
      const claimed = [...after.values()].flatMap(({ cpus }) => [...cpus]);
      expect(new Set(claimed).size).to.equal(claimed.length);
    });
  });

  it('what is explicit is claimed, and a service without CPUs is not recorded', () => {
    always(({ after }) => {
      for (const { cpus, explicit } of after.values()) {
        expect(cpus.size).to.be.above(0);
        expect(those(explicit, (cpu) => !cpus.has(cpu)).size).to.equal(0);
      }
    });
  });

  it('the sums that holdings keep are those of their claims', () => {
    always(({ after, hostAfter: { holdings } }) => {
      const sum = (part: (claim: NaiveClaim) => ReadonlySet<number>) =>
        [...after.values()].flatMap((claim) => [...part(claim)]).sort((a, b) => a - b);
      const none = new Set<number>();
      expect(cpusOf(holdings.claimedCpus)).to.deep.equal(sum(({ cpus }) => cpus));
      expect(cpusOf(holdings.explicitCpus)).to.deep.equal(sum(({ explicit }) => explicit));
      expect(cpusOf(holdings.protectedCpus)).to.deep.equal(
        sum(({ cpus, policy }) => (policy === 'non-preemptive' ? cpus : none)),
      );
      for (const name of ['isolated', 'general'] as const) {
        expect(cpusOf(holdings.claimedIn[name])).to.deep.equal(
          sum(({ cpus, pool }) => (pool === name ? cpus : none)),
        );
      }
    });
  });

  it('a service is in the pool in which it was before, or asked to be', () => {
    always(({ picture, after, request }) => {
      for (const [name, { pool }] of after) {
        expect(pool).to.equal(picture.claims.get(name)?.pool ?? poolOf(request));
      }
    });
  });

  it('a service is as protected as it was, or more', () => {
    always(({ picture, after }) => {
      for (const [name, { policy }] of after) {
        if (picture.claims.get(name)?.policy === 'non-preemptive') {
          expect(policy).to.equal('non-preemptive');
        }
      }
    });
  });

  it('nobody but the one that asked and those it took from has changed', () => {
    always(({ picture, after, request, reply }) => {
      const losses = lossesIn(reply);
      for (const [name, claim] of picture.claims) {
        if (name === request['service_name']) continue;
        const lost = losses.get(name) ?? new Set();
        const cpus = those(claim.cpus, (cpu) => !lost.has(cpu));
        expect(after.get(name)).to.deep.equal(cpus.size === 0 ? undefined : { ...claim, cpus });
      }
      for (const name of after.keys()) {
        expect(picture.claims.has(name) || name === request['service_name']).to.equal(true);
      }
    });
  });

  it('what was taken is named by service, and is what the one that asked got', () => {
    always(({ picture, request, reply }) => {
      if (!('preempted' in reply)) return;
      expect(reply['preempted']).not.to.deep.equal([]);
      expect(request['action']).to.equal('allocate_numa_cores');
      const losses = lossesIn(reply);
      expect([...losses.keys()]).to.deep.equal([...losses.keys()].sort());
      for (const [name, lost] of losses) {
        const claim = picture.claims.get(name);
        expect(claim?.policy).to.equal('legacy');
        expect(claim?.pool).to.equal(poolOf(request));
        expect(lost.size).to.be.above(0);
        for (const cpu of lost) {
          expect(claim?.cpus.has(cpu) && !claim.explicit.has(cpu)).to.equal(true);
          expect(chosenCpus(reply).has(cpu)).to.equal(true);
        }
      }
    });
  });

  it('a refused request has changed nothing', () => {
    always(({ isGranted, before, hostAfter }) => {
      if (!isGranted) expect(hostAfter.holdings).to.equal(before);
    });
  });

  it('a grant has exactly the CPUs that were asked for, all of them eligible', () => {
    always(({ picture, request, reply, isGranted }) => {
      if (!isGranted || isRelease(request)) return;
      const eligible = picture.eligible[poolOf(request)];
      const isInScope = scopeOf(picture, request);
      const chosen = chosenCpus(reply);
      for (const cpu of chosen) expect(eligible.has(cpu) && isInScope(cpu)).to.equal(true);
      if (Number(request['num_of_cores']) > 0)
        expect(chosen.size).to.equal(request['num_of_cores']);
      if ('percent' in request) {
        expect(chosen.size).to.equal(Math.ceil((eligible.size * Number(request['percent'])) / 100));
      }
    });
  });

  it('the service that asked has what it was granted, and what it had in other nodes', () => {
    always((step) => {
      const { picture, request, reply, isGranted, after } = step;
      if (!isGranted) return;
      const isInScope = scopeOf(picture, request);
      const isElsewhere = (cpu: number) => !isInScope(cpu);
      const own = ownClaim(picture, request);
      const chosen = isRelease(request) ? new Set<number>() : chosenCpus(reply);
      const explicitHere = request['action'] === 'allocate_numa_cores' ? chosen : [];
      const cpus = new Set([...those(own?.cpus ?? [], isElsewhere), ...chosen]);
      const explicit = new Set([...those(own?.explicit ?? [], isElsewhere), ...explicitHere]);
      const claim = after.get(String(request['service_name']));
      expect(claim?.cpus ?? new Set()).to.deep.equal(cpus);
      expect(claim?.explicit ?? new Set()).to.deep.equal(explicit);
      expect(reply['preemption_policy']).to.equal(claim?.policy ?? null);
    });
  });

  it('the numbers of the reply are those of the pool', () => {
    always(({ picture, request, reply, isGranted, after }) => {
      if (!isGranted) return;
      expect(reply).to.deep.include(numbersOf(picture, after, poolOf(request)));
    });
  });

  it('shared CPUs are those that the service could have had and did not get', () => {
    always(({ picture, request, reply, isGranted }) => {
      if (!isGranted || request['action'] !== 'allocate_cores') return;
      const chosen = chosenCpus(reply);
      const others = [...picture.claims].filter(([name]) => name !== request['service_name']);
      const held = new Set(others.flatMap(([, { cpus }]) => [...cpus]));
      const shared = those(
        picture.eligible[poolOf(request)],
        (cpu) => !held.has(cpu) && !chosen.has(cpu),
      );
      expect(new Set(cpusIn(reply['shared_cpus']))).to.deep.equal(shared);
    });
  });

  it('the list shows every claim of its pool and the numbers of the pool', () => {
    always(({ picture, after, hostAfter }) => {
      for (const pool of ['isolated', 'general'] as const) {
        const claims = [...after].filter(([, claim]) => claim.pool === pool);
        const reply = hostAfter.ask(list({ pool }));
        if (pool === 'general' && !picture.isGeneralConfigured && claims.length === 0) {
          expect(reply['code']).to.equal('POOL_NOT_CONFIGURED');
          continue;
        }
        const claimed = new Set(claims.flatMap(([, { cpus }]) => [...cpus]));
        expect(reply).to.deep.include({
          ...numbersOf(picture, after, pool),
          total_allocations: claims.length,
          total_allocated_cpus: claimed.size,
        });
        const shown = reply['allocations'] as readonly Wire[];
        const names = claims.map(([name]) => name);
        expect(shown.map(({ service_name }) => service_name)).to.deep.equal(names.sort());
        for (const { service_name, allocated_cores, cores_count, ...rest } of shown) {
          const claim = after.get(String(service_name));
          expect(new Set(cpusIn(allocated_cores))).to.deep.equal(claim?.cpus);
          expect(cores_count).to.equal(claim?.cpus.size);
          const explicit = claim?.explicit ?? new Set();
          expect(rest['is_explicit']).to.equal(explicit.size > 0);
          const isMixed = explicit.size > 0 && explicit.size < (claim?.cpus.size ?? 0);
          expect('explicit_cores' in rest).to.equal(isMixed);
          if (isMixed) expect(new Set(cpusIn(rest['explicit_cores']))).to.deep.equal(explicit);
        }
        const { unavailable_allocated_cpus } = reply['cpu_pool'] as Wire;
        expect(new Set(cpusIn(unavailable_allocated_cpus))).to.deep.equal(
          those(claimed, (cpu) => !picture.eligible[pool].has(cpu)),
        );
      }
    });
  });

  it('every node accepts its part of the change, and the parts are the whole', () => {
    always(({ hostBefore, request }) => {
      const { view } = hostBefore;
      const parsed = parseRequest(request);
      if (isRefusal(parsed) || !isAboutMachine(parsed)) throw new Error('a bad request');
      const plan = decide(view, parsed, ROOT, null);
      if (isRefusal(plan)) return;
      const changesByNode = new ChangesByNode();
      changesByNode.add(view, plan);
      const changes = changesByNode.all();
      for (const nodeId of homesInUse(view)) {
        let slice: NodeSlice = sliceOf(view, nodeId);
        for (const change of changes.filter((each) => each.nodeId === nodeId)) {
          expect(faultOfChange(slice, change)).to.equal(null);
          slice = applyToSlice(slice, change);
        }
        expect(faultOf(slice)).to.equal(null);
        // What is known of the claims from before is what they come to.
        const counted = claimedCpusOf(new Map(slice.claims));
        expect(formatCpuList(claimedCpusOf(slice.claims))).to.equal(formatCpuList(counted));
        const whole = sliceOf({ ...view, holdings: plan.holdings }, nodeId);
        expect(claimsOf(slice)).to.deep.equal(claimsOf(whole));
      }
      hostBefore.grant(request);
      expect(recorded(plan.holdings)).to.deep.equal(recorded(hostBefore.holdings));
    });
  });
});

function claimsOf({ claims }: NodeSlice): unknown {
  return [...claims]
    .map(([name, { cpus, explicitCpus }]) => [
      ...[name, formatCpuList(cpus), formatCpuList(explicitCpus)],
    ])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}
