/**
 * Options: every form says the same thing, defaults stand in one place, and a typo is never
 * silently ignored.
 */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { addressSpaceSize, checkKvOptions } from "../kv/checked_options.ts";
import { openKv } from "../kv/open.ts";
import type { KvOptions } from "../kv/options.ts";

const memoryDefaults = { backend: "memory", maxEntries: undefined, maxBytes: undefined };

const fileDefaults = {
  backend: "file",
  path: "./a.db",
  truncate: false,
  addressSpaceSize: addressSpaceSize(4096),
  durability: "process",
  cacheBytes: 256 * 2 ** 20,
  lock: "fail",
  signal: undefined,
};

const valkeyDefaults = {
  backend: "valkey",
  host: "127.0.0.1",
  port: 6379,
  username: undefined,
  password: undefined,
  database: 0,
  tls: false,
  poolSize: 8,
  bufferSize: 8192,
  connectMode: "auto",
  connectTimeout: 1_000,
  readTimeout: 1_000,
  offlineQueue: 10_000,
  reconnect: true,
  clientName: undefined,
};

/** Forms, and what they come to beyond the defaults. */
const memoryForms: readonly [given: string | URL | KvOptions | undefined, expected: object][] = [
  [undefined, {}],
  ["memory:", {}],
  ["memory:?maxEntries=10", { maxEntries: 10 }],
  [new URL("memory:?maxEntries=10&maxBytes=20"), { maxEntries: 10, maxBytes: 20 }],
  [{ backend: "memory" }, {}],
  [{ backend: "memory", maxEntries: undefined, maxBytes: 2 ** 53 - 1 }, { maxBytes: 2 ** 53 - 1 }],
];

const signal = new AbortController().signal;

const fileForms: readonly [given: string | URL | KvOptions, expected: object][] = [
  ["file:./a.db", {}],
  ["file:a.db", { path: "a.db" }],
  ["file:/var/a.db", { path: "/var/a.db" }],
  ["file:///var/a.db", { path: "/var/a.db" }],
  ["file://localhost/var/a.db", { path: "/var/a.db" }],
  ["file:./a%20b%3F.db", { path: "./a b?.db" }],
  ["file:./é.db", { path: "./é.db" }],
  ["file:redis:x", { path: "./redis:x" }],
  [new URL("file:///var/a%20b.db?lock=wait"), { path: "/var/a b.db", lock: "wait" }],
  ["file:./a.db?durability=power&truncate=true", { durability: "power", truncate: true }],
  ["file:./a.db?addressSpaceSize=64&cacheBytes=1048576&lock=wait", {
    addressSpaceSize: 64,
    cacheBytes: 2 ** 20,
    lock: "wait",
  }],
  [{ backend: "file", path: "./a.db" }, {}],
  [{ backend: "file", path: "./a.db", truncate: undefined }, {}],
  [{ backend: "file", path: new URL("file:///var/a%20b.db"), signal }, {
    path: "/var/a b.db",
    signal,
  }],
];

const valkeyForms: readonly [given: string | URL | KvOptions, expected: object][] = [
  ["valkey://127.0.0.1", {}],
  ["valkey:", {}],
  ["redis://cache.local:7000/3", { host: "cache.local", port: 7000, database: 3 }],
  ["valkey://[::1]:7000", { host: "::1", port: 7000 }],
  [{ backend: "valkey", host: "[::1]" }, { host: "::1" }],
  ["valkeys://ada:p%40ss%2F@host", { host: "host", username: "ada", password: "p@ss/", tls: {} }],
  ["rediss://:secret@host", { host: "host", password: "secret", tls: {} }],
  [new URL("valkey://host/?poolSize=2&connectMode=lazy"), {
    host: "host",
    poolSize: 2,
    connectMode: "lazy",
  }],
  ["valkey://host?reconnect=false&readTimeout=5&clientName=a%20b", {
    host: "host",
    reconnect: false,
    readTimeout: 5,
    clientName: "a b",
  }],
  [{ backend: "valkey" }, {}],
  [{ backend: "valkey", url: "redis://host:7000", port: 8000 }, { host: "host", port: 8000 }],
  [{ backend: "valkey", tls: { serverName: "a" } }, { tls: { serverName: "a" } }],
  [{ backend: "valkey", url: "rediss://host", tls: false }, { host: "host", tls: false }],
];

/** What no backend takes, and a word that the message must have. */
const misuse: readonly [given: unknown, error: "TypeError" | "RangeError", word: RegExp][] = [
  [null, "TypeError", /with null: pass a plain object or a URL/],
  [6379, "TypeError", /with a number: pass a plain object or a URL/],
  ["localhost:6379", "TypeError", /; for a server write "valkey:\/\/localhost:6379"$/],
  [{}, "TypeError", /"memory", "file", "valkey"/],
  [[], "TypeError", /with an array: pass a plain object/],
  [new Map([["backend", "memory"]]), "TypeError", /plain object/],
  [Object.create({ backend: "memory" }), "TypeError", /plain object/],
  [{ backend: "redis" }, "TypeError", /"redis".*"memory", "file", "valkey"/],
  [{ backend: "memory", maxEntires: 5 }, "TypeError", /"maxEntires".*maxEntries, maxBytes/],
  [{ backend: "memory", path: "a" }, "TypeError", /"path".*maxEntries/],
  [{ backend: "memory", maxEntries: "5" }, "TypeError", /maxEntries/],
  [{ backend: "memory", maxEntries: 0 }, "RangeError", /maxEntries/],
  [{ backend: "memory", maxBytes: 1.5 }, "RangeError", /maxBytes/],
  [{ backend: "memory", maxBytes: 2 ** 53 }, "RangeError", /maxBytes/],
  [{ backend: "file" }, "TypeError", /path/],
  [{ backend: "file", path: "" }, "TypeError", /path/],
  [{ backend: "file", path: "\ud800" }, "TypeError", /lone surrogate/],
  [{ backend: "file", path: "a\0b" }, "TypeError", /"a\\u0000b": it has a NUL$/],
  [{ backend: "file", path: new URL("file:///a%00b") }, "TypeError", /NUL$/],
  ["file:a%00b", "TypeError", /NUL$/],
  [{ backend: "file", path: 5 }, "TypeError", /path: it must be a string or a file: URL/],
  [{ backend: "file", path: new URL("https://a/b") }, "TypeError", /path/],
  [{ backend: "file", path: "file:a.db" }, "TypeError", /a URL; .* write ".\/file:a.db"$/],
  [{ backend: "file", path: new URL("file:///a.db?lock=wait") }, "TypeError", /parameters/],
  [{ backend: "file", path: "a", durability: "never" }, "TypeError", /"process", "power"/],
  [{ backend: "file", path: "a", durability: true }, "TypeError", /a boolean as durability/],
  [{ backend: "file", path: "a", cacheBytes: 5 }, "RangeError", /cacheBytes/],
  [{ backend: "file", path: "a", truncate: "true" }, "TypeError", /truncate/],
  [{ backend: "file", path: "a", signal: {} }, "TypeError", /signal/],
  [{ backend: "valkey", host: "" }, "TypeError", /host has no name/],
  [{ backend: "valkey", host: "[]" }, "TypeError", /host has no name/],
  [{ backend: "valkey", host: "10.0.0.5:6379" }, "TypeError", /more than a name; see port, url$/],
  [{ backend: "valkey", host: "valkey://a:b@c" }, "TypeError", /more than a name; see port, url$/],
  [{ backend: "valkey", host: "[::1]:6379" }, "TypeError", /more than a name; see port, url$/],
  [{ backend: "valkey", prot: 1 }, "TypeError", /"prot".*port/],
  [{ backend: "valkey", ulr: "valkey://host" }, "TypeError", /"ulr".*url/],
  [{ backend: "valkey", url: 5 }, "TypeError", /url/],
  [{ backend: "valkey", bufferSize: 2 ** 40 }, "RangeError", /bufferSize.* to 1073741824/],
  [{ backend: "valkey", port: 65_536 }, "RangeError", /port/],
  [{ backend: "valkey", port: "6379" }, "TypeError", /port/],
  [{ backend: "valkey", tls: { cacert: "" } }, "TypeError", /"cacert".*caCerts/],
  [{ backend: "valkey", tls: null }, "TypeError", /null as tls: .* true, false or an object/],
  [{ backend: "valkey", tls: [] }, "TypeError", /an array as options/],
  [{ backend: "valkey", tls: { caCerts: "PEM" } }, "TypeError", /caCerts.*array of strings/],
  [{ backend: "valkey", tls: { cert: 5 } }, "TypeError", /cert/],
  [{ backend: "valkey", tls: { key: {} } }, "TypeError", /key/],
  [{ backend: "valkey", tls: { cert: "PEM" } }, "TypeError", /give both cert and key/],
  [{ backend: "valkey", tls: { key: "PEM" } }, "TypeError", /give both cert and key/],
  [{ backend: "valkey", tls: { serverName: 5 } }, "TypeError", /serverName/],
  [{ backend: "valkey", url: "memory:" }, "TypeError", /memory:/],
  ["", "TypeError", /no URL.*; for a file write "file:.\/app.db"$/],
  ["./data/kv.db", "TypeError", /no URL.*; for a file write "file:.\/data\/kv.db"$/],
  ["ada:secret", "TypeError", /the scheme "ada:": known are [^;]*$/],
  ["//ada:secret@host", "TypeError", /no URL.*; for a file write "file:.\/app.db"$/],
  ["secret@host", "TypeError", /no URL.*; for a file write "file:.\/app.db"$/],
  ["http://host", "TypeError", /"http:".*memory:, file:, valkey:/],
  ["memory:elsewhere", "TypeError", /with a path/],
  ["memory:?maxentries=5", "TypeError", /"maxentries".*maxEntries/],
  ["memory:?maxEntries=", "TypeError", /maxEntries/],
  ["memory:?maxEntries=5e3", "TypeError", /maxEntries/],
  ["memory:?maxEntries=-5", "RangeError", /maxEntries/],
  ["memory:?maxEntries=5&maxEntries=6", "TypeError", /"maxEntries" twice/],
  ["memory:?__proto__=5", "TypeError", /"__proto__"/],
  ["memory:?constructor=5", "TypeError", /"constructor"/],
  ["file:", "TypeError", /path/],
  ["file://other/a.db", "TypeError", /another host; .* write file:.\/app.db$/],
  ["file:./a%zz.db", "TypeError", /malformed escape; .* %25 for %/],
  ["file:./a.db?path=b", "TypeError", /"path": known are truncate, .*, lock$/],
  ["file:./a.db#x", "TypeError", /fragment/],
  ["file:./a.db?truncate=yes", "TypeError", /truncate/],
  ["valkey://host:7000?port=8000", "TypeError", /"port" twice/],
  ["valkey://host/1?database=2", "TypeError", /"database" twice/],
  ["valkey://ada:a@host?password=b", "TypeError", /"password" twice/],
  ["valkeys://host?tls=false", "TypeError", /"tls" twice/],
  ["valkey://host/one", "TypeError", /database/],
  ["valkey://host/-1", "RangeError", /database/],
  ["valkey://host?durability=power", "TypeError", /"durability"/],
  ["valkey://host?url=valkey://other", "TypeError", /"url"/],
  ["valkey://host:99999", "TypeError", /malformed: check host and port/],
  ["valkey:127.0.0.1", "TypeError", /its URL must begin as valkey:\/\/HOST does$/],
  ["valkey://ada:a/b@host", "TypeError", /malformed: .* write %23 for #, %25 for %, %2F for \//],
  ["valkey://user:secret%zz@host", "TypeError", /escape/],
];

function shown(given: unknown): string {
  if (given instanceof URL) return `the URL ${given.href}`;
  if (given instanceof Map) return "a map";
  return given === undefined ? "nothing" : JSON.stringify(given);
}

function registerForms(forms: readonly (readonly [unknown, object])[], defaults: object): void {
  for (const [given, expected] of forms) {
    it(`checkKvOptions() reads ${shown(given)}`, () => {
      deepStrictEqual(checkKvOptions(given as KvOptions), { ...defaults, ...expected });
    });
  }
}

describe("options", () => {
  registerForms(memoryForms, memoryDefaults);
  registerForms(fileForms, fileDefaults);
  registerForms(valkeyForms, valkeyDefaults);

  for (const [given, name, word] of misuse) {
    it(`checkKvOptions() refuses ${shown(given)}`, () => {
      throws(() => checkKvOptions(given as KvOptions), { name, message: word });
    });
  }

  it("openKv() rejects options that are none, and does not throw", async () => {
    for (const given of [null, 5, {}, "", "memory:?maxentries=5", { backend: "redis" }]) {
      await rejects(openKv(given as KvOptions), TypeError);
    }
    await rejects(openKv({ backend: "memory", maxEntries: 0 }), RangeError);
  });

  it("openKv() shows no password, whatever is wrong with its URL", async () => {
    const urls = [
      "valkey://ada:secret@host/one",
      "valkey://ada:secret@host:99999",
      "valkey://ada:secret%zz@host",
      "valkey://ada:secret@host?unknown=1",
      "valkey://ada:1?secret@host",
      "memory://ada:secret@host",
      "http://ada:secret@host",
      "ada:secret@host",
    ];
    for (const url of urls) {
      const error: Error = await openKv(url).then(() => new Error(), (error) => error);
      strictEqual(error.name, "TypeError", url);
      ok(!`${error.message} ${error.cause}`.includes("secret"), error.message);
    }
  });

  it("openKv() opens a store in memory by default", async () => {
    await using kv = await openKv();
    strictEqual(kv.backend, "memory");
    strictEqual(await kv.put("k", "v"), true);
    strictEqual(await kv.get("k"), "v");
  });

  it("openKv() gives each caller a store of its own", async () => {
    await using one = await openKv("memory:");
    await using other = await openKv("memory:");
    await one.put("k", "v");
    strictEqual(await other.get("k"), null);
  });

  it("openKv() hands the bounds on", async () => {
    await using kv = await openKv("memory:?maxEntries=1");
    await kv.putMany([["a", "1"], ["b", "2"]]);
    deepStrictEqual(await kv.getMany(["a", "b"]), [null, "2"]);
  });

  it("addressSpaceSize() counts bytes of addresses", () => {
    strictEqual(addressSpaceSize(1), 8);
    strictEqual(addressSpaceSize(4096), 32_768);
    strictEqual(addressSpaceSize(2 ** 50 - 1), 2 ** 53 - 8);
    for (const wrong of [0, -1, 1.5, NaN, 2 ** 50]) {
      throws(() => addressSpaceSize(wrong), RangeError);
    }
    throws(() => addressSpaceSize("4096" as never), TypeError);
  });
});
