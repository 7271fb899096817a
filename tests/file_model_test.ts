/**
 * The file store answers as the model does, whatever is asked of it, opened anew now and then and
 * with hardly a page in its cache; and its file is in order afterwards.
 */

import { deepStrictEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import type { FileKv } from "../kv/backends.ts";
import { CrashStorage } from "./support/crash_storage.ts";
import { type FileSubject, openFileSubject } from "./support/file_subject.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { mirror } from "./support/mirror.ts";
import { waitingMirror } from "./support/waiting_mirror.ts";

const SEEDS = 40;
const STEPS = 400;
const WAITING_STEPS = 100;
const SMALL_CACHE_BYTES = 16 * 4096;

/** A store that is closed and opened anew whenever time passes. */
class ReopeningSubject {
  readonly clock = new ManualClock();
  readonly storage = new CrashStorage();
  kv!: FileKv;

  async open(): Promise<this> {
    const options = { clock: this.clock, storage: this.storage, cacheBytes: SMALL_CACHE_BYTES };
    this.kv = (await openFileSubject(options)).kv;
    return this;
  }

  async advance(ms: number): Promise<void> {
    await this.kv.close();
    this.clock.step(ms);
    await this.open();
  }
}

async function isInOrder(kv: FileKv, seed: number): Promise<void> {
  deepStrictEqual(await kv.check(), [], `seed=${seed}`);
}

describe("file against the model", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`mirror() finds no difference with seed ${seed}`, async () => {
      await using subject: FileSubject = await openFileSubject({ cacheBytes: SMALL_CACHE_BYTES });
      await mirror(subject, { seed, steps: STEPS });
      await isInOrder(subject.kv, seed);
      const reopening = await new ReopeningSubject().open();
      await mirror(reopening, { seed, steps: STEPS });
      await isInOrder(reopening.kv, seed);
      await reopening.kv.close();
    });
  }

  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`waitingMirror() finds no difference with seed ${seed}`, async () => {
      await using subject = await openFileSubject();
      await waitingMirror(subject, { seed, steps: WAITING_STEPS });
      await isInOrder(subject.kv, seed);
    });
  }
});
