/**
 * A damaged file gives right data or an error with code `corrupt`: with each byte flipped, with the
 * file cut at each byte, and with any bytes in place of a file.
 */

import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { decodeHeader, encodeHeader } from "../backends/file/header.ts";
import { PAGE_BYTES, PAGE_SUM_AT, RECORD } from "../backends/file/layout.ts";
import { pageSum } from "../backends/file/page_sum.ts";
import { KvCorruptError, KvError } from "../kv/errors.ts";
import type { Kv } from "../kv/kv.ts";
import { CrashStorage } from "./support/crash_storage.ts";
import { openFileSubject } from "./support/file_subject.ts";
import { whole } from "./support/mirror.ts";
import { Prng } from "./support/prng.ts";

/** A limit on a hang: each of these opens a store some ten thousand times. */
const timeout = 600_000;

/** What is empty in a small file, such as most of the journal, is tried here and there. */
const SPARSE_STRIDE = 509;
/** Zeros so near to something else are tried like it. */
const NEAR = 16;

/** A string, one with a deadline, one with pages of its own, a list, and some that are gone. */
async function fill(kv: Kv): Promise<void> {
  await kv.put("string", "value");
  await kv.put("brief", "value", { expireIn: 60_000 });
  await kv.put("long", "long".repeat(1_200));
  await kv.append("list", "a", "b", "c".repeat(5_000));
  await kv.put("gone", "value");
  await kv.delete("gone");
}

/** A small file that was closed, or whose process was killed, and what is in it. */
async function makeFile(
  { isClosed }: { isClosed: boolean },
): Promise<{ image: Uint8Array; expected: unknown[] }> {
  const { kv, storage } = await openFileSubject({ durability: "power" });
  await fill(kv);
  const expected = await whole(kv);
  if (isClosed) await kv.close();
  const { image } = storage;
  await kv.close();
  return { image, expected };
}

/** Opens an image: what is in it, or `"corrupt"`. Any other error is the test's. */
async function outcome(image: Uint8Array): Promise<unknown[] | "corrupt"> {
  try {
    const { kv } = await openFileSubject({ storage: new CrashStorage(image) });
    try {
      return await whole(kv);
    } finally {
      await kv.close();
    }
  } catch (error) {
    if (!(error instanceof KvCorruptError)) throw error;
    ok(error.offset >= 0 && Number.isSafeInteger(error.offset));
    return "corrupt";
  }
}

/** The bytes to try: each that is not zero or stands beside such a one, and some of the others. */
function* offsets(image: Uint8Array): Generator<number> {
  let zeroCount = 0;
  for (let at = 0; at < image.length; at++) {
    zeroCount = image[at] === 0 ? zeroCount + 1 : 0;
    if (zeroCount < NEAR || image[at + NEAR] !== 0 || at % SPARSE_STRIDE === 0) yield at;
  }
}

/** Each byte of a page with something in it, some of the others. */
function* allOffsets(image: Uint8Array): Generator<number> {
  for (let start = 0; start < image.length; start += PAGE_BYTES) {
    const isEmpty = image.subarray(start, start + PAGE_BYTES).every((byte) => byte === 0);
    for (let at = 0; at < PAGE_BYTES; at += isEmpty ? SPARSE_STRIDE : 1) yield start + at;
  }
}

describe("file that was damaged", () => {
  it(
    "gives right data or is corrupt, whichever byte of a closed file is flipped",
    { timeout },
    async () => {
      const { image, expected } = await makeFile({ isClosed: true });
      const prng = new Prng(1);
      let corruptCount = 0;
      for (const at of allOffsets(image)) {
        const bit = 1 << prng.below(8);
        image[at]! ^= bit;
        const found = await outcome(image);
        image[at]! ^= bit;
        if (found === "corrupt") corruptCount++;
        else deepStrictEqual(found, expected, `byte ${at}`);
      }
      ok(corruptCount > 0);
    },
  );

  it(
    "gives right data or is corrupt, whichever byte of a killed one's is flipped",
    { timeout },
    async () => {
      const { image, expected } = await makeFile({ isClosed: false });
      const { image: before } = await makeFileBeforeLast();
      const lastCall = await outcome(before);
      const prng = new Prng(2);
      for (const at of offsets(image)) {
        const bit = 1 << prng.below(8);
        image[at]! ^= bit;
        const found = await outcome(image);
        image[at]! ^= bit;
        if (found === "corrupt") continue;
        // Nothing behind the last record says that it had been there: it counts as torn.
        const isLastLost = JSON.stringify(found) === JSON.stringify(lastCall);
        if (!isLastLost) deepStrictEqual(found, expected, `byte ${at}`);
      }
    },
  );

  it("gives right data or is corrupt, wherever it is cut", { timeout }, async () => {
    const { image, expected } = await makeFile({ isClosed: true });
    for (const at of offsets(image)) {
      if (at === 0) continue;
      const found = await outcome(image.subarray(0, at));
      if (found !== "corrupt") deepStrictEqual(found, expected, `byte ${at}`);
    }
  });

  it("is refused where it is no file of ours", async () => {
    const prng = new Prng(3);
    for (const length of [1, 7, 4_095, 4_096, 8_192, 1_000_000]) {
      const noise = Uint8Array.from({ length }, () => 1 + prng.below(255));
      await rejects(
        openFileSubject({ storage: new CrashStorage(noise) }),
        (error: KvCorruptError) => error.code === "corrupt" && error.path === "a.db",
      );
    }
  });

  it("is refused where another program's file begins with zeros", async () => {
    const text = new TextEncoder();
    const disk = new Uint8Array(16 * 2 ** 20);
    disk.set(text.encode("\x55\xaa"), 510);
    const image = new Uint8Array(8 * 2 ** 20);
    image.set(text.encode("\x01CD001"), 32_768);
    for (const bytes of [disk, image, new Uint8Array(2 ** 20)]) {
      const storage = new CrashStorage(bytes);
      await rejects(openFileSubject({ storage }), { code: "corrupt" });
      deepStrictEqual(storage.log, []);
    }
  });

  // It was made as long as it should be, with zeros, and then its first lost page was damaged.
  it("is refused where it was cut, and is left alone", async () => {
    const { image } = await makeFile({ isClosed: true });
    for (const pages of [20, 60]) {
      const storage = new CrashStorage(image.subarray(0, pages * PAGE_BYTES + 5));
      const error = await openFileSubject({ storage }).catch((error) => error);
      strictEqual(error.code, "corrupt");
      strictEqual(error.offset, pages * PAGE_BYTES);
      match(error.message, new RegExp(`: the file is cut: it has ${pages} pages of 1\\d\\d$`));
      deepStrictEqual(storage.log, []);
    }
  });

  it("takes no element into an array that has as many as it can say", async () => {
    const { kv, storage } = await openFileSubject();
    await kv.append("a", "v");
    await kv.append("the array", "v");
    await kv.close();
    const image = Buffer.from(storage.image);
    const recordAt = image.lastIndexOf("the array") - RECORD.headBytes - RECORD.linksBytes;
    image.writeUInt32LE(2 ** 32 - 1, recordAt + RECORD.lengthAt);
    const page = Math.floor(recordAt / PAGE_BYTES);
    const view = new DataView(image.buffer, image.byteOffset + page * PAGE_BYTES, PAGE_BYTES);
    view.setUint32(PAGE_SUM_AT, pageSum(view, 0, page), true);
    const again = await openFileSubject({ storage: new CrashStorage(image) });
    strictEqual(await again.kv.length("the array"), 2 ** 32 - 1);
    await rejects(again.kv.append("the array", "v"), { code: "full" });
    await rejects(again.kv.move("a", "the array", { take: "first", put: "last" }), {
      code: "full",
    });
    deepStrictEqual(await again.kv.range("a"), ["v"]);
    await again.kv.close();
  });

  it("is refused by name where its format is of a later version", async () => {
    const { image } = await makeFile({ isClosed: true });
    for (const page of [0, 1]) {
      const bytes = image.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      const view = new DataView(bytes.buffer, bytes.byteOffset, PAGE_BYTES);
      view.setUint32(8, 2, true);
      view.setUint32(PAGE_SUM_AT, pageSum(view, 0, page), true);
    }
    await rejects(
      openFileSubject({ storage: new CrashStorage(image) }),
      /its format is version 2, and this code knows 1/,
    );
  });

  // As a crash between its two headers leaves it: it was opened by the older one, and overwritten.
  it("is refused where one of its headers is of a later version", async () => {
    const { image } = await makeFile({ isClosed: true });
    for (const page of [0, 1]) {
      const bytes = image.slice();
      const view = new DataView(bytes.buffer, page * PAGE_BYTES, PAGE_BYTES);
      view.setUint32(8, 2, true);
      view.setUint32(PAGE_SUM_AT, pageSum(view, 0, page), true);
      const storage = new CrashStorage(bytes);
      await rejects(openFileSubject({ storage }), /its format is version 2/);
      deepStrictEqual(storage.log, []);
    }
  });
});

/** The killed one's file without its last call. */
async function makeFileBeforeLast(): Promise<{ image: Uint8Array }> {
  const { kv, storage } = await openFileSubject({ durability: "power" });
  await fill({ ...bound(kv), delete: () => Promise.resolve(true) } as unknown as Kv);
  const { image } = storage;
  await kv.close();
  return { image };
}

function bound(kv: Kv): Partial<Kv> {
  return { put: kv.put.bind(kv), append: kv.append.bind(kv) };
}

describe("header", () => {
  const header = {
    hashKey: { low: 1, high: 2 },
    position: 2 ** 40,
    journalPage: 14,
    journalPages: 128,
    isClean: true,
    sequence: 7,
  };

  it("encodeHeader() and decodeHeader() are each other's opposite", () => {
    deepStrictEqual(decodeHeader(encodeHeader(header, 1), 1, "a.db"), header);
  });

  it("decodeHeader() refuses every flipped byte", () => {
    const bytes = encodeHeader(header, 0);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at]! ^= 0x10;
      throws(() => decodeHeader(bytes, 0, "a.db"), KvError);
      bytes[at]! ^= 0x10;
    }
    strictEqual(decodeHeader(bytes, 0, "a.db").sequence, 7);
  });

  it("decodeHeader() refuses numbers that no file has", () => {
    const wrong = [
      { position: 2 ** 40 + 1 },
      { position: 2 ** 53 },
      { journalPage: 0 },
      { journalPages: 127 },
      { journalPages: 2 ** 20 },
      { journalPages: 2 ** 32 - 1 },
    ];
    for (const numbers of wrong) {
      const bytes = encodeHeader({ ...header, ...numbers }, 0);
      throws(() => decodeHeader(bytes, 0, "a.db"), /the header makes no sense$/);
    }
  });

  it("decodeHeader() refuses a copy that stands on another page", () => {
    const bytes = encodeHeader(header, 0);
    throws(() => decodeHeader(bytes, 1, "a.db"), KvCorruptError);
  });
});
