/**
 * A program of somebody who has the package from npm and runs Node: compiled by `tsc` against the
 * package's own declarations, then run. It must need nothing but what the package exports.
 */

import { strictEqual } from "node:assert/strict";
import Keyv, { type KeyvStoreAdapter } from "keyv";
import { json, type Kv, KvError, openKv } from "@jetkv/jetkv";
import { KeyvStore } from "@jetkv/jetkv/keyv";
import { unstorageDriver } from "@jetkv/jetkv/unstorage";

interface User {
  name: string;
}

await using kv = await openKv();
const users: Kv<User> = kv.namespace("users:").withCodec(json<User>());
await users.put("42", { name: "Ada" }, { expireIn: 60_000 });
strictEqual((await users.get("42"))?.name, "Ada");

await kv.append("jobs", "a", "b");
strictEqual(await kv.popFirst("jobs"), "a");
try {
  await kv.get("jobs");
} catch (error) {
  strictEqual(error instanceof KvError && error.code, "wrong_type");
}

const store: KeyvStoreAdapter = new KeyvStore(kv);
const keyv = new Keyv<User>({ store, namespace: "people" });
await keyv.set("7", { name: "Grace" });
strictEqual((await keyv.get("7"))?.name, "Grace");

const driver = unstorageDriver(kv.namespace("storage:"));
await driver.setItemRaw("pixel", Uint8Array.of(255));
strictEqual((await driver.getItemRaw("pixel"))?.[0], 255);

console.log("done");
