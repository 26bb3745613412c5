/** Where a request wants its CPUs: the `placement` of the CPU requests, and what contradicts itself. */

import * as z from 'zod';

/** What a CPU request says of where its CPUs are to be. */
export interface Placement {
  /** `whole`: only cores as a whole. `spread`: at most one thread of each core. */
  readonly cores: 'any' | 'whole' | 'spread';
  /** `single`: all in one NUMA node. `pack`: in as few as can be. `spread`: evenly over all with room. */
  readonly numa: 'any' | 'single' | 'pack' | 'spread';
  /** `prefer`: in as few last-level caches as can be. `require`: all in one. */
  readonly cache: 'any' | 'prefer' | 'require';
  /** All in the NUMA node of this PCI device; `null` = no such wish. As the kernel writes it. */
  readonly near: string | null;
}

/** A placement as it goes over the wire; a field that is left out says `any`. */
export interface WirePlacement {
  readonly cores?: Placement['cores'];
  readonly numa?: Placement['numa'];
  readonly cache?: Placement['cache'];
  readonly near?: string | null;
}

/** Domain, bus, device and function; the domain may be left out, as `lspci` does. */
const PCI_ADDRESS = /^(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/i;

/** A PCI address as the kernel writes it (`0000:3b:00.0`): with its domain, in small letters. */
export const pciAddressSchema = z
  .string('must be a PCI address')
  .regex(PCI_ADDRESS, 'must be a PCI address such as 0000:3b:00.0 or 3b:00.0')
  .transform((text) => {
    const address = text.toLowerCase();
    return address.split(':').length === 2 ? `0000:${address}` : address;
  });

export const coresPlacementSchema = z.enum(['any', 'whole', 'spread']);
export const numaPlacementSchema = z.enum(['any', 'single', 'pack', 'spread']);
export const cachePlacementSchema = z.enum(['any', 'prefer', 'require']);

/** The fields of a `placement`, by which an unknown one is answered. */
const KNOWN_FIELDS = 'cores, numa, cache and near';

/** Contradictions that need no look at a machine, and why each is one. */
const CONTRADICTIONS: readonly {
  readonly is: (placement: Placement) => boolean;
  readonly path: keyof Placement;
  readonly why: string;
}[] = [
  {
    is: ({ numa, near }) => near !== null && numa === 'spread',
    path: 'near',
    why: 'wants all CPUs in one NUMA node, and placement.numa "spread" wants them in several',
  },
  {
    is: ({ numa, cache }) => cache === 'require' && numa === 'spread',
    path: 'cache',
    why: '"require" wants all CPUs at one cache, and placement.numa "spread" wants them in several nodes',
  },
];

/** The `placement` of a request; `null` where there is none. */
export const placementSchema = z
  .strictObject(
    {
      cores: coresPlacementSchema.default('any'),
      numa: numaPlacementSchema.default('any'),
      cache: cachePlacementSchema.default('any'),
      near: pciAddressSchema.nullish().transform((address) => address ?? null),
    },
    {
      // A wish that is misspelt must not be forgotten silently.
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `has no field ${JSON.stringify(issue.keys[0])}; it may have ${KNOWN_FIELDS}`
          : `must be an object with any of ${KNOWN_FIELDS}`,
    },
  )
  .superRefine((placement, context) => {
    for (const { is, path, why } of CONTRADICTIONS) {
      if (is(placement)) context.addIssue({ code: 'custom', path: [path], message: why });
    }
  })
  .nullish()
  .transform((placement): Placement | null => placement ?? null);

/** The `placement` of a request for one node, which leaves nothing to say about several. */
export const oneNodePlacementSchema = placementSchema.refine(
  (placement) => placement?.numa !== 'pack' && placement?.numa !== 'spread',
  {
    path: ['numa'],
    error:
      'must be "any" or "single" here: all CPUs are in numa_node; use allocate_cores for several',
  },
);

/** Whether a placement says nothing beyond what holds without one. */
export function isPlain({ cores, numa, cache, near }: Placement): boolean {
  return cores === 'any' && numa === 'any' && cache === 'any' && near === null;
}
