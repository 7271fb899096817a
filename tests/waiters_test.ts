/**
 * What the stores cannot easily bring about: that everything ends while a waiter is being served.
 */

import { rejects, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { Waiters } from "../internal/waiters.ts";
import { ManualClock } from "./support/manual_clock.ts";

describe("Waiters", () => {
  it("wake() rejects a waiter once whose attempt ends everything", async () => {
    const waiters = new Waiters(new ManualClock());
    let isBroken = false;
    const breaking = (): Promise<string> | null => {
      if (!isBroken) return null;
      waiters.close(() => new Error("closed"));
      return Promise.reject(new Error("taken from what is broken"));
    };
    const forEver = { waitMs: Infinity, signal: undefined };
    const first = rejects(waiters.wait("k", breaking, forEver), { message: "closed" });
    const second = rejects(waiters.wait("k", () => null, forEver), { message: "closed" });
    isBroken = true;
    waiters.wake("k");
    await Promise.all([first, second]);
    strictEqual(waiters.count, 0);
  });

  it("wake() counts a waiter once whose attempt ends everything and throws", async () => {
    const waiters = new Waiters(new ManualClock());
    let isBroken = false;
    const breaking = (): null => {
      if (!isBroken) return null;
      waiters.close(() => new Error("closed"));
      throw new Error("broken");
    };
    const forEver = { waitMs: Infinity, signal: undefined };
    const waiting = rejects(waiters.wait("k", breaking, forEver), { message: "closed" });
    isBroken = true;
    waiters.wake("k");
    await waiting;
    strictEqual(waiters.count, 0);
    await rejects(waiters.wait("k", breaking, forEver), { message: "closed" });
  });

  it("refuse() rejects who is first, and lets the next one try", async () => {
    const waiters = new Waiters(new ManualClock());
    let isThere = false;
    const take = (): Promise<string> | null => isThere ? Promise.resolve("element") : null;
    const forEver = { waitMs: Infinity, signal: undefined };
    const first = rejects(waiters.wait("k", () => null, forEver), { message: "full" });
    const second = waiters.wait("k", take, forEver);
    isThere = true;
    waiters.wake("k");
    strictEqual(waiters.count, 2);
    waiters.refuse("k", new Error("full"));
    await first;
    strictEqual(await second, "element");
    waiters.refuse("k", new Error("full"));
  });
});
