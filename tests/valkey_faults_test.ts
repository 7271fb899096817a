/**
 * Connections that are cut 1,000 times under 64 callers, and servers that die, freeze and come
 * back: no wrong value, no reply for another call, no acknowledged write missing, none done twice,
 * and every failed call one of the documented errors.
 *
 * `JETKV_FAULT_SEED=7` repeats a run as far as the network allows.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ValkeyKv } from "../kv/backends.ts";
import { KvConnectionError, KvError } from "../kv/errors.ts";
import { openKv } from "../kv/open.ts";
import { environment } from "./support/environment.ts";
import { startFaultProxy } from "./support/fault_proxy.ts";
import { Prng } from "./support/prng.ts";
import { canStartValkey, findValkey, PATIENT, startValkey } from "./support/valkey_server.ts";

const SEED = Number(environment("JETKV_FAULT_SEED") ?? 1);
const CALLERS = 64;
const CUTS = 1_000;

/** How calls failed. */
interface Failures {
  notSentError: number;
  unknown: number;
  timeout: number;
}

/** What may be at a key: the last value known, or one of those whose outcome nobody knows. */
type Possible = Set<string | null>;

/**
 * One caller, with keys of its own and a memory of what it did to them. After an unknown outcome it
 * leaves the key alone: the lost command may still be on its way.
 */
class Caller {
  readonly #kv: ValkeyKv;
  readonly #name: string;
  readonly #prng: Prng;
  readonly #failures: Failures;
  #generation = 0;
  /** What it knows of the keys that it has left, and of the current one. */
  readonly strings = new Map<string, Possible>();
  readonly lists = new Map<string, { sure: string[]; maybe: string[] }>();
  readonly counters = new Map<string, { sure: number; maybe: number }>();

  constructor(kv: ValkeyKv, name: string, prng: Prng, failures: Failures) {
    this.#kv = kv;
    this.#name = name;
    this.#prng = prng;
    this.#failures = failures;
  }

  async step(): Promise<void> {
    const turn = this.#prng.below(10);
    if (turn < 3) await this.#put();
    else if (turn < 6) await this.#get();
    else if (turn < 8) await this.#append();
    else await this.#increment();
  }

  #key(kind: string): string {
    return `${kind}:${this.#name}:${this.#generation}`;
  }

  async #put(): Promise<void> {
    const key = this.#key("string");
    const value = `${key}=${this.#prng.next()}${"x".repeat(this.#prng.below(300))}`;
    const before = this.strings.get(key) ?? new Set([null]);
    const isDone = await this.#try(this.#kv.put(key, value));
    if (isDone === "unknown") this.strings.set(key, new Set([...before, value]));
    else if (isDone !== "not done") this.strings.set(key, new Set([value]));
  }

  async #get(): Promise<void> {
    const key = this.#key("string");
    let value: string | null = null;
    const isDone = await this.#try(this.#kv.get(key).then((found) => value = found));
    if (isDone !== "done") return;
    const possible = this.strings.get(key) ?? new Set([null]);
    ok(possible.has(value), `seed=${SEED}: ${key} is ${value}, not ${[...possible].join(" or ")}`);
  }

  async #append(): Promise<void> {
    const key = this.#key("list");
    const list = this.lists.get(key) ?? { sure: [], maybe: [] };
    const element = `${key}:${list.sure.length + list.maybe.length}`;
    this.lists.set(key, list);
    const isDone = await this.#try(this.#kv.append(key, element));
    if (isDone === "done") list.sure.push(element);
    if (isDone === "unknown") list.maybe.push(element);
  }

  async #increment(): Promise<void> {
    const key = this.#key("counter");
    const counter = this.counters.get(key) ?? { sure: 0, maybe: 0 };
    this.counters.set(key, counter);
    let sum = 0;
    const isDone = await this.#try(this.#kv.increment(key).then((found) => sum = found));
    if (isDone === "unknown") counter.maybe++;
    if (isDone === "done") strictEqual(sum, ++counter.sure, `seed=${SEED}: ${key} was added twice`);
  }

  async #try(call: Promise<unknown>): Promise<"done" | "not done" | "unknown"> {
    try {
      await call;
      return "done";
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      if (error instanceof KvConnectionError && error.outcome === "not_sent") {
        this.#failures.notSentError++;
        return "not done";
      }
      if (error instanceof KvConnectionError) this.#failures.unknown++;
      else if (error.code === "timeout") this.#failures.timeout++;
      else throw error;
      this.#generation++;
      return "unknown";
    }
  }

  /** Compares what it knows with what is there. */
  async check(kv: ValkeyKv): Promise<void> {
    for (const [key, possible] of this.strings) {
      const found = await kv.get(key);
      ok(possible.has(found), `seed=${SEED}: ${key} is ${found}`);
    }
    for (const [key, { sure, maybe }] of this.lists) {
      const found = await kv.range(key);
      deepStrictEqual(found.filter((item) => sure.includes(item)), sure, `seed=${SEED}: ${key}`);
      const others = found.filter((item) => !sure.includes(item));
      ok(others.every((item) => maybe.includes(item)), `seed=${SEED}: ${key} has ${others}`);
      strictEqual(new Set(found).size, found.length, `seed=${SEED}: ${key} has an element twice`);
    }
    for (const [key, { sure, maybe }] of this.counters) {
      const found = Number(await kv.get(key) ?? 0);
      ok(found >= sure && found <= sure + maybe, `seed=${SEED}: ${key} is ${found}`);
    }
  }
}

async function load(callers: readonly Caller[], isOver: () => boolean): Promise<void> {
  await Promise.all(callers.map(async (caller) => {
    while (!isOver()) await caller.step();
  }));
}

function makeCallers(kv: ValkeyKv, failures: Failures): Caller[] {
  return Array.from(
    { length: CALLERS },
    (_, i) => new Caller(kv, `${SEED}-${i}`, new Prng(SEED * 1000 + i), failures),
  );
}

const server = await findValkey();
const skip = "reason" in server ? server.reason : false;

describe("Valkey client under faults", () => {
  it(
    `keeps what was acknowledged while ${CUTS} connections are cut`,
    { skip, timeout: 120_000 },
    async () => {
      if ("reason" in server) return;
      const { port, database, url } = server;
      await using direct = await openKv({ ...PATIENT, backend: "valkey", url, database });
      await direct.command("FLUSHDB");
      const prng = new Prng(SEED);
      await using proxy = await startFaultProxy({ port, prng, bytesMax: 20_000 });
      const failures: Failures = { notSentError: 0, unknown: 0, timeout: 0 };
      await using kv = await openKv({
        backend: "valkey",
        url,
        port: proxy.port,
        database,
        connectMode: "lazy",
      });
      const callers = makeCallers(kv, failures);
      await load(callers, () => proxy.cutCount >= CUTS);
      proxy.stopCutting();
      await kv.flush();
      for (const caller of callers) await caller.check(direct);
      const { reconnects, inFlight } = await kv.stats();
      strictEqual(inFlight, 0);
      ok(reconnects > CUTS / 4, `only ${reconnects} of ${CUTS} cuts were followed by a connection`);
      // Each cut finds some of the 64 calls sent and unanswered, and at most all of them.
      ok(failures.unknown > 0 && failures.unknown <= CUTS * CALLERS, JSON.stringify(failures));
    },
  );

  it("is caught by this test if it sends a write twice", { skip }, async () => {
    if ("reason" in server) return;
    const { url, database } = server;
    await using kv = await openKv({ ...PATIENT, backend: "valkey", url, database });
    const twice = Object.create(kv) as ValkeyKv;
    twice.increment = async (key) => {
      await kv.increment(key);
      return await kv.increment(key);
    };
    const caller = new Caller(twice, `twice-${SEED}`, new Prng(SEED), {
      notSentError: 0,
      unknown: 0,
      timeout: 0,
    });
    const failed = await (async () => {
      for (let step = 0; step < 200; step++) await caller.step();
    })().then(() => false, () => true);
    ok(failed);
  });
});

const canStart = await canStartValkey();
const skipOwn = canStart ? false : "no permission to start a valkey-server, or none is installed";

describe("Valkey client and a server that", () => {
  it("is killed and started again under load", { skip: skipOwn, timeout: 60_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "jetkv-valkey-"));
    const args = ["--dir", directory, "--appendonly", "yes", "--appendfsync", "always"];
    const failures: Failures = { notSentError: 0, unknown: 0, timeout: 0 };
    let own = await startValkey({ args });
    const { port } = own;
    try {
      await using kv = await openKv({ backend: "valkey", port, connectTimeout: 5_000 });
      const callers = makeCallers(kv, failures);
      for (let round = 0; round < 3; round++) {
        let isOver = false;
        const loading = load(callers, () => isOver);
        await new Promise((resolve) => setTimeout(resolve, 100));
        own.signal("SIGKILL");
        await own.stop();
        own = await startValkey({ args, port });
        await kv.flush();
        isOver = true;
        await loading;
      }
      for (const caller of callers) await caller.check(kv);
      ok(failures.unknown > 0, JSON.stringify(failures));
      ok((await kv.stats()).reconnects >= 3);
    } finally {
      await own.stop();
      await rm(directory, { recursive: true });
    }
  });

  it("freezes while a call waits: close() ends it", { skip: skipOwn }, async () => {
    await using own = await startValkey();
    const kv = await openKv({ backend: "valkey", port: own.port, readTimeout: 100 });
    const waiting = kv.pop("jobs", { wait: true }).then(() => null, (error: unknown) => error);
    await kv.append("other", "wake");
    await kv.popFirst("other", { wait: true });
    while (!String(await kv.command("CLIENT", "LIST")).includes("cmd=brpop")) await kv.flush();
    own.signal("SIGSTOP");
    await kv.close();
    const error = await waiting;
    ok(error instanceof KvError && ["closed", "connection", "timeout"].includes(error.code));
    own.signal("SIGCONT");
  });

  it("freezes: every call settles, and work goes on once it thaws", { skip: skipOwn }, async () => {
    await using own = await startValkey();
    await using kv = await openKv({
      backend: "valkey",
      port: own.port,
      connectTimeout: 100,
      readTimeout: 100,
    });
    own.signal("SIGSTOP");
    const calls = Array.from({ length: 1_000 }, (_, i) => kv.increment(`n${i % 10}`));
    const waiting = kv.pop("jobs", { wait: 50 });
    const outcomes = await Promise.allSettled([...calls, waiting]);
    for (const outcome of outcomes) {
      ok(outcome.status === "rejected" && outcome.reason instanceof KvError);
      ok(["timeout", "connection"].includes(outcome.reason.code), String(outcome.reason));
    }
    const late = await Promise.allSettled(Array.from({ length: 100 }, () => kv.get("n0")));
    ok(late.every(({ status }) => status === "rejected"));
    own.signal("SIGCONT");
    await using patient = await openKv({ ...PATIENT, backend: "valkey", port: own.port });
    strictEqual(await patient.put("k", "v"), true);
    for (;;) {
      const value = await kv.get("k").catch(() => null);
      if (value === "v") break;
    }
  });
});
