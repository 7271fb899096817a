/**
 * The calls that can wait for an element.
 */

import type { MoveOptions, PopOptions } from "../../kv/call_types.ts";
import type { Kv } from "../../kv/kv.ts";

/** Long enough for a waiting call to reach its server, short enough to time out in a test. */
export const WAIT_MS = 50;

/** The way of a queue. */
export const along: MoveOptions = { take: "first", put: "last" };

/** Takes an element from `"k"`. */
export type Take = (kv: Kv, options: PopOptions) => Promise<string | null>;

/** The calls that wait. */
export const waits: Readonly<Record<string, Take>> = {
  "pop()": (kv, options) => kv.pop("k", options),
  "popFirst()": (kv, options) => kv.popFirst("k", options),
  "move()": (kv, options) => kv.move("k", "to", { ...along, ...options }),
};

/** Watches a call without waiting for it. */
export function watch(call: Promise<unknown>): { settled: boolean } {
  const state = { settled: false };
  const settle = () => void (state.settled = true);
  call.then(settle, settle);
  return state;
}
