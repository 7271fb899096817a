/**
 * The encoder: what it writes, over the ends of its buffers, and whose memory it leaves alone.
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { type Argument, Decoder, Encoder, type Reply } from "../resp3/mod.ts";
import { Prng } from "./support/prng.ts";
import { concat, encodeText } from "./support/resp_writer.ts";

function written(encoder: Encoder): string {
  return new TextDecoder().decode(concat(encoder.take()));
}

describe("Encoder", () => {
  it("writes a command as an array of bulks", () => {
    const encoder = new Encoder();
    encoder.command("SET", "k", 42, Uint8Array.of(0x61, 0x62));
    strictEqual(written(encoder), "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n42\r\n$2\r\nab\r\n");
  });

  it("writes text of any characters by its bytes", () => {
    const encoder = new Encoder();
    encoder.command("é", "aaaaaaaaa€", "😀".repeat(40), "");
    strictEqual(
      written(encoder),
      `*4\r\n$2\r\né\r\n$12\r\naaaaaaaaa€\r\n$160\r\n${"😀".repeat(40)}\r\n$0\r\n\r\n`,
    );
  });

  it("gives nothing where nothing was encoded, and each byte once", () => {
    const encoder = new Encoder();
    deepStrictEqual(encoder.take(), []);
    encoder.command("PING");
    strictEqual(encoder.length, 14);
    strictEqual(written(encoder), "*1\r\n$4\r\nPING\r\n");
    strictEqual(encoder.length, 0);
    deepStrictEqual(encoder.take(), []);
  });

  it("adds raw bytes as they are", () => {
    const encoder = new Encoder({ bufferBytes: 64 });
    encoder.raw(encodeText("*2\r\n$3\r\nGET\r\n"));
    encoder.bulk("k");
    const long = "*1\r\n$100\r\n" + "x".repeat(100) + "\r\n";
    encoder.raw(encodeText(long));
    strictEqual(written(encoder), "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" + long);
  });

  it("does not copy an argument past the limit, and copies one at it", () => {
    const encoder = new Encoder({ bufferBytes: 64, bufferBytesMax: 100 });
    const small = new Uint8Array(100).fill(1), big = new Uint8Array(101).fill(2);
    encoder.command("SET", small, big);
    const writes = encoder.take();
    ok(!writes.includes(small));
    ok(writes.includes(big));
    strictEqual(concat(writes).length, 4 + 9 + (6 + 100 + 2) + (6 + 101 + 2));
  });

  it("uses a written buffer again, and never the memory of an argument", () => {
    const encoder = new Encoder({ bufferBytes: 64, bufferBytesMax: 64 });
    const big = new Uint8Array(65);
    encoder.command("SET", big);
    const [first, second] = encoder.take();
    strictEqual(second, big);
    encoder.recycle(first!);
    encoder.recycle(second!);
    const buffers = [1, 2, 3].map(() => {
      encoder.command("PING");
      return encoder.take()[0]!.buffer;
    });
    ok(buffers.includes(first!.buffer));
    ok(!buffers.includes(big.buffer));
    strictEqual(new Set(buffers).size, 3);
  });

  it("leaves the memory of an argument alone, however small it has become", () => {
    const encoder = new Encoder({ bufferBytes: 64, bufferBytesMax: 64 });
    const shrunk = new ArrayBuffer(100, { maxByteLength: 100 });
    const detached = new Uint8Array(100);
    encoder.command(new Uint8Array(shrunk), detached);
    const writes = encoder.take();
    shrunk.resize(64);
    structuredClone(detached, { transfer: [detached.buffer] });
    for (const write of writes) encoder.recycle(write);
    for (let i = 0; i < 10; i++) {
      encoder.command("PING");
      ok(encoder.take().every(({ buffer }) => buffer !== shrunk && buffer.byteLength === 64));
    }
  });

  it("refuses buffers too small for a head", () => {
    throws(() => new Encoder({ bufferBytes: 63 }), RangeError);
    throws(() => new Encoder({ bufferBytes: NaN }), RangeError);
    throws(() => new Encoder({ bufferBytesMax: NaN }), RangeError);
    throws(() => new Encoder({ bufferBytes: 100, bufferBytesMax: 99 }), RangeError);
  });

  it("writes what a server reads, whatever the sizes of buffers and arguments", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const prng = new Prng(seed);
      const bufferBytes = 64 + prng.below(400);
      const encoder = new Encoder({ bufferBytes, bufferBytesMax: bufferBytes + prng.below(600) });
      const commands = Array.from(
        { length: 1 + prng.below(20) },
        () => Array.from({ length: 1 + prng.below(5) }, () => randomArgument(prng)),
      );
      const bytes: Uint8Array[] = [];
      for (const command of commands) {
        encoder.command(...command);
        if (prng.chance(0.5)) continue;
        for (const write of encoder.take()) {
          bytes.push(write.slice());
          encoder.recycle(write);
        }
      }
      bytes.push(...encoder.take());
      deepStrictEqual(readAll(concat(bytes)), commands.map((args) => args.map(toBytes)), `${seed}`);
    }
  });
});

function randomArgument(prng: Prng): Argument {
  const length = prng.below(prng.chance(0.2) ? 700 : 30);
  const kind = prng.below(4);
  if (kind === 0) return prng.bytes(length);
  if (kind === 1) return prng.next() - 2 ** 31;
  return Array.from(
    { length },
    () => prng.pick(kind === 2 ? ["a", "Z", "~"] : ["a", "é", "€", "😀"]),
  )
    .join("");
}

function toBytes(arg: Argument): Uint8Array {
  return arg instanceof Uint8Array ? arg : encodeText(String(arg));
}

function readAll(bytes: Uint8Array): Reply[] {
  const decoder = new Decoder();
  decoder.push(bytes);
  const replies: Reply[] = [];
  for (let reply = decoder.next("bytes"); reply !== undefined; reply = decoder.next("bytes")) {
    replies.push(reply);
  }
  return replies;
}
