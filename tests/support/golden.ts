/**
 * What is in every golden file.
 */

import { bytes } from "../../kv/codec.ts";
import type { Kv } from "../../kv/kv.ts";

/** Keys past one bucket and its splits. */
const NUMBERED_COUNT = 1_000;
/** So far off that no run of the tests sees it pass. */
const EXPIRE_IN_MS = 200 * 365 * 24 * 3_600_000;

/** Fills a store with one of everything. */
export async function fillGolden(kv: Kv): Promise<void> {
  for (const [key, value] of goldenStrings()) await kv.put(key, value);
  await kv.put("expires", "far off", { expireIn: EXPIRE_IN_MS });
  await kv.withCodec(bytes).put("bytes", goldenBytes());
  for (const [key, values] of goldenLists()) await kv.append(key, ...values);
  await kv.put("gone", "gone");
  await kv.delete("gone");
}

/** The strings without a deadline. */
export function goldenStrings(): [string, string][] {
  const numbered = Array.from({ length: NUMBERED_COUNT }, (_, i): [string, string] => [
    `key ${i}`,
    `value ${i}`,
  ]);
  return [
    ["", "under the empty key"],
    ["empty", ""],
    ["é🦕", "ünïcödé 🦕"],
    ["k".repeat(1_024), "under the longest key"],
    ["long", "long value ".repeat(2_000)],
    ...numbered,
  ];
}

/** A value that is no text. */
export function goldenBytes(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => i);
}

/** The lists. */
export function goldenLists(): [string, string[]][] {
  return [
    ["one", [""]],
    ["list", Array.from({ length: 300 }, (_, i) => `element ${i}`)],
    ["long elements", ["a".repeat(10_000), "b", "c".repeat(5_000)]],
  ];
}
