/** What a part of the suite has been through, counted, and printed at its end. */

/**
 * Prints the counts after the last test of the surrounding `describe`.
 *
 * @returns counts so many of something
 */
export function useTally(): (what: string, count?: number) => void {
  const counts = new Map<string, number>();
  after(() => {
    for (const [what, count] of [...counts].sort())
      process.stdout.write(`      ${count} ${what}\n`);
  });
  return (what, count = 1) => counts.set(what, (counts.get(what) ?? 0) + count);
}
