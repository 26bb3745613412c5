/** The policy file is read as a whole, or refused with the line and the reason. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type PolicyFileError, parsePolicy } from '../../src/config/policy-file.js';

const rule = { name: 'nova', callers: { uids: [64_001] }, services: ['nova-*'] };

/** A policy of one rule, which is `rule` but for some keys, as an editor would lay it out. */
const policyWith = (changes: object): string =>
  JSON.stringify({ version: 1, rules: [{ ...rule, ...changes }] }, null, 2);

function reasonAgainst(text: string): string {
  try {
    parsePolicy(text);
  } catch (error) {
    return (error as PolicyFileError).message;
  }
  return 'it was taken';
}

/** The number of the first line that has a text in it. */
const lineWith = (text: string, part: string): number =>
  text.split('\n').findIndex((line) => line.includes(part)) + 1;

describe('a policy file', () => {
  it('may leave out what does not bind', () => {
    const unbounded = { cpus: null, cpusPerNode: new Map(), hugepages: new Map() };
    expect(parsePolicy(policyWith({})).rules).to.deep.equal([
      {
        name: 'nova',
        callers: { isEveryone: false, uids: [64_001], gids: [], labels: [] },
        services: ['nova-*'],
        actions: [
          'allocate_cores',
          'allocate_cores_percent',
          'allocate_numa_cores',
          'allocate_hugepages',
        ],
        pools: ['isolated', 'general'],
        quotas: { service: unbounded, caller: unbounded },
        mayTake: true,
        mayBeTakenFrom: true,
      },
    ]);
  });

  it('says all that there is to say', () => {
    const text = policyWith({
      callers: { everyone: true, uids: [0], gids: [7], labels: ['snap.*'] },
      actions: ['allocate_hugepages'],
      pools: ['general'],
      quotas: {
        service: { cpus: 0, cpus_per_node: { '*': 2, '255': 1 }, hugepages: { '2048': 4 } },
        caller: { hugepages: { '*': 5 } },
      },
      may_take: false,
      may_be_taken_from: false,
    });
    expect(parsePolicy(text).rules[0]).to.deep.include({
      callers: { isEveryone: true, uids: [0], gids: [7], labels: ['snap.*'] },
      actions: ['allocate_hugepages'],
      pools: ['general'],
      quotas: {
        service: {
          cpus: 0,
          cpusPerNode: new Map<number | '*', number>([
            [255, 1],
            ['*', 2],
          ]),
          hugepages: new Map([[2_048, 4]]),
        },
        caller: { cpus: null, cpusPerNode: new Map(), hugepages: new Map([['*', 5]]) },
      },
      mayTake: false,
      mayBeTakenFrom: false,
    });
  });

  it('is as docs/operations.md shows one', () => {
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const example = /```json\n(\{\n {2}"version": 1,\n {2}"rules".*?)```/s.exec(page)?.[1] ?? '';
    const { rules } = parsePolicy(example);
    expect(rules.map(({ name }) => name)).to.deep.equal(['hypervisor', 'storage', 'others']);
  });

  it('may have no rule, and then lets nobody but root have anything', () => {
    expect(parsePolicy('{"version": 1, "rules": []}')).to.deep.equal({ rules: [] });
  });

  for (const [what, text, reason] of [
    ['that is empty', '', 'line 1: it is not JSON: value expected at the end'],
    ['that breaks off', '{\n"version": 1,', 'line 2: it is not JSON: property name expected'],
    [
      'with a stray brace',
      '{"version": 1,\n"rules": [}',
      'line 2: it is not JSON: value expected at }',
    ],
    [
      'with a comment',
      '{"version": 1, // x\n"rules": []}',
      'line 1: it is not JSON: invalid comment token at // x',
    ],
    ['with a comma too many', '{"version": 1,\n"rules": [],}', 'line 2: it is not JSON'],
    ['that is a list', '[]', 'line 1: the policy must be an object'],
    ['of another version', '{\n"version": 2, "rules": []}', 'line 2: version must be 1'],
    ['without rules', '{\n"version": 1}', 'line 1: rules is missing'],
    [
      'with rules twice',
      '{"version": 1, "rules": [],\n"rules": []}',
      'line 2: "rules" is there twice',
    ],
    [
      'with more beside',
      '{"version": 1, "rules": [],\n"x": 1}',
      'line 2: x is no key that is known here',
    ],
    [
      'with a text that turns the line',
      '{"version": 1, "rules": [],\n"\u202ex": 1}',
      'line 2: ["\\u202ex"] is no key',
    ],
  ] as const) {
    it(`${what} is refused`, () => {
      expect(reasonAgainst(text)).to.match(new RegExp(`^${escaped(reason)}`));
    });
  }

  for (const [changes, at, reason] of [
    [{ name: '' }, '"name"', 'rules[0].name must not be empty'],
    [{ name: 7 }, '"name"', 'rules[0].name must be a text'],
    [{ name: 'a\nb' }, '"name"', 'rules[0].name must not contain control characters'],
    [{ callers: undefined }, '"name"', 'rules[0].callers is missing'],
    [
      { callers: {} },
      '"callers"',
      'rules[0].callers must have one of everyone, uids, gids, labels',
    ],
    [{ callers: { everyone: false } }, '"everyone"', 'rules[0].callers.everyone must be true'],
    [{ callers: { uid: [1] } }, '"uid"', 'rules[0].callers.uid is no key that is known here'],
    [{ callers: { uids: [] } }, '"uids"', 'rules[0].callers.uids must name at least one'],
    [
      { callers: { uids: [1, 'novi'] } },
      '"novi"',
      'rules[0].callers.uids[1] must be a whole number',
    ],
    [{ callers: { gids: [-1] } }, '-1', 'rules[0].callers.gids[0] must be 0 or more'],
    [{ services: 'nova' }, '"services"', 'rules[0].services must be a list'],
    [{ services: [] }, '"services"', 'rules[0].services must name at least one'],
    [
      { actions: ['list_allocations'] },
      'list_all',
      'rules[0].actions[0] must be one of allocate_cores',
    ],
    [{ pools: ['all'] }, '"all"', 'rules[0].pools[0] must be one of isolated, general'],
    [{ quotas: [] }, '"quotas"', 'rules[0].quotas must be an object'],
    [{ quotas: { all: {} } }, '"all"', 'rules[0].quotas.all is no key that is known here'],
    [
      { quotas: { caller: { cpus: 1.5 } } },
      '"cpus"',
      'rules[0].quotas.caller.cpus must be a whole number',
    ],
    [
      { quotas: { service: { cpus_per_node: { one: 1 } } } },
      '"one"',
      'rules[0].quotas.service.cpus_per_node.one is no NUMA node, nor "*"',
    ],
    [
      { quotas: { service: { hugepages: { '2048kB': 1 } } } },
      '2048kB',
      'rules[0].quotas.service.hugepages.2048kB is no size in KiB, nor "*"',
    ],
    [{ may_take: 'no' }, '"may_take"', 'rules[0].may_take must be true or false'],
    [{ may_tkae: false }, '"may_tkae"', 'rules[0].may_tkae is no key that is known here'],
  ] as const) {
    it(`with ${JSON.stringify(changes)} in a rule is refused, and the line is named`, () => {
      const text = policyWith(changes);
      expect(reasonAgainst(text)).to.match(
        new RegExp(
          `^line ${lineWith(text, at) - (reason.endsWith('missing') ? 1 : 0)}: ${escaped(reason)}`,
        ),
      );
    });
  }

  it('with two rules of one name is refused', () => {
    const text = JSON.stringify({ version: 1, rules: [rule, rule] }, null, 2);
    const line = text.split('\n').findLastIndex((each) => each.includes('"nova"')) + 1;
    expect(reasonAgainst(text)).to.equal(`line ${line}: another rule has the name "nova" already`);
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
