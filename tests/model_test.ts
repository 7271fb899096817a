/**
 * The memory store answers as the model does, whatever is asked of it.
 */

import { rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryKv } from "../backends/memory/memory_kv.ts";
import type { Kv } from "../kv/kv.ts";
import type { Subject } from "./conformance/subject.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { mirror } from "./support/mirror.ts";

const SEEDS = 40;
const STEPS = 400;

/** A bound far above what a run needs, for the code that only a bounded store runs. */
const NOT_REACHED = 2 ** 40;

function open(bound: number | undefined): Subject {
  const clock = new ManualClock();
  const kv = openMemoryKv({ maxEntries: bound, maxBytes: bound }, clock);
  return { kv, advance: (ms: number) => clock.advance(ms) };
}

/** A store with a bug: its arrays lose an element that is moved within them. */
function broken(subject: Subject): Subject {
  const kv = new Proxy(subject.kv, {
    get(target: Kv, name: keyof Kv): unknown {
      if (name === "move") return (from: string) => target.popFirst(from);
      const member = target[name];
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return { kv, advance: subject.advance };
}

describe("memory against the model", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`mirror() finds no difference with seed ${seed}`, async () => {
      await mirror(open(undefined), { seed, steps: STEPS });
      await mirror(open(NOT_REACHED), { seed, steps: STEPS });
    });
  }

  it("mirror() finds a store that loses moved elements", async () => {
    const run = async (): Promise<void> => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        await mirror(broken(open(undefined)), { seed, steps: STEPS });
      }
    };
    await rejects(run(), /seed=\d+ step=\d+: \{"method":/);
  });
});
