/**
 * A time that is counted in looks: whole, and never read from a clock.
 */

import { strictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { countDown, LOOKS } from "../backends/valkey/countdown.ts";
import { TIMER_MS_MAX } from "../internal/clock.ts";

/** Timers that tick when they are told to. */
interface Ticking extends Disposable {
  readonly delayMs: number;
  readonly isRunning: boolean;
  tick(): void;
}

function replaceTimers(): Ticking {
  const { setInterval, clearInterval } = globalThis;
  const timer = { delayMs: NaN, isRunning: false, tick: (): void => {} };
  globalThis.setInterval = ((call: () => void, ms: number) => {
    Object.assign(timer, { delayMs: ms, isRunning: true, tick: call });
    return 1;
  }) as unknown as typeof setInterval;
  globalThis.clearInterval = () => void (timer.isRunning = false);
  return Object.assign(timer, {
    [Symbol.dispose](): void {
      Object.assign(globalThis, { setInterval, clearInterval });
    },
  });
}

describe("countDown()", () => {
  it("ends after one look more than make the time, whenever they come", () => {
    using timer = replaceTimers();
    let ends = 0;
    countDown(1_000, () => ends++);
    strictEqual(timer.delayMs, 1_000 / LOOKS);
    for (let look = 0; look < LOOKS; look++) timer.tick();
    strictEqual(ends, 0);
    timer.tick();
    strictEqual(ends, 1);
    strictEqual(timer.isRunning, false);
  });

  it("can be taken back", () => {
    using timer = replaceTimers();
    const stop = countDown(1_000, () => {});
    strictEqual(timer.isRunning, true);
    stop();
    strictEqual(timer.isRunning, false);
  });

  it("takes the shortest time and the longest", () => {
    using timer = replaceTimers();
    countDown(1, () => {});
    strictEqual(timer.delayMs, 1);
    countDown(Number.MAX_SAFE_INTEGER, () => {});
    strictEqual(timer.delayMs, TIMER_MS_MAX);
  });
});
