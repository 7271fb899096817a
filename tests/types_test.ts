/**
 * What the compiler promises: what `openKv` returns for each form, that values have their type on
 * every way in and out, and that a wrong option does not compile. `deno check` is the judge; the
 * functions here are never called.
 */

import { ok } from "node:assert/strict";
import { describe, it } from "node:test";
import * as mod from "../mod.ts";
import {
  bytes,
  type Codec,
  type FileKv,
  type Inspection,
  json,
  type Kv,
  KvConnectionError,
  KvCorruptError,
  KvError,
  type KvErrorCode,
  type KvOptions,
  type MemoryKv,
  openKv,
  type Reply,
  text,
  type ValkeyKv,
  type Value,
} from "../mod.ts";

/** Whether two types are the same, not only assignable. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles where `T` is what it must be. */
function holds<T extends true>(): T | undefined {
  return undefined;
}

interface User {
  readonly name: string;
}

type AnyKv = MemoryKv | FileKv | ValkeyKv;

function opened(url: string, maybe: string | undefined, options: KvOptions, port: number): void {
  const none = openKv();
  holds<Equal<typeof none, Promise<MemoryKv>>>();
  const memory = openKv({ backend: "memory", maxEntries: 10, maxBytes: 2 ** 20 });
  holds<Equal<typeof memory, Promise<MemoryKv>>>();
  const memoryUrl = openKv("memory:");
  holds<Equal<typeof memoryUrl, Promise<MemoryKv>>>();
  const memoryParameters = openKv("memory:?maxEntries=10");
  holds<Equal<typeof memoryParameters, Promise<MemoryKv>>>();
  const file = openKv({ backend: "file", path: "a.db", durability: "power", truncate: true });
  holds<Equal<typeof file, Promise<FileKv>>>();
  const filePath = openKv({ backend: "file", path: new URL("file:///a.db"), lock: "wait" });
  holds<Equal<typeof filePath, Promise<FileKv>>>();
  const fileUrl = openKv("file:./a.db?durability=power");
  holds<Equal<typeof fileUrl, Promise<FileKv>>>();
  const valkey = openKv({ backend: "valkey", host: "::1", port, connectMode: "lazy" });
  holds<Equal<typeof valkey, Promise<ValkeyKv>>>();
  const tls = openKv({ backend: "valkey", url, tls: { caCerts: ["…"] }, poolSize: 2 });
  holds<Equal<typeof tls, Promise<ValkeyKv>>>();
  const valkeyUrl = openKv("valkey://127.0.0.1:6379/1");
  holds<Equal<typeof valkeyUrl, Promise<ValkeyKv>>>();
  const valkeysUrl = openKv("valkeys://user:password@host");
  holds<Equal<typeof valkeysUrl, Promise<ValkeyKv>>>();
  const redisUrl = openKv(`redis://127.0.0.1:${port}` as const);
  holds<Equal<typeof redisUrl, Promise<ValkeyKv>>>();
  const redissUrl = openKv("rediss://host");
  holds<Equal<typeof redissUrl, Promise<ValkeyKv>>>();

  const anyUrl = openKv(url);
  holds<Equal<typeof anyUrl, Promise<AnyKv>>>();
  const maybeUrl = openKv(maybe);
  holds<Equal<typeof maybeUrl, Promise<AnyKv>>>();
  const urlObject = openKv(new URL("valkey://host"));
  holds<Equal<typeof urlObject, Promise<AnyKv>>>();
  const anyOptions = openKv(options);
  holds<Equal<typeof anyOptions, Promise<AnyKv>>>();
}

/** A store whose backend is known at run time only is a `Kv`, and more where that is asked for. */
async function narrowed(kv: AnyKv): Promise<void> {
  const any: Kv = kv;
  const users = kv.namespace("users:").withCodec(json<User>());
  holds<Equal<typeof users, Kv<User>>>();
  if (kv.backend === "file") await kv.sync();
  if (kv.backend === "valkey") await kv.flush();
  // @ts-expect-error: not every store has it
  await kv.sync();
  void any;
}

function wrongStores(kv: Kv): void {
  const readsAny: Kv<unknown, never> = kv;
  const roles: Kv<"admin" | "guest"> = kv.withCodec(json<"admin" | "guest">());
  const strings = kv.withCodec(json<string>());
  const same: Kv<string, string> = strings;
  // @ts-expect-error: bytes are no JSON
  const takesBytes: Kv = strings;
  // @ts-expect-error: a number is not always text
  const readsText: Kv<string, number> = kv.withCodec(json<string | number>());
  void [readsAny, roles, same, takesBytes, readsText];
}

function wrongOptions(): void {
  // @ts-expect-error: no such backend
  openKv({ backend: "redis" });
  // @ts-expect-error: the backend must be told
  openKv({ maxEntries: 10 });
  // @ts-expect-error: a number is no options
  openKv(6379);
  // @ts-expect-error: null is no options
  openKv(null);
  // @ts-expect-error: an option of another backend
  openKv({ backend: "memory", path: "a.db" });
  // @ts-expect-error: a typo
  openKv({ backend: "memory", maxEntires: 10 });
  // @ts-expect-error: a number as text
  openKv({ backend: "memory", maxEntries: "10" });
  // @ts-expect-error: a file has a path
  openKv({ backend: "file" });
  // @ts-expect-error: no such durability
  openKv({ backend: "file", path: "a.db", durability: "never" });
  // @ts-expect-error: no such connect mode
  openKv({ backend: "valkey", connectMode: "eager" });
  // @ts-expect-error: a port is a number
  openKv({ backend: "valkey", port: "6379" });
}

async function strings(kv: Kv, data: Uint8Array, value: Value): Promise<void> {
  holds<Equal<Kv, Kv<string, Value>>>();
  const got = await kv.get("k");
  holds<Equal<typeof got, string | null>>();
  const removed = await kv.fetchRemove("k");
  holds<Equal<typeof removed, string | null>>();
  const many = await kv.getMany(new Set(["k"]));
  holds<Equal<typeof many, (string | null)[]>>();
  const range = await kv.range("k", 0, -1);
  holds<Equal<typeof range, string[]>>();
  const popped = await kv.pop("k", { wait: true, signal: AbortSignal.timeout(1_000) });
  holds<Equal<typeof popped, string | null>>();
  const inspection = await kv.inspect("k");
  holds<Equal<typeof inspection, Inspection | null>>();
  for await (const key of kv.keys({ prefix: "a", limit: 1 })) holds<Equal<typeof key, string>>();
  for await (const entry of kv.entries()) holds<Equal<typeof entry, [string, string]>>();
  await kv.put("k", data, { expireIn: 1, ifAbsent: true, keepTtl: undefined });
  await kv.putMany(new Map<string, Value>([["k", data], ["j", "text"]]), { expireIn: 1 });
  await kv.append("k", "text", data, value);
  await using scoped: AsyncDisposable = kv;
  holds<Equal<typeof scoped, AsyncDisposable>>();
}

function wrongCalls(kv: Kv): void {
  // @ts-expect-error: a number is no value
  kv.put("k", 5);
  // @ts-expect-error: a number is no key
  kv.get(5);
  // @ts-expect-error: a typo
  kv.put("k", "v", { expiresIn: 1 });
  // @ts-expect-error: a duration is a number
  kv.putExpire("k", "v", "1000");
  // @ts-expect-error: both ends must be told
  kv.move("a", "b", { take: "first" });
  // @ts-expect-error: an end is first or last
  kv.move("a", "b", { take: "left", put: "right" });
  // @ts-expect-error: the prefix must be told
  kv.clear({});
  // @ts-expect-error: the prefix must be told
  kv.clear();
  // @ts-expect-error: only a file store syncs
  kv.sync();
  // @ts-expect-error: only a Valkey store takes commands
  kv.command("PING");
  // @ts-expect-error: the backend of a store does not change
  kv.backend = "file";
}

async function typed(kv: Kv): Promise<void> {
  const users = kv.withCodec(json<User>());
  holds<Equal<typeof users, Kv<User, User>>>();
  const ada = await users.get("ada");
  holds<Equal<typeof ada, User | null>>();
  const moved = await users.move("a", "b", { take: "last", put: "first", wait: 1 });
  holds<Equal<typeof moved, User | null>>();
  for await (const [, user] of users.entries()) holds<Equal<typeof user, User>>();
  const inside = users.namespace("n:");
  holds<Equal<typeof inside, Kv<User, User>>>();
  await users.put("ada", { name: "Ada" });
  // @ts-expect-error: a string is no user
  await users.put("ada", "Ada");
  // @ts-expect-error: a user has a name
  await users.append("users", { name: "Ada" }, {});
  // @ts-expect-error: what is compared is a user too
  await users.putIfEqual("ada", "Ada", { name: "Ada" });

  const binary = kv.withCodec(bytes);
  holds<Equal<typeof binary, Kv<Uint8Array, Value>>>();
  const back = binary.withCodec(text);
  holds<Equal<typeof back, Kv>>();
  const dates: Codec<Date, Date | number> = {
    encode: (value) => new Date(value).toISOString(),
    decode: (value) => new Date(new TextDecoder().decode(value)),
  };
  const seen = kv.withCodec(dates);
  holds<Equal<typeof seen, Kv<Date, Date | number>>>();
  await seen.put("ada", 0);
  // @ts-expect-error: a codec has two halves
  kv.withCodec({ encode: (value: string) => value });
}

async function backends(memory: MemoryKv, file: FileKv, valkey: ValkeyKv): Promise<void> {
  const stores: readonly Kv[] = [memory, file, valkey];
  holds<Equal<typeof memory.backend, "memory">>();
  holds<Equal<typeof file.backend, "file">>();
  holds<Equal<typeof valkey.backend, "valkey">>();
  const backend = stores[0]?.backend;
  holds<Equal<typeof backend, "memory" | "file" | "valkey" | undefined>>();
  await file.sync();
  const problems = await file.check();
  holds<Equal<typeof problems, string[]>>();
  const reply = await valkey.command("SET", "k", new Uint8Array(1), "PX", 1_000);
  holds<Equal<typeof reply, Reply>>();
  // @ts-expect-error: a memory store has nothing to sync
  await memory.sync();
}

function failed(error: unknown): void {
  if (error instanceof KvCorruptError) holds<Equal<typeof error.offset, number>>();
  if (error instanceof KvConnectionError) {
    holds<Equal<typeof error.outcome, "not_sent" | "unknown">>();
  }
  if (!(error instanceof KvError)) return;
  holds<Equal<typeof error.code, KvErrorCode>>();
  // @ts-expect-error: no such code
  if (error.code === "wrong type") return;
}

/** So that the compiler does not call the functions above unused. */
const judged = {
  opened,
  narrowed,
  wrongStores,
  wrongOptions,
  strings,
  wrongCalls,
  typed,
  backends,
  failed,
};

describe("types", () => {
  it("mod.ts exports at run time what its types are made with", () => {
    const values = ["addressSpaceSize", "bytes", "json", "openKv", "text", "KvError"];
    for (const name of values) ok(name in mod, name);
    for (const name of Object.keys(judged)) ok(name);
  });
});
