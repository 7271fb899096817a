/**
 * Dump, restore and verify, on memory stores whose clock the test moves.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { openMemoryKv } from "../backends/memory/memory_kv.ts";
import { bytes } from "../kv/codec.ts";
import type { Kv } from "../kv/kv.ts";
import { dump } from "../transfer/dump.ts";
import { LineWriter } from "../transfer/line_writer.ts";
import { type Piece, textOrBytes } from "../transfer/piece.ts";
import { restore, verify } from "../transfer/restore.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { openMemory } from "./support/memory_subject.ts";
import { chunksOf, contentOf, fillMixed, textOf } from "./support/mixed_store.ts";
import { Prng } from "./support/prng.ts";
import { beforeCall, failAtCall } from "./support/troubled_kv.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);

/** A dump around these lines, its sums and checksum right. */
function sealed(lines: readonly string[], sums: object, header = HEADER): string {
  const text = [header, ...lines].map((line) => `${line}\n`).join("");
  const sha256 = createHash("sha256").update(text).digest("hex");
  return `${text}${JSON.stringify({ ...sums, sha256 })}\n`;
}

const HEADER = '{"jetkv":"dump","version":1}';
const ONE_STRING = { strings: 1, arrays: 0, elements: 0 };

describe("dump", () => {
  it("writes every type, binary values and expiry as the format says", async () => {
    const clock = new ManualClock(START_MS);
    await using kv = openMemory(clock);
    await kv.put("text", 'a "quoted"\nline');
    await kv.put("binary", Uint8Array.of(255, 0, 128));
    await kv.put("session", "ada", { expireIn: HOUR_MS });
    await kv.append("jobs", "first", Uint8Array.of(254), "");
    await kv.touch("jobs", HOUR_MS + 499);
    await kv.put("", "");
    const lines = [
      '{"key":"","value":""}',
      '{"key":"binary","value":{"base64":"/wCA"}}',
      '{"key":"jobs","expires":1767229200,"array":["first",{"base64":"/g=="},""]}',
      '{"key":"session","expires":1767229200,"value":"ada"}',
      '{"key":"text","value":"a \\"quoted\\"\\nline"}',
    ];
    const sums = { strings: 4, arrays: 1, elements: 3 };
    strictEqual(await contentOf(kv, () => clock.now()), sealed(lines, sums));
  });

  it("writes text that was stored as bytes like text", async () => {
    await using a = openMemory();
    await using b = openMemory();
    await a.put("k", "é\ufffd𝄞\ufeff");
    await b.put("k", new TextEncoder().encode("é\ufffd𝄞\ufeff"));
    strictEqual(await contentOf(a), await contentOf(b));
    await a.put("k", "\ufeffé");
    await b.put("k", new TextEncoder().encode("\ufeffé"));
    strictEqual(await contentOf(a), await contentOf(b));
  });

  it("writes the keys of a prefix only, and no expiry where none is wanted", async () => {
    await using kv = openMemory();
    await kv.put("a:1", "1", { expireIn: HOUR_MS });
    await kv.put("b:1", "1");
    const text = await textOf(dump(kv, { prefix: "a:", expiry: false }));
    strictEqual(text, sealed(['{"key":"a:1","value":"1"}'], ONE_STRING));
  });

  it("writes the same lines, however an array is cut into pieces", () => {
    const prng = new Prng(7);
    const elements = Array.from({ length: 900 }, (_, i) => `${i}`.repeat(prng.below(400)));
    const linesOf = (pieces: readonly Piece[]): string => {
      const lines = new LineWriter();
      const texts = pieces.flatMap((piece) => [...lines.write(piece)]);
      return texts.join("") + lines.end();
    };
    const expected = linesOf([{ type: "array", key: "k", expires: null, elements }]);
    ok(expected.split("\n").length > 5);
    for (let run = 0; run < 20; run++) {
      let at = 1 + prng.below(30);
      const pieces: Piece[] = [
        { type: "array", key: "k", expires: null, elements: elements.slice(0, at) },
      ];
      while (at < elements.length) {
        const next = at + 1 + prng.below(300);
        pieces.push({ type: "elements", elements: elements.slice(at, next) });
        at = next;
      }
      strictEqual(linesOf(pieces), expected);
    }
  });

  it("hands out a long value chunk by chunk, text or bytes, string or element", async () => {
    // As one string, its base64 or its escapes would be longer than a string may be.
    await using kv = openMemory();
    await kv.put("bytes", new Uint8Array(1_000_000).fill(255));
    await kv.put("text", "\n".repeat(1_000_000));
    await kv.append("array", "first", new Uint8Array(1_000_000).fill(255), "last");
    const lengths: number[] = [];
    for await (const chunk of dump(kv)) lengths.push(chunk.length);
    ok(Math.max(...lengths) < 200_000, `${lengths}`);
  });

  it("hands out many short entries chunk by chunk, strings or arrays", async () => {
    for (const isArray of [false, true]) {
      await using kv = openMemory();
      const job = "a job of some length";
      for (let i = 0; i < 10_000; i++) {
        await (isArray ? kv.append(`${i}`, job) : kv.put(`${i}`, job));
      }
      const lengths: number[] = [];
      for await (const chunk of dump(kv)) lengths.push(chunk.length);
      ok(Math.max(...lengths) < 70_000, `${lengths}`);
    }
  });

  it("takes for text what is UTF-8, and bytes for what is nearly so", () => {
    const texts = ["", "é", "\ufeffa", "\ufffd", "\uffff\0", "𝄞"];
    const utf8 = new TextEncoder();
    for (const text of texts) strictEqual(textOrBytes(utf8.encode(text)), text);
    for (const nearly of [[0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
      deepStrictEqual(textOrBytes(Uint8Array.from(nearly)), Uint8Array.from(nearly));
    }
  });

  it("ends with the signal's reason when it is aborted", async () => {
    await using kv = openMemory();
    await fillMixed(kv, 10, new Prng(1));
    const reason = new Error("enough");
    await rejects(textOf(dump(kv, { signal: AbortSignal.abort(reason) })), reason);
  });
});

describe("restore", () => {
  it("makes an equal store, of any mixture and in chunks of any size", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const prng = new Prng(seed);
      await using from = openMemory();
      await using to = openMemory();
      await fillMixed(from, 100, prng);
      const text = await contentOf(from);
      await restore(to, chunksOf(text, 1 + prng.below(500)));
      strictEqual(await contentOf(to), text, `seed=${seed}`);
    }
  });

  it("makes an equal store of long values and long arrays", async () => {
    await using from = openMemory();
    await using to = openMemory();
    await from.put("text", "x" + "𝄞".repeat(100_000));
    await from.put("zeros", "\0".repeat(200_000));
    await from.put("binary", Uint8Array.from({ length: 200_001 }, (_, i) => i * 7));
    await from.append("mixed", "a", "𝄞".repeat(70_000), "b");
    await from.append("mixed", new Uint8Array(99_999).fill(255), "c");
    await from.append("many", ...Array.from({ length: 50_000 }, (_, i) => `job ${i}`));
    const text = await contentOf(from);
    await restore(to, chunksOf(text, 100_000));
    strictEqual(await contentOf(to), text);
    const binary = await to.withCodec(bytes).get("binary");
    deepStrictEqual(binary?.slice(-2), Uint8Array.of(199_999 * 7, 200_000 * 7));
    strictEqual(await to.length("many"), 50_000);
    deepStrictEqual(await to.range("many", -1), ["job 49999"]);
  });

  it("replaces what is there, and leaves other keys alone unless they are to go", async () => {
    await using from = openMemory();
    await from.put("string", "new");
    await from.append("array", "new");
    const text = await contentOf(from);
    await using to = openMemory();
    await to.append("string", "old");
    await to.append("array", "old", "older");
    await to.touch("array", HOUR_MS);
    await to.put("other", "stays");
    await restore(to, chunksOf(text));
    deepStrictEqual(await to.range("array"), ["new"]);
    strictEqual((await to.inspect("array"))?.expiresIn, null);
    strictEqual(await to.get("string"), "new");
    strictEqual(await to.get("other"), "stays");
    await restore(to, chunksOf(text), { clear: true });
    strictEqual(await contentOf(to), text);
  });

  it("clears nothing for what is no dump", async () => {
    await using kv = openMemory();
    await kv.put("k", "v");
    const input = chunksOf("k,v\n");
    await rejects(restore(kv, input, { clear: true }), { name: "DumpError", code: "corrupt" });
    strictEqual(await kv.get("k"), "v");
  });

  it("removes a key whose deadline has passed, as if it had been restored in time", async () => {
    const clock = new ManualClock(START_MS);
    const now = () => clock.now();
    await using from = openMemory(clock);
    await from.put("string", "new", { expireIn: 5_000 });
    await from.append("array", "new");
    await from.touch("array", 5_000);
    await from.put("later", "new", { expireIn: 5_001 + 1_000 });
    const text = await contentOf(from, now);
    clock.step(5_000);
    await using to = openMemory(clock);
    await to.put("string", "old");
    await to.put("array", "old");
    const sums = await restore(to, chunksOf(text), { now });
    deepStrictEqual(sums, { strings: 1, arrays: 0, elements: 0, expired: 2 });
    deepStrictEqual(await Array.fromAsync(to.keys()), ["later"]);
    strictEqual((await to.inspect("later"))?.expiresIn, 1_000);
  });

  it("leads to the right store when it runs again after an end at any call", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const prng = new Prng(seed);
      await using from = openMemory();
      await using to = openMemory();
      await fillMixed(from, 60, prng);
      await from.append("long", ...Array.from({ length: 5_000 }, (_, i) => `${i}`.repeat(80)));
      await from.touch("long", HOUR_MS);
      const text = await contentOf(from);
      for (let run = 0; run < 4; run++) {
        const failing = failAtCall(to, prng.below(120));
        await restore(failing, chunksOf(text)).catch(() => "interrupted");
      }
      await restore(to, chunksOf(text));
      strictEqual(await contentOf(to), text, `seed=${seed}`);
    }
  });

  it("has a bounded number of calls under way, however many entries come", async () => {
    await using from = openMemory();
    await using to = openMemory();
    await from.putMany(Array.from({ length: 3_000 }, (_, i) => [`key:${i}`, "v"] as const));
    let underWay = 0;
    let most = 0;
    const counting = new Proxy(to, {
      get: (kv, name) => {
        if (name !== "put") return Reflect.get(kv, name);
        return async (...args: Parameters<Kv["put"]>): Promise<boolean> => {
          most = Math.max(most, ++underWay);
          return await kv.put(...args).finally(() => underWay--);
        };
      },
    });
    await restore(counting, chunksOf(await contentOf(from)));
    ok(most > 1 && most <= 256, `${most}`);
    strictEqual(await contentOf(to), await contentOf(from));
  });

  it("rejects with the key where an entry is too long for the store", async () => {
    await using from = openMemory();
    await using to = openMemory();
    await from.append("queue", "long");
    const small = beforeCall(to, (name) => {
      if (name === "append") throw new RangeError("Cannot store a value of 4 bytes: at most 3");
    });
    await rejects(restore(small, chunksOf(await contentOf(from))), {
      name: "EntryError",
      message: 'Cannot write "queue": Cannot store a value of 4 bytes: at most 3',
    });
  });

  it("rejects with what the store rejects with", async () => {
    await using from = openMemory();
    await fillMixed(from, 50, new Prng(3));
    await using small = openMemoryKv({ maxEntries: undefined, maxBytes: 100 });
    await rejects(restore(small, chunksOf(await contentOf(from))), { code: "full" });
  });
});

describe("verify", () => {
  it("refuses a dump that is cut at whichever byte", async () => {
    await using kv = openMemory();
    await fillMixed(kv, 12, new Prng(5));
    const text = await contentOf(kv);
    const whole = new TextEncoder().encode(text);
    ok((await verify(chunksOf(text))).strings > 0);
    for (let length = 0; length < whole.length; length++) {
      await rejects(verify(once(whole.slice(0, length))), { name: "DumpError" }, `${length} bytes`);
    }
  });

  it("refuses a dump with a flipped bit in whichever byte", async () => {
    await using kv = openMemory();
    await fillMixed(kv, 12, new Prng(6));
    const whole = new TextEncoder().encode(await contentOf(kv));
    const prng = new Prng(6);
    for (let at = 0; at < whole.length; at++) {
      const damaged = whole.slice();
      damaged[at]! ^= 1 << prng.below(8);
      await rejects(verify(once(damaged)), { name: "DumpError", code: "corrupt" }, `byte ${at}`);
    }
  });

  it("says what is wrong, and in which line", async () => {
    const value = '{"key":"k","value":"v"}';
    const newer = '{"jetkv":"dump","version":2}';
    const faults: [dump: string, message: RegExp][] = [
      ["", /line 1: the dump is empty$/],
      ["PK\x03\x04\n", /line 1: this is not a dump of JetKV$/],
      [
        sealed([], ONE_STRING, newer),
        /line 1: its version is 2, and this program reads version 1$/,
      ],
      [
        `${HEADER}\r\n${value}\r\n`,
        /line 1: it ends with CR LF, and a line of a dump ends with LF alone$/,
      ],
      [` ${HEADER}\n`, /line 1: it must be \{"jetkv":"dump","version":1\}, byte by byte$/],
      [`${HEADER}\n${value}\n`, /line 3: the dump is cut before it$/],
      [`${HEADER}\n${value}`, /line 2: the dump is cut inside it$/],
      [sealed([value], { ...ONE_STRING, strings: 2 }), /line 3: the number of entries before/],
      [
        sealed([value], ONE_STRING) + value + "\n",
        /line 4: it comes after the last line of the dump$/,
      ],
      [sealed([value], ONE_STRING).replace("v", "w"), /line \d: /],
      [sealed(['{"array":["x"]}'], ONE_STRING), /line 2: its elements belong to no array$/],
      [sealed([value, '{"array":["x"]}'], ONE_STRING), /line 3: its elements belong to no array$/],
      [sealed(['{"part":"x"}'], ONE_STRING), /line 2: its part belongs to no such value$/],
      [sealed([value, '{"part":{"base64":"/w=="}}'], ONE_STRING), /line 3: its part belongs/],
      [sealed(['{"key":"k","array":[]}'], ONE_STRING), /line 2: its array is malformed$/],
      [sealed(['{"key":"\\ud800","value":""}'], ONE_STRING), /line 2: its key is malformed$/],
      [sealed(['{"key":"k","value":"\\udc00"}'], ONE_STRING), /line 2: its value is malformed$/],
      [sealed(['{"key":"k","value":{"base64":"/w"}}'], ONE_STRING), /its value is malformed$/],
      [sealed(['{"key":"k","value":1}'], ONE_STRING), /line 2: its value is malformed$/],
      [sealed(['{"key":"k","value":"","expires":1.5}'], ONE_STRING), /its expiry is malformed$/],
      [sealed(['{"key":"k","value":"","expires":null}'], ONE_STRING), /its expiry is malformed$/],
      [sealed(['{"key":"k","value":"","ttl":1}'], ONE_STRING), /line 2: it has unknown fields$/],
      [sealed([`{"key":"${"k".repeat(1025)}","value":""}`], ONE_STRING), /its key is malformed$/],
      [sealed(["[]"], ONE_STRING), /line 2: it is not a JSON object$/],
      [`${HEADER}\n${" ".repeat(2 ** 21)}`, /line 2: it is too long$/],
      [`${HEADER}\n${" ".repeat(2 ** 20 + 1)}\n`, /line 2: it is too long$/],
      [sealed([value], ONE_STRING).replace(/\}\n$/, " }\n"), /line 3: it was changed$/],
      [
        sealed([value], ONE_STRING).replace('{"strings"', '{"strings":9,"strings"'),
        /changed$/,
      ],
    ];
    for (const [text, message] of faults) {
      await rejects(verify(chunksOf(text, 50_000)), { name: "DumpError", message });
    }
  });

  it("says how to read a dump that is compressed, with a line end in it or none", async () => {
    for (const rest of [[0x08, 0x00, 0xff], [0x08, 0x0a, 0xff]]) {
      await rejects(verify(once(Uint8Array.of(0x1f, 0x8b, ...rest))), {
        name: "DumpError",
        message: /line 1: it is compressed: gunzip -c FILE \| jetkv restore URL$/,
      });
    }
  });
});

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield await Promise.resolve(chunk);
}
