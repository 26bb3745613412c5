/** What a daemon must show whose disk fails, whatever fails: from the first caller to the restart. */

import { existsSync } from 'node:fs';
import { expect } from 'chai';
import type { Wire } from '../daemon/harness.js';
import { FILES_AT_REST, type ProcessHost } from '../process/process-host.js';
import { readStored } from '../process/stored-copies.js';
import { until } from '../process/until.js';
import { logged, statusOf } from '../process/watching.js';
import { CROWD_OPTIONS, Crowd, type CrowdCount } from './crowd.js';

/** A fault of the disk that lasts until it is lifted. */
export interface Fault {
  /** Part of what callers, status and log are told. */
  readonly reason: RegExp;
  /** The first copy has been replaced already when it strikes, so something is to be put back. */
  readonly isHalfDone: boolean;
  /** Resolves when it is in force. */
  strike(host: ProcessHost): Promise<FaultInForce>;
}

export interface FaultInForce {
  /** System calls that failed so far; `null` = nobody counts them. */
  readonly failedCallCount: number | null;
  lift(): Promise<void>;
}

/** What the log says when nothing can be stored. */
export const PROBLEM = 'the state cannot be stored; nothing is changed';
/** What it says when it can be again. */
export const RECOVERY = 'the state can be stored again';

/** When so many calls have failed, the write was tried twice and is being tried again. */
const CALLS_OF_TWO_TRIES = 3;
/** The same, where what is half done is put back each time and fails again. */
const CALLS_OF_TWO_TRIES_PUT_BACK = 5;

/**
 * A crowd meets the fault; it is lifted, and the daemon recovers by itself; the daemon is killed
 * while the fault is there again, and restarted without it.
 *
 * @param host on which no daemon runs yet
 */
export async function endures(host: ProcessHost, fault: Fault): Promise<CrowdCount> {
  await host.start(CROWD_OPTIONS);
  const crowd = await Crowd.settle(host);
  const count = await showsState(host, crowd, fault);
  await showsRestart(host, crowd, fault);
  return count;
}

async function showsState(host: ProcessHost, crowd: Crowd, fault: Fault): Promise<CrowdCount> {
  const before = readStored(host);
  const startedAtMs = Date.now();
  const inForce = await fault.strike(host);
  const count = await crowd.meets(fault.reason);
  await expectReadOnly(host, fault.reason, startedAtMs);
  const callCount = fault.isHalfDone ? CALLS_OF_TWO_TRIES_PUT_BACK : CALLS_OF_TWO_TRIES;
  await until(() => (inForce.failedCallCount ?? callCount) >= callCount);
  await crowd.seesNoChange();
  const after = readStored(host);
  if (fault.isHalfDone) {
    expect(after.contents).to.deep.equal(before.contents);
    expect(after.generations[0]).to.be.above(before.generations[0]);
  } else {
    expect(after.texts).to.deep.equal(before.texts);
  }
  const problems = await logged(host, PROBLEM);
  expect(problems).to.have.length(1);
  expect(problems[0]?.['reason']).to.match(fault.reason);
  expect(host.log.filter((line) => line['msg'] === RECOVERY)).to.deep.equal([]);
  await inForce.lift();
  await expectRecovery(host);
  return count;
}

async function showsRestart(host: ProcessHost, crowd: Crowd, fault: Fault): Promise<void> {
  const acknowledged = await host.holdings();
  const before = readStored(host);
  const inForce = await fault.strike(host);
  await crowd.seesItKilled(fault.reason);
  if (inForce.failedCallCount !== null) expect(inForce.failedCallCount).to.be.above(0);
  await inForce.lift();
  const after = readStored(host);
  if (fault.isHalfDone) expect(after.contents).to.deep.equal(before.contents);
  else expect(after.texts).to.deep.equal(before.texts);
  await host.start(CROWD_OPTIONS);
  expect(await host.holdings()).to.deep.equal(acknowledged);
  await expectOrderlyEnd(host);
}

/** Shows that changes are refused, and that reply and status say since when and why. */
export async function expectReadOnly(
  host: ProcessHost,
  reason: RegExp,
  notBeforeMs: number,
): Promise<void> {
  const refused = await host.ask(CHANGE);
  expect(refused).to.include({ code: 'READ_ONLY' });
  const { store, state } = await statusOf(host);
  expect(state).to.contain('durability readOnly');
  expect(refused['details']).to.deep.equal(store.problem);
  expect(store.problem.reason).to.match(reason);
  expect(refused['error']).to.contain(store.problem.reason).and.contain(store.problem.since);
  expect(Date.parse(store.problem.since)).to.be.within(notBeforeMs, Date.now());
}

/** Shows that the daemon takes changes again by itself, and has them on disk in both copies. */
export async function expectRecovery(host: ProcessHost): Promise<void> {
  const { daemon } = host;
  let reply: Wire = {};
  await until(async () => {
    reply = await host.ask(CHANGE);
    return reply['code'] !== 'READ_ONLY';
  });
  expect(reply).to.include({ service_name: CHANGE.service_name, cores_allocated: 1 });
  const stored = readStored(host);
  expect(stored.texts[0]).to.equal(stored.texts[1]);
  expect(stored.contents[0]['claims'].map((claim: Wire) => claim['service_name'])).to.include(
    CHANGE.service_name,
  );
  const { store, state, pid } = await statusOf(host);
  expect({ pid, problem: store.problem, generation: store.generation }).to.deep.equal({
    ...{ pid: daemon.process.pid, problem: null, generation: stored.generations[0] },
  });
  expect(state).to.contain('durability ready');
  expect(await logged(host, RECOVERY)).to.have.length(1);
  expect(host.filesAtRest.filter((name) => name !== 'holder.json')).to.deep.equal(
    FILES_AT_REST.filter((name) => name !== 'holder.json'),
  );
}

/** Shows that the daemon ends as asked, and leaves the two copies and nothing else. */
export async function expectOrderlyEnd(
  host: ProcessHost,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  expect(await host.daemon.stop(signal)).to.equal(0);
  expect(host.files).to.deep.equal(['state.json', 'state.twin.json']);
  expect(existsSync(host.socketPath)).to.equal(false);
}

/** Can be granted whatever the crowd does. */
const CHANGE = { action: 'allocate_cores', service_name: 'after', num_of_cores: 1 } as const;
