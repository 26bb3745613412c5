/** Counts with their nouns, as people say them. */

/** `1 CPU`, `2 CPUs`; `1 or 2 threads` where the count is a text. */
export function counted(count: number | string, noun: string): string {
  return `${count} ${noun}${`${count}` === '1' ? '' : 's'}`;
}
