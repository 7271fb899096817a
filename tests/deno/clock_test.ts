import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { systemClock } from "../../internal/clock.ts";

Deno.test("systemClock.after() waits longer than one timer of the runtime can", () => {
  using time = new FakeTime(0);
  const delayMs = 3 * 2 ** 31;
  let calledMs = -1;
  systemClock.after(delayMs, () => calledMs = systemClock.now(), { background: false });
  time.tick(delayMs - 1);
  assertEquals(calledMs, -1);
  time.tick(1);
  assertEquals(calledMs, delayMs);
});

Deno.test("systemClock.after() can be taken back, in whichever of its timers it is", () => {
  using time = new FakeTime(0);
  const delayMs = 3 * 2 ** 31;
  let isCalled = false;
  const cancel = systemClock.after(delayMs, () => isCalled = true, { background: true });
  time.tick(2 ** 31);
  cancel();
  time.tick(delayMs);
  assertEquals(isCalled, false);
});
