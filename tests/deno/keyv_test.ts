/**
 * The adapter for keyv under the real package: what its users call, on a store whose clock moves.
 */

import { assert, assertEquals } from "@std/assert";
import Keyv, { type KeyvOptions, type KeyvStoreAdapter } from "keyv";
import { KeyvStore } from "../../adapters/keyv.ts";
import { json } from "../../kv/codec.ts";
import type { Kv } from "../../kv/kv.ts";
import { openMemorySubject } from "../support/memory_subject.ts";

function keyvOn(kv: Kv<unknown, never>, options: KeyvOptions = {}): Keyv {
  const store: KeyvStoreAdapter = new KeyvStore(kv); // what keyv asks for, by type
  return new Keyv({ store, throwOnErrors: true, ...options });
}

async function entriesOf(keyv: Keyv): Promise<Map<string, unknown>> {
  const entries = new Map<string, unknown>();
  for await (const [key, value] of keyv.iterator!(undefined)) entries.set(key, value);
  return entries;
}

Deno.test("Keyv gives back values of each kind that it serializes", async () => {
  await using subject = openMemorySubject();
  const keyv = keyvOn(subject.kv);
  const values = ["text", ":colon", "", 0, 1.5, false, null, [1, [2]], { a: { b: "ü" } }];
  for (const value of values) {
    assertEquals(await keyv.set("key", value), true);
    assertEquals(await keyv.get("key"), value);
  }
  const bytes = Uint8Array.of(0, 255, 128);
  await keyv.set("key", { bytes: Buffer.from(bytes) });
  assertEquals(Uint8Array.from((await keyv.get("key")).bytes), bytes);
  assertEquals(await keyv.get("nobody"), undefined);
});

Deno.test("Keyv with a ttl leaves the expiry to the store", async () => {
  await using subject = openMemorySubject();
  const { kv, advance } = subject;
  const keyv = keyvOn(kv, { ttl: 10_000 });
  await keyv.set("default", 1);
  await keyv.set("own", 2, 20_000.5);
  await keyv.set("for ever", 3, 0);
  await keyv.set("endless", 4, Infinity);
  assertEquals((await kv.inspect("keyv:default"))?.expiresIn, 10_000);
  assertEquals((await kv.inspect("keyv:own"))?.expiresIn, 20_001);
  assertEquals((await kv.inspect("keyv:for ever"))?.expiresIn, null);
  assertEquals((await kv.inspect("keyv:endless"))?.expiresIn, null);

  await advance(10_000);
  assertEquals(await keyv.get(["default", "own", "for ever"]), [undefined, 2, 3]);
  assertEquals(await keyv.has("default"), false);
  const message = "Cannot take NaN as expireIn: it must be a whole number from 1 to 2^53 − 1";
  assertEquals(await failureOf(new KeyvStore(kv).set("keyv:own", "late", NaN)), message);
  assertEquals(await kv.has("keyv:own"), true);
  await keyv.set("own", "late", -1);
  assertEquals(await kv.has("keyv:own"), false);
});

Deno.test("Keyv reads, sets and deletes many", async () => {
  await using subject = openMemorySubject();
  const keyv = keyvOn(subject.kv);
  const entries = [{ key: "a", value: 1 }, { key: "b", value: 2, ttl: 5_000 }];
  assertEquals(await keyv.setMany(entries), [true, true]);
  assertEquals((await subject.kv.inspect("keyv:b"))?.expiresIn, 5_000);
  assertEquals(await keyv.getMany(["b", "none", "a"]), [2, undefined, 1]);
  assertEquals(await keyv.getManyRaw(["a"]), [{ value: 1 }]);
  assertEquals(await keyv.has(["a", "none"]), [true, false]);
  assertEquals(await keyv.delete("a"), true);
  assertEquals(await keyv.delete("a"), false);
  assertEquals(await keyv.deleteMany(["a", "b"]), false);
  assertEquals(await keyv.has("b"), false);
  assertEquals(await keyv.deleteMany([]), true);
});

Deno.test("Keyv.clear() and Keyv.iterator() keep to their namespace", async () => {
  await using subject = openMemorySubject();
  const { kv } = subject;
  const users = keyvOn(kv, { namespace: "users" });
  const pages = keyvOn(kv, { namespace: "pages" });
  await kv.put("usersfirst", "not a user");
  for (let i = 0; i < 300; i++) await users.set(`${i}`, { i });
  await pages.set("/", "home");

  const listed = await entriesOf(users);
  assertEquals(listed.size, 300);
  assertEquals(listed.get("299"), { i: 299 });
  await users.clear();
  assertEquals((await entriesOf(users)).size, 0);
  assertEquals(await entriesOf(pages), new Map([["/", "home"]]));
  assertEquals(await kv.get("usersfirst"), "not a user");
});

Deno.test("Keyv without namespace and prefix has the keys of its view to itself", async () => {
  await using subject = openMemorySubject();
  const { kv } = subject;
  const users = kv.namespace("users:").withCodec(json<{ name: string }>());
  const keyv = keyvOn(users, { namespace: "", useKeyPrefix: false });
  await kv.put("page", "kept");
  await keyv.set("42", "Ada");
  assertEquals(await kv.get("users:42"), '{"value":"Ada"}');
  assertEquals(await entriesOf(keyv), new Map([["42", "Ada"]]));
  await keyv.clear();
  assertEquals(await kv.has("users:42"), false);
  assertEquals(await kv.get("page"), "kept");
});

Deno.test("KeyvStore answers by itself as it does to Keyv", async () => {
  await using subject = openMemorySubject();
  const store = new KeyvStore(subject.kv);
  assertEquals(await store.set("a", "1", 0), true);
  assertEquals((await subject.kv.inspect("a"))?.expiresIn, null);
  assertEquals(await store.get("none"), undefined);
  assertEquals(await store.getMany(["none", "a"]), [undefined, "1"]);
});

Deno.test("Keyv spares the arrays of a store, and tells of what fails", async () => {
  await using subject = openMemorySubject();
  const { kv } = subject;
  const keyv = keyvOn(kv);
  const errors: unknown[] = [];
  keyv.on("error", (error) => errors.push(error));
  await kv.append("keyv:jobs", "resize 42.png");
  assertEquals(await failureOf(keyv.get("jobs")), 'Cannot get "keyv:jobs": it holds an array');
  assertEquals(await keyv.delete("jobs"), false);
  assertEquals(await kv.length("keyv:jobs"), 1);

  const unserialized = keyvOn(kv, { serialize: undefined } as unknown as KeyvOptions);
  assertEquals(
    await failureOf(unserialized.set("a", { b: 1 })),
    'Cannot set "keyv:a": keyv\'s serialize must make text of the value',
  );
  assertEquals(await kv.has("keyv:a"), false);
  await kv.close();
  assertEquals(await failureOf(keyv.set("a", 1)), "Cannot use the store: it is closed");
  assertEquals(errors.length, 1);
});

Deno.test("Keyv.disconnect() leaves the store to who opened it", async () => {
  await using subject = openMemorySubject();
  const users = keyvOn(subject.kv, { namespace: "users" });
  const pages = keyvOn(subject.kv, { namespace: "pages" });
  await users.disconnect();
  await pages.set("/", "home");
  assertEquals(await subject.kv.has("pages:/"), true);
});

async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert(error instanceof Error);
    return error.message;
  }
  return "it succeeded";
}
