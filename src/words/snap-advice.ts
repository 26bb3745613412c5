/** What people do where the daemon is a snap, in place of what they do elsewhere. */

/** The plug of the snap by which it may read NUMA nodes; in `snap/snapcraft.yaml`. */
export const NODES_PLUG = 'numa-nodes';

/** How to let the snap read NUMA nodes. */
export function connectCommand(snapName: string): string {
  return `sudo snap connect ${snapName}:${NODES_PLUG}`;
}

/** How to give the daemon a general pool, for example. */
export function poolCommand(snapName: string | null): string {
  return snapName === null
    ? 'epa-orchestrator serve --cpu-pool 2-7'
    : `sudo snap set ${snapName} cpu-pool=2-7`;
}

/** How to start the daemon. */
export function startCommand(snapName: string): string {
  return `sudo snap start --enable ${snapName}.daemon`;
}
