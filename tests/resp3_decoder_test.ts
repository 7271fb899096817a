/**
 * The decoder: what each type becomes, at every cut; what is refused; the limits at their edges.
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { Decoder, type ReadAs, type Reply, ReplyError, RespError } from "../resp3/mod.ts";
import { concat, encodeText } from "./support/resp_writer.ts";

const VECTORS: Record<string, { wire: string; replies: Reply[]; as?: ReadAs }> = {
  "a simple string": { wire: "+OK\r\n", replies: ["OK"] },
  "an empty simple string": { wire: "+\r\n", replies: [""] },
  "an error": {
    wire: "-WRONGTYPE Operation against\r\n",
    replies: [new ReplyError("WRONGTYPE Operation against")],
  },
  "numbers": { wire: ":0\r\n:-1\r\n:+42\r\n:-0\r\n", replies: [0, -1, 42, 0] },
  "numbers at the edge of exactness": {
    wire: ":9007199254740991\r\n:-9007199254740991\r\n:9007199254740992\r\n",
    replies: [9007199254740991, -9007199254740991, 9007199254740992n],
  },
  "numbers at the edge of 64 bits": {
    wire: ":9223372036854775807\r\n:-9223372036854775808\r\n",
    replies: [9223372036854775807n, -9223372036854775808n],
  },
  "a bulk": { wire: "$5\r\nhello\r\n", replies: ["hello"] },
  "a bulk of CRLF": { wire: "$4\r\n\r\n\r\n\r\n", replies: ["\r\n\r\n"] },
  "an empty bulk": { wire: "$0\r\n\r\n", replies: [""] },
  "a bulk of any characters": { wire: "$10\r\né€😀a\r\n", replies: ["é€😀a"] },
  "a bulk of U+FFFD": { wire: "$3\r\n\ufffd\r\n", replies: ["\ufffd"] },
  "a bulk that begins with a byte order mark": { wire: "$4\r\n\ufeffa\r\n", replies: ["\ufeffa"] },
  "a bulk as bytes": { wire: "$2\r\nhi\r\n", replies: [encodeText("hi")], as: "bytes" },
  "nulls": { wire: "_\r\n$-1\r\n*-1\r\n", replies: [null, null, null] },
  "doubles": {
    wire: ",1.5\r\n,-10\r\n,1e3\r\n,.5\r\n,2.\r\n,inf\r\n,-inf\r\n,nan\r\n",
    replies: [1.5, -10, 1000, 0.5, 2, Infinity, -Infinity, NaN],
  },
  "booleans": { wire: "#t\r\n#f\r\n", replies: [true, false] },
  "a bulk error": {
    wire: "!21\r\nSYNTAX invalid syntax\r\n",
    replies: [new ReplyError("SYNTAX invalid syntax")],
  },
  "a verbatim string": { wire: "=8\r\ntxt:Some\r\n", replies: ["Some"] },
  "big numbers": {
    wire: "(3492890328409238509324850943850943825024385\r\n(-1\r\n(+7\r\n",
    replies: [3492890328409238509324850943850943825024385n, -1n, 7n],
  },
  "an array": { wire: "*3\r\n:1\r\n$1\r\na\r\n_\r\n", replies: [[1, "a", null]] },
  "empty aggregates": { wire: "*0\r\n%0\r\n~0\r\n", replies: [[], new Map(), new Set()] },
  "a map": {
    wire: "%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n",
    replies: [new Map<Reply, Reply>([["a", 1], ["b", []]])],
  },
  "a set": { wire: "~2\r\n:1\r\n+x\r\n", replies: [new Set<Reply>([1, "x"])] },
  "arrays in arrays": { wire: "*2\r\n*2\r\n*0\r\n*1\r\n:1\r\n:2\r\n", replies: [[[[], [1]], 2]] },
  "an error inside an array": {
    wire: "*2\r\n-ERR no\r\n:1\r\n",
    replies: [[new ReplyError("ERR no"), 1]],
  },
  "a streamed string": {
    wire: "$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;1\r\nd\r\n;0\r\n",
    replies: ["Hello word"],
  },
  "an empty streamed string": { wire: "$?\r\n;0\r\n+a\r\n", replies: ["", "a"] },
  "a streamed string cut inside a character": {
    wire: "*1\r\n$?\r\n;1\r\n\\xc3\r\n;1\r\n\\xa9\r\n;0\r\n",
    replies: [["é"]],
  },
  "streamed aggregates": {
    wire: "*?\r\n:1\r\n*?\r\n.\r\n.\r\n~?\r\n:1\r\n.\r\n%?\r\n+a\r\n:1\r\n.\r\n",
    replies: [[1, []], new Set([1]), new Map([["a", 1]])],
  },
  "attributes, skipped": {
    wire:
      "|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n*2\r\n:1\r\n|1\r\n+k\r\n*1\r\n:9\r\n:2\r\n|0\r\n:3\r\n",
    replies: ["a", [1, 2], 3],
  },
  "pushes, handed aside": {
    wire: "+a\r\n>2\r\n+message\r\n$2\r\nhi\r\n+b\r\n>0\r\n+c\r\n",
    replies: ["a", "b", "c"],
  },
};

/** Text to bytes, `\xhh` standing for a byte. */
function toWire(text: string): Uint8Array {
  return concat(
    text.split(/(\\x[0-9a-f]{2})/).map((part) =>
      /^\\x[0-9a-f]{2}$/.test(part) ? Uint8Array.of(parseInt(part.slice(2), 16)) : encodeText(part)
    ),
  );
}

/** Feeds chunks, each in the same buffer as a socket does, and takes all replies. */
function decode(chunks: Uint8Array[], as: ReadAs = "text", decoder = new Decoder()): Reply[] {
  const replies: Reply[] = [];
  const buffer = new Uint8Array(Math.max(0, ...chunks.map((chunk) => chunk.length)));
  for (const chunk of chunks) {
    buffer.set(chunk);
    decoder.push(buffer.subarray(0, chunk.length));
    for (let reply = decoder.next(as); reply !== undefined; reply = decoder.next(as)) {
      replies.push(reply);
    }
    buffer.fill(0xaa);
  }
  return replies;
}

/** Errors compared by their message: their stacks differ. */
function comparable(reply: Reply): unknown {
  if (reply instanceof ReplyError) return { code: reply.code, message: reply.message };
  return Array.isArray(reply) ? reply.map(comparable) : reply;
}

describe("Decoder reads", () => {
  for (const [title, { wire, replies, as }] of Object.entries(VECTORS)) {
    const bytes = toWire(wire);
    const expected = replies.map(comparable);

    it(`${title}, cut at every byte`, () => {
      for (let cut = 0; cut <= bytes.length; cut++) {
        const found = decode([bytes.subarray(0, cut), bytes.subarray(cut)], as);
        deepStrictEqual(found.map(comparable), expected, `cut=${cut}`);
      }
    });

    it(`${title}, byte by byte`, () => {
      const found = decode(Array.from(bytes, (byte) => Uint8Array.of(byte)), as);
      deepStrictEqual(found.map(comparable), expected);
    });
  }

  it("bytes that are not UTF-8 as bytes, and the text behind them as text", () => {
    const found = decode([toWire("$2\r\na\\xff\r\n$1\r\nb\r\n+\\xff\r\n")]);
    deepStrictEqual(found.slice(0, 2), [Uint8Array.of(0x61, 0xff), "b"]);
    strictEqual(found.length, 3);
  });

  it("bytes into memory of their own", () => {
    const [first, second] = decode([toWire("$2\r\nab\r\n$2\r\ncd\r\n")], "bytes") as Uint8Array[];
    strictEqual(first!.buffer.byteLength, 2);
    deepStrictEqual(second, encodeText("cd"));
  });

  it("bytes out of a Buffer into memory of their own", () => {
    const chunk = Buffer.from("$2\r\nab\r\n*1\r\n$2\r\ncd\r\n");
    const decoder = new Decoder();
    decoder.push(chunk);
    const found = [decoder.next("bytes"), decoder.next("bytes")];
    chunk.fill(0);
    deepStrictEqual(found, [encodeText("ab"), [encodeText("cd")]]);
  });

  it("a bulk that is read straight into its place, or not, at every cut", () => {
    const wire = encodeText("$5\r\nhello\r\n:1\r\n");
    for (let cut = 4; cut < 9; cut++) {
      for (const length of [1, 2, 5]) {
        const decoder = new Decoder();
        decoder.push(wire.subarray(0, cut));
        strictEqual(decoder.next("bytes"), undefined);
        let at = cut;
        for (let place = decoder.missing; place !== null; place = decoder.missing) {
          strictEqual(place.length, 9 - at);
          const chunk = place.subarray(0, length);
          chunk.set(wire.subarray(at, at + chunk.length));
          decoder.push(chunk);
          strictEqual(decoder.next("bytes"), undefined);
          at += chunk.length;
          // Now one from elsewhere, and one from the wrong place of the same memory.
          if (at < 9) decoder.push(wire.subarray(at, ++at));
          strictEqual(decoder.next("bytes"), undefined);
          if (at < 9) {
            const wrong = decoder.missing!.subarray(-1);
            wrong[0] = wire[at++]!;
            decoder.push(wrong);
          }
          strictEqual(decoder.next("bytes"), undefined);
        }
        decoder.push(wire.subarray(9));
        deepStrictEqual(decoder.next("bytes"), encodeText("hello"));
        strictEqual(decoder.missing, null);
        strictEqual(decoder.next(), 1);
      }
    }
  });

  it("chunks that come before the last one was used up", () => {
    const decoder = new Decoder();
    for (const part of ["+a\r\n+b", "\r\n", "+c\r\n"]) decoder.push(encodeText(part));
    deepStrictEqual([decoder.next(), decoder.next(), decoder.next()], ["a", "b", "c"]);
  });

  it("pushes into onPush, in their place", () => {
    const pushes: Reply[] = [];
    const decoder = new Decoder({ onPush: (items) => pushes.push(items) });
    decode([encodeText(">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n")], "text", decoder);
    deepStrictEqual(pushes, [["invalidate", ["k"]]]);
  });

  it("the code of an error, which may be all of it", () => {
    strictEqual(new ReplyError("NOAUTH Authentication required").code, "NOAUTH");
    strictEqual(new ReplyError("OOPS").code, "OOPS");
  });
});

const MALFORMED = [
  "HTTP/1.1 400 Bad Request\r\n",
  "\\x00",
  "OK\r\n",
  "\r\n",
  "+a\n",
  "+a\rb\r\n",
  ":\r\n",
  ":-\r\n",
  ":1e5\r\n",
  ":1.0\r\n",
  ": 1\r\n",
  ":12345678901234567890\r\n",
  ":9223372036854775808\r\n",
  ":-9223372036854775809\r\n",
  "$-2\r\n",
  "$\r\n",
  "$+1\r\na\r\n",
  "$1e1\r\n",
  "$1\r\nab\r\n",
  "$1\r\na\n\n",
  "$1\r\na\r\r",
  "$00000000000000001\r\n",
  "*-2\r\n",
  "*\r\n",
  "*x\r\n",
  "*999999999\r\n",
  "%-1\r\n",
  "~-1\r\n",
  "%?\r\n:1\r\n.\r\n",
  "%8388609\r\n",
  "$536870913\r\n",
  "_x\r\n",
  "#\r\n",
  "#x\r\n",
  "#tt\r\n",
  ",\r\n",
  ",1e\r\n",
  ",1,5\r\n",
  ",infinite\r\n",
  ",.\r\n",
  ",1.2.3\r\n",
  ",e1\r\n",
  "(\r\n",
  "(1.5\r\n",
  "(0x10\r\n",
  "=3\r\ntxt\r\n",
  "=4\r\ntxt;\r\n",
  "=-1\r\n",
  "!-1\r\n",
  "!?\r\n",
  ".\r\n",
  "*1\r\n.\r\n",
  "*?\r\n.x\r\n",
  ";1\r\na\r\n",
  "$?\r\n+a\r\n",
  "$?\r\n.\r\n",
  "$?\r\n;-1\r\n",
  "$?\r\n$?\r\n",
  "*1\r\n>1\r\n+a\r\n",
  ">?\r\n",
  "|?\r\n",
  "|-1\r\n",
  ">-1\r\n",
]; // deno-fmt-ignore-line

describe("Decoder refuses", () => {
  for (const wire of MALFORMED) {
    it(`${JSON.stringify(wire)} with a RespError, at every cut, for ever`, () => {
      const bytes = toWire(wire);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const decoder = new Decoder();
        const feed = (): Reply[] =>
          decode([bytes.subarray(0, cut), bytes.subarray(cut)], "text", decoder);
        throws(feed, RespError, `cut=${cut}`);
        decoder.push(encodeText("+OK\r\n"));
        throws(() => decoder.next(), RespError, "it answered after a protocol error");
      }
    });
  }
});

describe("Decoder limits", () => {
  const nested = (depth: number): string => "*1\r\n".repeat(depth) + ":1\r\n";
  const edges: Record<string, { limits: object; allowed: string; refused: string }> = {
    depth: { limits: {}, allowed: nested(64), refused: nested(65) },
    "items of an array": {
      limits: { itemsMax: 3 },
      allowed: "*3\r\n:1\r\n:2\r\n:3\r\n",
      refused: "*4\r\n",
    },
    "items of a map": { limits: { itemsMax: 2 }, allowed: "%1\r\n:1\r\n:2\r\n", refused: "%2\r\n" },
    "items of all levels": {
      limits: { itemsMax: 3 },
      allowed: "*1\r\n*2\r\n:1\r\n:2\r\n",
      refused: "*2\r\n*2\r\n",
    },
    "items of a streamed array": {
      limits: { itemsMax: 2 },
      allowed: "*?\r\n:1\r\n:2\r\n.\r\n",
      refused: "*?\r\n:1\r\n:2\r\n:3\r\n",
    },
    "items of an attribute": {
      limits: { itemsMax: 2 },
      allowed: "|1\r\n:1\r\n:2\r\n:3\r\n",
      refused: "|2\r\n",
    },
    "chunks of a streamed string": {
      limits: { itemsMax: 2 },
      allowed: "$?\r\n;1\r\na\r\n;1\r\na\r\n;0\r\n",
      refused: "$?\r\n;1\r\na\r\n;1\r\na\r\n;1\r\n",
    },
    "bytes of a bulk": { limits: { bulkBytesMax: 2 }, allowed: "$2\r\nab\r\n", refused: "$3\r\n" },
    "bytes of a streamed string": {
      limits: { bulkBytesMax: 3 },
      allowed: "$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n",
      refused: "$?\r\n;2\r\nab\r\n;2\r\n",
    },
    "bytes of a reply": {
      limits: { replyBytesMax: 3 },
      allowed: "*2\r\n$1\r\na\r\n$2\r\nbc\r\n",
      refused: "*2\r\n$2\r\nab\r\n$2\r\n",
    },
    "bytes of a line": {
      limits: { lineBytesMax: 8 },
      allowed: "+12345678\r\n",
      refused: "+123456789\r\n",
    },
  };
  for (const [what, { limits, allowed, refused }] of Object.entries(edges)) {
    it(`${what}: up to the edge, not past it`, () => {
      for (const step of [1, 1000]) {
        const cut = (wire: string): Uint8Array[] => {
          const bytes = encodeText(wire);
          const parts: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; at += step) parts.push(bytes.subarray(at, at + step));
          return parts;
        };
        // Twice, to see that what one reply used is not counted against the next.
        strictEqual(decode(cut(allowed + allowed), "text", new Decoder({ limits })).length, 2);
        throws(() => decode(cut(refused), "text", new Decoder({ limits })), RespError);
      }
    });
  }

  it("a line that never ends takes no memory past the limit", () => {
    const decoder = new Decoder({ limits: { lineBytesMax: 1000 } });
    throws(() => {
      for (let i = 0; i < 100; i++) decode([new Uint8Array(100).fill(0x2b)], "text", decoder);
    }, RespError);
  });

  it("a length past what the machine has is a RespError", () => {
    const decoder = new Decoder({ limits: { bulkBytesMax: 2 ** 53, replyBytesMax: 2 ** 53 } });
    throws(() => decode([encodeText("$999999999999999\r\n")], "text", decoder), RespError);
  });

  it("a long double that is none is read once, and not from each of its digits", () => {
    const wire = encodeText(`,${"1".repeat(65_000)}x\r\n`);
    for (let i = 0; i < 1_000; i++) throws(() => decode([wire]), RespError);
  });

  it("many small replies in a large chunk are read in linear time and kept apart", () => {
    const wire = encodeText("$3\r\nabc\r\n".repeat(10_000));
    const found = decode([wire]);
    strictEqual(found.length, 10_000);
    ok(found.every((reply) => reply === "abc"));
  });
});
