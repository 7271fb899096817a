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

  it("isDue() after a test has put the clock back in its place", async () => {
    const turns = new Turns();
    const { now } = performance;
    performance.now = () => now.call(performance) + 1e9;
    try {
      await turns.next();
    } finally {
      performance.now = now;
    }
    const asked = Array.from({ length: 100 }, () => turns.isDue());
    strictEqual(asked.includes(true), true);
    await turns.next();
    strictEqual(turns.isDue(), false);
  });
});
