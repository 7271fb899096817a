/**
 * Many who wait for the abort of one signal.
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { onAbort } from "../internal/aborts.ts";

/** Counts the listeners that a signal has. */
function counted(signal: AbortSignal): { readonly count: number } {
  const state = { count: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]): void => {
    state.count++;
    addEventListener.apply(signal, args as Parameters<typeof addEventListener>);
  };
  signal.removeEventListener = (...args: unknown[]): void => {
    state.count--;
    removeEventListener.apply(signal, args as Parameters<typeof removeEventListener>);
  };
  return state;
}

describe("onAbort()", () => {
  it("tells all who wait, in their order, by one listener", () => {
    const abort = new AbortController();
    const listeners = counted(abort.signal);
    const told: number[] = [];
    for (let i = 0; i < 50; i++) onAbort(abort.signal, () => void told.push(i));
    strictEqual(listeners.count, 1);
    abort.abort();
    deepStrictEqual(told, Array.from({ length: 50 }, (_, i) => i));
  });

  it("tells nobody who has taken it back, also while others are told", () => {
    const abort = new AbortController();
    const listeners = counted(abort.signal);
    const told: string[] = [];
    const forget = onAbort(abort.signal, () => void told.push("forgotten"));
    onAbort(abort.signal, () => {
      told.push("first");
      forgetLast();
    });
    const forgetLast = onAbort(abort.signal, () => void told.push("last"));
    forget();
    strictEqual(listeners.count, 1);
    abort.abort();
    deepStrictEqual(told, ["first"]);
  });

  it("leaves no listener when nobody waits any more, and begins anew", () => {
    const abort = new AbortController();
    const listeners = counted(abort.signal);
    let told = 0;
    const forget = onAbort(abort.signal, () => told++);
    forget();
    forget();
    strictEqual(listeners.count, 0);
    onAbort(abort.signal, () => told++);
    forget();
    strictEqual(listeners.count, 1);
    abort.abort();
    strictEqual(told, 1);
  });
});
