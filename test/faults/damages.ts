/** Ways to damage the copies of a state, one after the other, and hosts to try them on. */

import { type CopyName, DamagedHost, type Laid } from './damaged-host.js';
import type { KnownState } from './known-state.js';

/** Copies that were damaged. */
export interface Damage {
  readonly what: string;
  readonly laid: Partial<Laid>;
  /** Whose content is lost; `null` = nobody's, for what is gone means nothing. */
  readonly harmed: CopyName | 'both' | null;
}

/** Between the text of a copy and its end, where it is filled up, one place in so many will do. */
const BLANKS_STRIDE = 97;

/** The places of a copy: all of its text, some of the blanks behind it, and the last two. */
function placesOf(bytes: Buffer): { places: number[]; textLength: number } {
  const textLength = bytes.toString().trimEnd().length;
  const places = [...bytes.keys()].filter(
    (place) =>
      place <= textLength ||
      place >= bytes.length - 2 ||
      (place - textLength) % BLANKS_STRIDE === 0,
  );
  return { places, textLength };
}

/** A copy at every length but its own. Without the blanks and the newline at its end nothing is lost. */
export function truncations(bytes: Buffer): { name: string; content: Buffer; isHarm: boolean }[] {
  const { places, textLength } = placesOf(bytes);
  return places.map((length) => ({
    name: `truncated to ${length} of ${bytes.length} bytes`,
    content: bytes.subarray(0, length),
    isHarm: length < textLength,
  }));
}

/** A copy with each of its bits altered. */
export function flips(bytes: Buffer): { name: string; content: Buffer; isHarm: boolean }[] {
  return placesOf(bytes).places.flatMap((position) =>
    [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => {
      const content = Buffer.from(bytes);
      content.writeUInt8(bytes.readUInt8(position) ^ (1 << bit), position);
      return { name: `bit ${bit} of byte ${position} altered`, content, isHarm: true };
    }),
  );
}

type Altered = ReturnType<typeof flips>[number];

/** Each of them in one copy, the other being whole. */
export function ofOne(altered: readonly Altered[]): Damage[] {
  return altered.flatMap(({ name, content, isHarm }) =>
    (['first', 'twin'] as const).map((copy) => ({
      what: `the ${copy} copy ${name}`,
      laid: { [copy]: content },
      harmed: isHarm ? copy : null,
    })),
  );
}

/** Each of them in both copies alike. */
export function ofBoth(altered: readonly Altered[]): Damage[] {
  return altered.map(({ name, content, isHarm }) => ({
    what: `both copies ${name}`,
    laid: { first: content, twin: content },
    harmed: isHarm ? 'both' : null,
  }));
}

/** Every so many of them, the first and the last two included. */
export function every<T>(stride: number, all: readonly T[]): T[] {
  return all.filter((_, index) => index % stride === 0 || index >= all.length - 2);
}

/** How a damage is tried. */
export type Trial = (host: DamagedHost, damage: Damage) => Promise<unknown>;

/** The daemon itself is started, and its socket asked. */
export const byStart: Trial = async (host, { laid, harmed }) => {
  host.put(laid);
  if (harmed !== 'both') return host.expectServed(harmed);
  const message = await host.expectRefused();
  for (const path of Object.values(host.paths)) {
    // The path, and behind it what is wrong with that file.
    if (!/^: [^;.]/.test(message.split(path)[1] ?? ''))
      throw new Error(`no word on ${path}: ${message}`);
  }
  return message;
};

/** Only the directory is opened, as the daemon does it. */
export const byOpening: Trial = async (host, { what, laid, harmed }) => {
  if (harmed === 'both') throw new Error(`${what}: not to be opened`);
  host.put(laid);
  return host.expectOpened(harmed);
};

/** So many are tried at once, because a start mostly waits: for the disk, for its workers. */
const AT_ONCE = 3;

/**
 * Tries damages to a known state.
 *
 * @param hosts `one each`: for trials in which daemons come to serve. They start worker threads,
 * which here run a compiler, and a process that is just being made has for a moment all that is
 * open in this one, the locks of other daemons included.
 */
export async function tryAll(
  known: KnownState,
  damages: readonly Damage[],
  trial: Trial,
  hosts: 'shared' | 'one each' = 'shared',
): Promise<void> {
  const rest = damages.values();
  let hasFailed = false;
  const tryRest = async () => {
    await using shared = new DamagedHost(known);
    for (const damage of rest) {
      if (hasFailed) return;
      await using own = hosts === 'one each' ? new DamagedHost(known) : null;
      try {
        await trial(own ?? shared, damage);
      } catch (cause) {
        hasFailed = true;
        throw new Error(`${damage.what}: ${(cause as Error).message}`, { cause });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, tryRest));
}
