/**
 * A set of keys, beside a `Set` of strings.
 */

import { strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { KeySet } from "../backends/valkey/key_set.ts";
import { Prng } from "./support/prng.ts";

describe("KeySet", () => {
  it("tells of each key whether it is new, as a Set would", () => {
    const prng = new Prng(1);
    const keys = new KeySet();
    const model = new Set<string>();
    for (let i = 0; i < 100_000; i++) {
      const key = prng.pick(["", "a", "é", "𝄞", "\0"]).repeat(prng.below(4)) + prng.below(30_000);
      const isNew = !model.has(key);
      model.add(key);
      strictEqual(keys.add(key), isNew, key);
    }
    strictEqual(keys.size, model.size);
  });

  it("takes the empty key, and the longest ones", () => {
    const keys = new KeySet();
    for (const isNew of [true, false]) {
      strictEqual(keys.add(""), isNew);
      for (let i = 0; i < 500; i++) {
        strictEqual(keys.add(`${i}`.padStart(1024, "x")), isNew);
        strictEqual(keys.add("é".repeat(i * 100)), isNew && i > 0);
      }
    }
  });
});
