/**
 * The deque against a plain array: whichever ends elements come and go by, wherever its ring begins
 * as it grows and shrinks.
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { Deque } from "../internal/deque.ts";
import { Prng } from "./support/prng.ts";

const SEEDS = 20;
const STEPS = 2_000;
/** Steps after which the odds turn between growing and shrinking. */
const TIDE = 150;

/** Does the same to both at random, and compares every answer. */
function play(seed: number): void {
  const prng = new Prng(seed);
  const deque = new Deque<number>();
  const model: number[] = [];
  let grows = true;
  for (let step = 0; step < STEPS; step++) {
    if (step % TIDE === 0) grows = !grows;
    const name = `seed ${seed}, step ${step}`;
    if (prng.chance(0.05)) {
      const element = prng.below(step + 1);
      const at = model.indexOf(element);
      if (at !== -1) model.splice(at, 1);
      strictEqual(deque.remove(element), at !== -1, name);
    } else if (prng.chance(grows ? 0.8 : 0.2)) {
      if (prng.chance(0.5)) {
        model.push(step);
        deque.pushLast(step);
      } else {
        model.unshift(step);
        deque.pushFirst(step);
      }
    } else if (prng.chance(0.5)) strictEqual(deque.popFirst(), model.shift(), name);
    else strictEqual(deque.popLast(), model.pop(), name);
    strictEqual(deque.length, model.length, name);
    deepStrictEqual(model.map((_, i) => deque.at(i)), model, name);
    strictEqual(deque.at(-1), undefined, name);
    strictEqual(deque.at(model.length), undefined, name);
  }
}

describe("Deque", () => {
  it("holds what a plain array does, after each call", () => {
    for (let seed = 1; seed <= SEEDS; seed++) play(seed);
  });
});
