/**
 * Files of every version of the format stay readable, and go on being used.
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { bytes } from "../kv/codec.ts";
import { CrashStorage } from "./support/crash_storage.ts";
import { isAllowed } from "./support/environment.ts";
import { openFileSubject } from "./support/file_subject.ts";
import { goldenBytes, goldenLists, goldenStrings } from "./support/golden.ts";

const VERSIONS = [1];

const skip = isAllowed("read") ? false : "it needs --allow-read";

describe("file of an earlier release", () => {
  for (const version of VERSIONS) {
    it(`of version ${version} has everything that was put into it`, { skip }, async () => {
      const url = new URL(`./golden/version_${version}.db.gz`, import.meta.url);
      const storage = new CrashStorage(gunzipSync(readFileSync(url)));
      const { kv } = await openFileSubject({ storage });
      for (const [key, value] of goldenStrings()) strictEqual(await kv.get(key), value);
      for (const [key, values] of goldenLists()) deepStrictEqual(await kv.range(key), values);
      deepStrictEqual(await kv.withCodec(bytes).get("bytes"), goldenBytes());
      const expires = await kv.inspect("expires");
      ok(expires !== null && expires.expiresIn !== null && expires.expiresIn > 0);
      strictEqual(await kv.get("gone"), null);
      const count = goldenStrings().length + goldenLists().length + 2;
      strictEqual((await kv.stats()).entries, count);
      await kv.put("new", "new");
      deepStrictEqual(await kv.check(), []);
      await kv.close();
    });
  }
});
