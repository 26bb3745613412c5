/** What the coordinator tells, as lines of the log. */

import type { ActorRefFrom } from 'xstate';
import type { coordinatorMachine } from '../../actors/coordinator.js';
import { nodeActorId } from '../../actors/numa-node.js';
import type { Change } from '../core/coordination.js';
import { formatCpuList } from '../core/cpu-list.js';
import { isEmpty } from '../core/cpu-set.js';
import { changesRecords } from '../core/plan.js';
import type { View } from '../core/view.js';
import type { FoundState } from '../state/state-copies.js';
import { poolCommand } from '../words/snap-advice.js';
import type { Logger } from './log.js';

/** Writes what was found on disk at the start, as far as it is worth a word. */
export function logFound({ state, faults }: FoundState, log: Logger): void {
  for (const remark of state?.remarks ?? []) log.info({ remark }, 'state file');
  for (const { path, reason } of faults) {
    log.warn({ file: path, reason }, 'a copy of the state is healed from its twin');
  }
}

/**
 * Writes a line for everything worth reading later.
 *
 * @param snapName the snap that the daemon is; `null` = none
 */
export function logEmissions(
  coordinator: ActorRefFrom<typeof coordinatorMachine>,
  log: Logger,
  snapName: string | null,
): void {
  coordinator.on('READY', ({ view }) => {
    log.info(machineFields(view), 'ready');
    logPools(view, log, snapName);
  });
  coordinator.on('POOLS_CHANGED', ({ view }) => logPools(view, log, snapName));
  const logChange = ({ ticket, plan }: Change) => {
    if (!changesRecords(plan)) return;
    const { action, serviceName } = { serviceName: null, ...ticket.request };
    const claims = plan.claimChanges.map((change) => ({
      service: change.serviceName,
      cpus: change.claim === undefined ? '' : formatCpuList(change.claim.cpus),
    }));
    log.info(
      { action, service: serviceName, caller: ticket.caller, claims, pages: plan.pageChanges },
      'changed',
    );
  };
  coordinator.on('CHANGED', ({ changes }) => {
    for (const change of changes) logChange(change);
  });
  coordinator.on('UNDONE', ({ because, requestCount }) => {
    const { code, message } = because;
    log.error({ code, reason: message, requests: requestCount }, 'undone');
  });
  coordinator.on('STORE_PROBLEM', ({ problem }) => {
    log.error({ reason: problem.reason }, 'the state cannot be stored; nothing is changed');
  });
  coordinator.on('STORE_RECOVERED', () => log.info('the state can be stored again'));
  coordinator.on('FACTS_CHANGED', ({ view }) => {
    log.debug(machineFields(view), 'the machine changed');
  });
  coordinator.on('SYSFS_PROBLEM', ({ problem }) => {
    log.error(problem, 'the machine cannot be read; nothing is granted');
  });
  coordinator.on('SYSFS_RECOVERED', () => log.info('the machine can be read again'));
  coordinator.on('NODE_REMOVED', ({ nodeId }) => {
    log.info({ node: nodeActorId(nodeId) }, 'node gone, and nothing left on record');
  });
  coordinator.on('CHILD_FAILED', ({ actorId, error }) => {
    log.error({ child: actorId, err: error }, 'an actor failed and is made anew');
  });
  coordinator.on('BUG', ({ sentence }) => log.error({ bug: sentence }, 'internal error'));
}

function machineFields(view: View) {
  return {
    onlineCpus: formatCpuList(view.facts.onlineCpus),
    isolatedCpus: formatCpuList(view.facts.isolatedCpus),
    nodes: view.facts.nodes.map((node) => node.nodeId),
    services: view.holdings.claims.size,
  };
}

function logPools({ pools }: View, log: Logger, snapName: string | null): void {
  if (pools.general.closedBecause !== null) {
    log.error({ reason: pools.general.closedBecause }, 'the general pool is closed');
  }
  if (isEmpty(pools.isolated.configuredCpus) && !pools.general.isConfigured) {
    log.warn(
      'no CPU can be handed out: this machine has no isolated CPUs. ' +
        'Boot with isolcpus= (for example isolcpus=2-7), or give the daemon a general pool ' +
        `(${snapName === null ? '--cpu-pool 2-7, or EPA_CPU_POOL' : poolCommand(snapName)})`,
    );
  }
}
