/**
 * The file store on a disk whose operations begin to fail at some moment: once, a few times, or
 * from then on; a write after a part of its bytes.
 *
 * What a call says must be true. After `full` nothing has changed, and the store works on. After
 * `io` it is given up, and the file holds what was acknowledged, with the call that failed or
 * without it; so it does where the power fails then (durability "power").
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { CrashStorage, noSpace } from "./support/crash_storage.ts";
import { openFileSubject } from "./support/file_subject.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { modelWhole, play, whole } from "./support/mirror.ts";
import { Model, type Outcome } from "./support/model.ts";
import { Prng } from "./support/prng.ts";
import { type Step, Steps } from "./support/steps.ts";

const SEEDS = 1_500;
const STEPS = 60;
/** A failure comes within so many operations of the disk, more than a run has on some seeds. */
const OPERATIONS_MAX = 200;
/** So few pages that they are read and written again and again. */
const CACHE_BYTES = 16 * 4096;

const timeout = 600_000;

const IO: Outcome = { code: "io" };
const FULL: Outcome = { code: "full" };
const LOOK: Step = { method: "has", args: ["k"] };

/** A disk that fails, as its seed says, once it is armed. */
class FailingStorage extends CrashStorage {
  isArmed = false;
  readonly #error: Error;
  readonly #firstAt: number;
  readonly #endAt: number;
  readonly #share: number;
  #count = 0;

  constructor(prng: Prng) {
    super();
    this.#error = prng.chance(0.5) ? new Error("the disk failed") : noSpace();
    this.#firstAt = prng.below(OPERATIONS_MAX);
    this.#endAt = this.#firstAt + prng.pick([1, 2, 5, Infinity]);
    this.#share = prng.pick([0, 0.3, 0.9, 1]);
  }

  override read(at: number, into: Uint8Array): number {
    if (this.#fails()) throw new Error("the disk failed"); // to read needs no space
    return super.read(at, into);
  }

  override write(at: number, bytes: Uint8Array): void {
    if (!this.#fails()) return super.write(at, bytes);
    super.write(at, bytes.subarray(0, Math.floor(bytes.length * this.#share)));
    throw this.#error;
  }

  override async sync(): Promise<void> {
    if (this.#fails()) throw this.#error;
    await super.sync();
  }

  override syncNow(): void {
    if (this.#fails()) throw this.#error;
    super.syncNow();
  }

  override truncate(size: number): void {
    if (this.#fails()) throw this.#error;
    super.truncate(size);
  }

  #fails(): boolean {
    const at = this.isArmed ? this.#count++ : -1;
    return at >= this.#firstAt && at < this.#endAt;
  }
}

/** Plays a seed until the store is given up or the steps are over; tells what it came to. */
async function tryErrors(seed: number, durability: "process" | "power"): Promise<string> {
  const prng = new Prng(seed);
  const storage = new FailingStorage(prng);
  const clock = new ManualClock();
  const subject = await openFileSubject({ storage, clock, durability, cacheBytes: CACHE_BYTES });
  const model = new Model();
  const steps = new Steps(prng);
  storage.isArmed = true;
  const states: unknown[] = [];
  let isGivenUp = false;
  for (let at = 0; at < STEPS && !isGivenUp; at++) {
    const step = steps.next();
    if (step.method === "clear") continue; // not one atomic step
    const outcome = await play(subject, step);
    isGivenUp = isDeepStrictEqual(outcome, IO);
    if (isGivenUp) states.push(modelWhole(model));
    const expected = isDeepStrictEqual(outcome, FULL) ? FULL : model.play(step);
    const where = `seed=${seed} step=${at}: ${JSON.stringify(step)}`;
    if (!isGivenUp) deepStrictEqual(outcome, expected, where);
  }
  states.push(modelWhole(model));
  if (isGivenUp) deepStrictEqual(await play(subject, LOOK), IO, `seed=${seed}`);
  const end = await subject.kv.close().then(() => "closed", (error) => error.code);
  ok(end === "closed" || end === "io", `seed=${seed}: close() rejects with ${end}`);
  for (const { image, isPower } of storage.crashes(prng, 1, storage.log.length)) {
    if (isPower && durability === "process") continue;
    const again = await openFileSubject({
      storage: new CrashStorage(image),
      clock: new ManualClock(clock.now()),
    });
    deepStrictEqual(await again.kv.check(), [], `seed=${seed}`);
    const found = await whole(again.kv);
    ok(
      states.some((state) => isDeepStrictEqual(state, found)),
      `seed=${seed}: it is another state`,
    );
    await again.kv.close();
  }
  return isGivenUp ? "given up" : end;
}

describe("file on a disk that begins to fail", () => {
  for (const durability of ["process", "power"] as const) {
    it(`says what is true, with durability ${durability}`, { timeout }, async () => {
      const ends = new Set<string>();
      for (let seed = 1; seed <= SEEDS; seed++) ends.add(await tryErrors(seed, durability));
      deepStrictEqual([...ends].sort(), ["closed", "given up", "io"]);
    });
  }
});
