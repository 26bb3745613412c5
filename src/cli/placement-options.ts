/** The options that say where CPUs are to be, and the words for where they are. */

import { type Command, Option } from 'commander';
import {
  cachePlacementSchema,
  numaPlacementSchema,
  pciAddressSchema,
  type WirePlacement,
} from '../protocol/placement.js';
import type { Placed } from '../protocol/reply.js';
import { counted } from '../words/counted.js';
import { readBy } from './arguments.js';

/** The options once read. */
export interface PlacementOptions {
  readonly wholeCores?: true;
  readonly onePerCore?: true;
  readonly numa?: NonNullable<WirePlacement['numa']>;
  readonly cache?: NonNullable<WirePlacement['cache']>;
  readonly near?: string;
}

/** Gives a command the options. */
export function withPlacementOptions(command: Command): Command {
  const wishes = <T extends string>(values: readonly T[]) =>
    values.filter((value) => value !== 'any');
  return command
    .addOption(new Option('--whole-cores', 'only cores as a whole').conflicts('onePerCore'))
    .addOption(new Option('--one-per-core', 'at most one thread of each core'))
    .addOption(
      new Option('--numa <how>', 'all in one NUMA node, in few, or spread over all').choices(
        wishes(numaPlacementSchema.options),
      ),
    )
    .addOption(
      new Option('--cache <how>', 'in few last-level caches, or all in one').choices(
        wishes(cachePlacementSchema.options),
      ),
    )
    .addOption(
      new Option('--near <address>', 'in the NUMA node of this PCI device').argParser(
        readBy(pciAddressSchema),
      ),
    );
}

/** What the options ask for; `undefined` where none was given. */
export function placementOf(options: PlacementOptions): WirePlacement | undefined {
  const { wholeCores, onePerCore, numa, cache, near } = options;
  const placement: WirePlacement = {
    ...(wholeCores === true ? { cores: 'whole' } : {}),
    ...(onePerCore === true ? { cores: 'spread' } : {}),
    ...(numa === undefined ? {} : { numa }),
    ...(cache === undefined ? {} : { cache }),
    ...(near === undefined ? {} : { near }),
  };
  return Object.keys(placement).length === 0 ? undefined : placement;
}

/** Lines that say where CPUs are; none where nobody asked. */
export function placedLines(placed: Placed | undefined): string[] {
  if (placed === undefined) return [];
  const { numa_nodes: nodes, last_level_caches: caches, whole_cores, split_cores } = placed;
  const where = [
    ...(nodes.length === 0
      ? []
      : [`NUMA node${nodes.length === 1 ? '' : 's'} ${nodes.join(', ')}`]),
    ...(caches === null ? [] : [counted(caches, 'last-level cache')]),
    ...(whole_cores === 0 ? [] : [`${counted(whole_cores, 'core')} as a whole`]),
    ...(split_cores === 0 ? [] : [`${counted(split_cores, 'core')} in part`]),
  ];
  return [`where: ${where.join('; ')}`];
}
