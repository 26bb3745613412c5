/** Sizes of memory and of pages: as the daemon counts them (KiB), and as people say them. */

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/**
 * Reads the size of a hugepage: `2M`, `2MB` and `2MiB` are the same, and so are `2048`, `2048K`
 * and `2048kB`. Powers of 1,024, as the kernel's.
 *
 * @returns KiB, or `null` when the text is no size
 */
export function parseSizeKb(text: string): number | null {
  const match = /^(\d{1,12}) ?([kmgt])?(?:i?b)?$/i.exec(text.trim());
  if (match === null) return null;
  const power = 'kmgt'.indexOf(match[2]?.toLowerCase() ?? 'k');
  const sizeKb = Number(match[1]) * 1_024 ** power;
  return sizeKb > 0 && Number.isSafeInteger(sizeKb) ? sizeKb : null;
}

/** Writes a size exactly, in the largest unit that divides it: `2 MiB`. */
export function formatPageSize(sizeKb: number): string {
  let size = sizeKb;
  let unit = 0;
  while (size >= 1_024 && size % 1_024 === 0 && unit < UNITS.length - 1) {
    size /= 1_024;
    unit++;
  }
  return `${size} ${UNITS[unit]}`;
}

/** Writes an amount of memory to three digits or so: `62.7 GiB`. */
export function formatMemory(kb: number): string {
  let size = kb;
  let unit = 0;
  while (size >= 1_024 && unit < UNITS.length - 1) {
    size /= 1_024;
    unit++;
  }
  const digits = size >= 100 || Number.isInteger(size) ? 0 : 1;
  return `${size.toFixed(digits)} ${UNITS[unit]}`;
}
