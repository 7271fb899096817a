/**
 * Timers have their turn, however many callers loop over calls that are done at once.
 */

import { strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { Turns } from "../internal/turns.ts";

describe("Turns", () => {
  it("next() is one turn for all who wait, and due for all who ask meanwhile", async () => {
    const turns = new Turns();
    const next = turns.next();
    strictEqual(turns.next(), next);
    for (let i = 0; i < 100; i++) strictEqual(turns.isDue(), true);
    await next;
    strictEqual(turns.isDue(), false);
  });
});
