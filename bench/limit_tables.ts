/** What was measured besides speeds, as text: one function for each part of the results. */

import { type DelayHistogram, delayLine } from "./delays.ts";
import type { CacheResult, OpeningResult, SpaceResult } from "./file_limits.ts";
import type { ArrayGrowth, ExpiryResult } from "./memory_limits.ts";
import { table } from "./tables.ts";

/** Arrays of growing lengths. */
export function arrayGrowthTable({ lengths, nanoseconds }: ArrayGrowth): string {
  const lines = Object.entries(nanoseconds).map(([name, costs]) => [name, ...costs.map(String)]);
  return `append and popFirst on one array: nanoseconds for both, by its length\n${
    table([["", ...lengths.map(String)], ...lines])
  }`;
}

/** Keys that expire. */
export function expiryTable(
  { keys, writing, expiring, writingWithoutExpiry }: ExpiryResult,
): string {
  return `${keys} keys with an expiry: ${
    delayTable({ "written, no expiry": writingWithoutExpiry, written: writing, expiring })
  }`;
}

/** What an entry takes. */
export function bytesTable(perEntry: Readonly<Record<string, number>>): string {
  const lines = Object.entries(perEntry).map(([name, bytes]) => [name, String(bytes)]);
  return `bytes that an entry of 16 + 100 bytes takes in memory\n${table(lines)}`;
}

/** Opening and closing. */
export function openingTable(
  { keys, afterCloseMs, afterCrashMs, closeMs }: OpeningResult,
): string {
  return `${keys} keys: milliseconds, median\n${
    table([
      ["open after a clean close", String(afterCloseMs)],
      ["open after a SIGKILL", String(afterCrashMs)],
      ["close", String(closeMs)],
    ])
  }`;
}

/** Reads past the cache. */
export function cacheTable({ fileBytes, cacheBytes, readsAGet }: CacheResult): string {
  const sizes = `a file of ${fileBytes} bytes, a cache of ${cacheBytes}`;
  return `${sizes}: ${readsAGet} reads for a random get\n`;
}

/** What keys take on the disk, and what holds up the event loop. */
export function spaceTable(result: SpaceResult): string {
  const { keys, overwritesAKey, filled, overwritten, compacted } = result;
  return `${keys} keys of 16 + 100 bytes: bytes on the disk for a key\n${
    table([
      ["filled", String(filled)],
      [`after ${overwritesAKey} random overwrites a key`, String(overwritten)],
      ["compacted", String(compacted)],
      ["cleared, bytes in all", String(result.clearedBytes)],
      ["closed when empty, bytes in all", String(result.emptiedBytes)],
    ])
  }\n${delayTable(result.delays)}`;
}

function delayTable(histograms: Readonly<Record<string, DelayHistogram>>): string {
  const lines = Object.entries(histograms).map(([name, delays]) => [name, delayLine(delays)]);
  return `delays of the event loop\n${table(lines)}`;
}
