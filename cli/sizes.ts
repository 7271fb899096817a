/**
 * Sizes for people: 1.5 MiB.
 */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes in three digits. */
export function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024;
  return `${Number(size.toPrecision(3))} ${UNITS[unit]}`;
}
