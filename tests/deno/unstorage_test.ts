/**
 * The driver for unstorage under the real package: what its users call, on a store whose clock
 * moves.
 */

import { assert, assertEquals } from "@std/assert";
import { createStorage, type Driver, prefixStorage, type Storage } from "unstorage";
import { unstorageDriver, type UnstorageOptions } from "../../adapters/unstorage.ts";
import { bytes } from "../../kv/codec.ts";
import type { Kv } from "../../kv/kv.ts";
import { openMemorySubject } from "../support/memory_subject.ts";

function storageOn(kv: Kv<unknown, never>, options?: UnstorageOptions): Storage {
  const driver: Driver = unstorageDriver(kv, options); // what unstorage asks for, by type
  return createStorage({ driver });
}

Deno.test("createStorage() gives back values of each kind that it stores", async () => {
  await using subject = openMemorySubject();
  const storage = storageOn(subject.kv);
  for (const value of ["text", "", 0, 1.5, false, null, [1, [2]], { a: { b: "ü" } }]) {
    await storage.setItem("a:b", value);
    assertEquals(await storage.getItem("a:b"), value);
    assertEquals(await storage.hasItem("a/b"), true);
  }
  await storage.removeItem("a:b");
  assertEquals(await storage.getItem("a:b"), null);
  assertEquals(await storage.hasItem("a:b"), false);
  await storage.setItems([{ key: "x", value: { i: 1 } }, { key: "y", value: { i: 2 } }]);
  assertEquals(await storage.getItems<object>(["y", "none", { key: "x" }]), [
    { key: "y", value: { i: 2 } },
    { key: "none", value: null as unknown as object },
    { key: "x", value: { i: 1 } },
  ]);
});

Deno.test("setItemRaw() stores bytes as they are", async () => {
  await using subject = openMemorySubject();
  const storage = storageOn(subject.kv);
  const pixel = Uint8Array.of(255, 0, 128, 10);
  const given = [pixel, pixel.buffer, new DataView(pixel.buffer), new Uint16Array(pixel.buffer)];
  for (const value of given) {
    await storage.setItemRaw("pixel", value);
    assertEquals(await storage.getItemRaw("pixel"), pixel);
  }
  assertEquals(await subject.kv.withCodec(bytes).get("pixel"), pixel);
  await storage.setItemRaw("pixel", new Uint16Array(pixel.buffer, 2, 1));
  assertEquals(await storage.getItemRaw("pixel"), pixel.subarray(2));
  await storage.setItemRaw("text", "ü");
  assertEquals(await storage.getItemRaw("text"), new TextEncoder().encode("ü"));
  assertEquals(await storage.getItemRaw("none"), null);
  assertEquals(
    await failureOf(storage.setItemRaw("object", { a: 1 })),
    'Cannot set "object" raw: the value must be bytes or text',
  );
});

Deno.test("setItem() with a ttl leaves the expiry to the store", async () => {
  await using subject = openMemorySubject();
  const { kv, advance } = subject;
  const storage = storageOn(kv, { ttl: 10 });
  await storage.setItem("default", "a");
  await storage.setItem("own", "b", { ttl: 20.0005 });
  await storage.setItemRaw("raw", Uint8Array.of(1), { ttl: 30 });
  await storage.setItem("for ever", "c", { ttl: 0 });
  await storage.setItems([{ key: "many", value: "d", options: { ttl: 40 } }], { ttl: 50 });
  assertEquals((await kv.inspect("default"))?.expiresIn, 10_000);
  assertEquals((await kv.inspect("own"))?.expiresIn, 20_001);
  assertEquals((await kv.inspect("raw"))?.expiresIn, 30_000);
  assertEquals((await kv.inspect("many"))?.expiresIn, 40_000);
  assertEquals((await storage.getMeta("raw")).ttl, 30);
  assertEquals({ ...await storage.getMeta("for ever") }, { size: 1 });

  await advance(10_000);
  assertEquals(await storage.getItem("default"), null);
  assertEquals(await storage.hasItem("default"), false);
  assertEquals((await storage.getMeta("own")).ttl, 10.001);
  await storage.setMeta("own", { mtime: new Date(0) });
  assertEquals((await storage.getMeta("own")).mtime, new Date(0));
  assertEquals(
    await failureOf(storage.setItem("past", "e", { ttl: -1 })),
    "Cannot take -1 as ttl: it must be a number of seconds from 0",
  );
});

Deno.test("getKeys() and clear() keep to their base", async () => {
  await using subject = openMemorySubject();
  const { kv } = subject;
  const storage = storageOn(kv.namespace("storage:"));
  await kv.put("users:0", "not in the storage");
  for (let i = 0; i < 300; i++) await storage.setItem(`users:${i}`, i);
  await storage.setItem("usersfirst", "kept");
  await storage.setItem("pages:home:title", "Home");

  assertEquals((await storage.getKeys()).length, 302);
  assertEquals((await storage.getKeys("users")).length, 300);
  assertEquals(await storage.getKeys("pages:"), ["pages:home:title"]);
  assertEquals(await storage.getKeys("", { maxDepth: 0 }), ["usersfirst"]);
  assertEquals(await prefixStorage(storage, "pages").getKeys(), ["home:title"]);
  const driver = unstorageDriver(kv.namespace("storage:"));
  assertEquals(await driver.getKeys("pages:"), ["pages:home:title"]);
  await driver.clear("users:");
  assertEquals((await storage.getKeys()).sort(), ["pages:home:title", "usersfirst"]);
  await storage.clear();
  assertEquals(await storage.getKeys(), []);
  assertEquals(await kv.get("users:0"), "not in the storage");
});

Deno.test("mount() puts a store at a base of another", async () => {
  await using subject = openMemorySubject();
  const storage = createStorage().mount("kv", unstorageDriver(subject.kv));
  await storage.setItem("kv:a", 1);
  await storage.setItem("elsewhere", 2);
  assertEquals(await subject.kv.get("a"), "1");
  assertEquals((await storage.getKeys()).sort(), ["elsewhere", "kv:a"]);
  await storage.clear("elsewhere");
  assertEquals(await subject.kv.get("a"), "1");
  await storage.clear("kv");
  assertEquals(await storage.getKeys(), ["elsewhere"]);
});

Deno.test("watch() of a storage on a Kv is refused", async () => {
  await using subject = openMemorySubject();
  assertEquals(
    await failureOf(storageOn(subject.kv).watch(() => {})),
    "Cannot watch a JetKV store: it does not tell of changes",
  );
});

Deno.test("the driver spares arrays, and tells of what fails", async () => {
  await using subject = openMemorySubject();
  const { kv } = subject;
  const storage = storageOn(kv);
  await kv.append("jobs", "resize 42.png");
  assertEquals(await failureOf(storage.getItem("jobs")), 'Cannot get "jobs": it holds an array');
  await storage.removeItem("jobs");
  assertEquals(await kv.length("jobs"), 1);
  assertEquals({ ...await storage.getMeta("jobs", { nativeOnly: true }) }, {});
  await storage.setItemRaw("raw", Uint8Array.of(255));
  assertEquals(
    await failureOf(storage.getItem("raw")),
    "Cannot read a value as text: its bytes are not UTF-8; withCodec(bytes) reads them",
  );
  assertEquals(
    await failureOf(Promise.try(() => unstorageDriver(kv, { tll: 1 } as UnstorageOptions))),
    'Cannot make a driver with the option "tll": known are ttl',
  );
  for (const ttl of [-1, NaN, 2 ** 53]) {
    assertEquals(
      await failureOf(Promise.try(() => unstorageDriver(kv, { ttl }))),
      `Cannot take ${ttl} as ttl: it must be a number of seconds from 0`,
    );
  }
});

Deno.test("dispose() leaves the store to who opened it", async () => {
  await using subject = openMemorySubject();
  await storageOn(subject.kv).dispose();
  await subject.kv.put("a", "still open");
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
