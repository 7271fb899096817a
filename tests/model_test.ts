/**
 * The memory store answers as the model does, whatever is asked of it.
 */

import { rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { Kv } from "../kv/kv.ts";
import type { Subject } from "./conformance/subject.ts";
import { openMemorySubject } from "./support/memory_subject.ts";
import { mirror } from "./support/mirror.ts";
import { waitingMirror } from "./support/waiting_mirror.ts";

const SEEDS = 40;
const STEPS = 400;
/** Fewer: each takes a turn of the event loop. */
const WAITING_STEPS = 100;

/** Far above what a run stores: it is the code of a bounded store that runs. */
const NOT_REACHED = { maxEntries: 2 ** 40, maxBytes: 2 ** 40 };

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
      await mirror(openMemorySubject(), { seed, steps: STEPS });
      await mirror(openMemorySubject(NOT_REACHED), { seed, steps: STEPS });
    });
  }

  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`waitingMirror() finds no difference with seed ${seed}`, async () => {
      await waitingMirror(openMemorySubject(), { seed, steps: WAITING_STEPS });
    });
  }

  it("mirror() finds a store that loses moved elements", async () => {
    const run = async (): Promise<void> => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        await mirror(broken(openMemorySubject()), { seed, steps: STEPS });
      }
    };
    await rejects(run(), /seed=\d+ step=\d+: \{"method":/);
  });
});
