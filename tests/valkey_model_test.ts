/**
 * The Valkey store answers as the model does, whatever is asked of it.
 *
 * The model's clock stands still and the server's does not, so here a millisecond of the model is
 * 100 seconds of the server: what really passes during a run does not come to one.
 */

import { rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { ValkeyKv } from "../kv/backends.ts";
import type { Inspection, PutManyOptions, PutOptions } from "../kv/call_types.ts";
import type { Kv } from "../kv/kv.ts";
import { openKv } from "../kv/open.ts";
import type { Subject } from "./conformance/subject.ts";
import { mirror } from "./support/mirror.ts";
import { findValkey, PATIENT } from "./support/valkey_server.ts";
import { shiftDeadlines } from "./support/valkey_subject.ts";

const SEEDS = 100;
const STEPS = 400;
const SLOWER = 100_000;

/** The options with a duration of the server's. */
function slow<O extends PutOptions | PutManyOptions>(options: O | undefined): O | undefined {
  if (options?.expireIn === undefined) return options;
  return { ...options, expireIn: options.expireIn * SLOWER };
}

/** The store with durations of the model's. */
function slowed(kv: ValkeyKv): Subject {
  const methods: Partial<Kv> = {
    put: (key, value, options) => kv.put(key, value, slow(options)),
    putExpire: (key, value, expireIn) => kv.putExpire(key, value, expireIn * SLOWER),
    putMany: (entries, options) => kv.putMany(entries, slow(options)),
    touch: (key, expireIn) => kv.touch(key, expireIn * SLOWER),
    async inspect(key): Promise<Inspection | null> {
      const found = await kv.inspect(key);
      if (found === null || found.expiresIn === null) return found;
      return { ...found, expiresIn: Math.ceil(found.expiresIn / SLOWER) };
    },
  };
  return {
    kv: new Proxy<Kv>(kv, {
      get(target, name: keyof Kv): unknown {
        const member = methods[name] ?? target[name];
        return typeof member === "function" ? member.bind(target) : member;
      },
    }),
    advance: (ms) => shiftDeadlines(kv, ms * SLOWER),
  };
}

/** A store with a bug: `remove` takes arrays too. */
function broken({ kv, advance }: Subject): Subject {
  const remove = (key: string): Promise<boolean> => kv.delete(key);
  const proxy = new Proxy(kv, {
    get: (target, name: keyof Kv) => name === "remove" ? remove : target[name],
  });
  return { kv: proxy, advance };
}

const server = await findValkey();
const skip = "reason" in server ? server.reason : false;

async function play(seed: number, change: (subject: Subject) => Subject): Promise<void> {
  if ("reason" in server) return;
  const { url, database } = server;
  await using kv = await openKv({ ...PATIENT, backend: "valkey", url, database });
  await kv.command("FLUSHDB");
  await mirror(change(slowed(kv)), { seed, steps: STEPS });
}

describe("Valkey against the model", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`mirror() finds no difference with seed ${seed}`, { skip }, async () => {
      await play(seed, (subject) => subject);
    });
  }

  it("mirror() finds a store whose remove() takes arrays", { skip }, async () => {
    const run = async (): Promise<void> => {
      for (let seed = 1; seed <= SEEDS; seed++) await play(seed, broken);
    };
    await rejects(run(), /seed=\d+ step=\d+: \{"method":/);
  });
});
