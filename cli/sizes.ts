/**
 * Sizes and durations for people: 1.5 MiB, 1h 2m.
 */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes in three digits. */
export function formatBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024;
  return `${Number(size.toPrecision(3))} ${UNITS[unit]}`;
}

const DURATIONS = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1_000]] as const;

/** A duration in milliseconds, by its two greatest units, rounded down; under a second exactly. */
export function formatDuration(ms: number): string {
  const first = DURATIONS.findIndex(([, unitMs]) => ms >= unitMs);
  if (first === -1) return `${ms}ms`;
  let leftMs = ms;
  const words = DURATIONS.slice(first, first + 2).map(([unit, unitMs]) => {
    const count = Math.floor(leftMs / unitMs);
    leftMs -= count * unitMs;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return words.filter((word) => word !== "").join(" ");
}
