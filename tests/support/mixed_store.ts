/**
 * Stores with a bit of everything: text and bytes, empty and long, strings and arrays, keys that
 * expire and keys that stay. And how to compare two of them.
 */

import type { Kv, Value } from "../../kv/kv.ts";
import type { Now } from "../../transfer/deadlines.ts";
import { dump } from "../../transfer/dump.ts";
import type { Prng } from "./prng.ts";

const HOUR_MS = 3_600_000;
const CHARACTERS = [
  "a",
  "Z",
  "0",
  " ",
  '"',
  "\\",
  "\n",
  "\0",
  "é",
  "\u2028",
  "\ufffd",
  "\uffff",
  "𝄞",
];

/** Fills a store with so many keys. */
export async function fillMixed(kv: Kv, count: number, prng: Prng): Promise<void> {
  for (let i = 0; i < count; i++) {
    const key = `${randomText(prng, 6)}:${i}`;
    if (prng.chance(0.7)) await kv.put(key, randomValue(prng));
    else {await kv.append(
        key,
        ...Array.from({ length: 1 + prng.below(9) }, () => randomValue(prng)),
      );}
    if (prng.chance(0.3)) await kv.touch(key, HOUR_MS + prng.below(HOUR_MS));
  }
}

/** All that a store holds, as text that is the same for equal stores. */
export async function contentOf(kv: Kv, now?: Now): Promise<string> {
  return await textOf(dump(kv, { sort: true, now }));
}

/** Chunks as text. */
export async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** Text as a stream of chunks of so many bytes. */
export async function* chunksOf(text: string, bytes = 65_536): AsyncGenerator<Uint8Array, void> {
  const all = new TextEncoder().encode(text);
  for (let at = 0; at < all.length; at += bytes) {
    yield await Promise.resolve(all.slice(at, at + bytes));
  }
}

function randomValue(prng: Prng): Value {
  if (prng.chance(0.6)) return randomText(prng, 20);
  return Uint8Array.from({ length: prng.below(20) }, () => prng.below(256));
}

function randomText(prng: Prng, lengthMax: number): string {
  return Array.from({ length: prng.below(lengthMax + 1) }, () => prng.pick(CHARACTERS)).join("");
}
