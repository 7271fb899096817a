/**
 * The decoder under random input: replies come back as they were written, however the bytes are
 * cut; bytes that were changed give replies or a `RespError`, and nothing else.
 *
 * `JETKV_FUZZ_SEEDS=1000000` tries so many seeds; a failure names its seed.
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { Decoder, type Reply, ReplyError, RespError } from "../resp3/mod.ts";
import { environment } from "./support/environment.ts";
import { Prng } from "./support/prng.ts";
import { concat, encodeReply, encodeText } from "./support/resp_writer.ts";

const SEEDS = Number(environment("JETKV_FUZZ_SEEDS") ?? 10_000);
const LIMITS = { itemsMax: 1000, bulkBytesMax: 10_000, replyBytesMax: 20_000, lineBytesMax: 1000 };

const TEXTS = ["", "a", "OK", "key:123", "é€😀", "\r\n", "x".repeat(300), "\ufffd"];
const NUMBERS = [0, -1, 42, 2 ** 31, Number.MAX_SAFE_INTEGER, 1.5, -0, 1e300, Infinity];

function randomReply(prng: Prng, depth = 0): Reply {
  const many = <T>(make: () => T): T[] => Array.from({ length: prng.below(4) }, make);
  const nested = (): Reply => randomReply(prng, depth + 1);
  switch (prng.below(depth < 4 ? 10 : 7)) {
    case 0:
      return prng.pick(TEXTS);
    case 1:
      return prng.pick(NUMBERS);
    case 2:
      return BigInt(prng.next()) ** BigInt(1 + prng.below(5)) * (prng.chance(0.5) ? 1n : -1n);
    case 3:
      return prng.chance(0.5);
    case 4:
      return null;
    case 5:
      return new ReplyError(`ERR number ${prng.below(100)}`);
    case 6:
      return concat([prng.bytes(prng.below(40)), Uint8Array.of(0xff)]); // never UTF-8
    case 7:
      return many(nested);
    case 8:
      return new Map(many((): [Reply, Reply] => [`key${prng.below(100)}`, nested()]));
    default:
      return new Set(many(() => prng.below(1000)));
  }
}

function decode(bytes: Uint8Array, prng: Prng): Reply[] {
  const decoder = new Decoder({ limits: LIMITS });
  const replies: Reply[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = 1 + prng.below(prng.chance(0.3) ? 3 : 200);
    decoder.push(bytes.slice(at, at + length));
    at += length;
    for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) {
      replies.push(reply);
    }
  }
  return replies;
}

function mutate(bytes: Uint8Array, prng: Prng): Uint8Array {
  const changed = bytes.slice();
  for (let left = 1 + prng.below(4); left > 0; left--) {
    const at = prng.below(changed.length);
    const wire = prng.pick([
      "\r\n",
      "$",
      "*",
      "%?",
      "-1",
      "999999999",
      ";",
      ".",
      ">",
      "|",
      "\n",
      "0",
    ]);
    if (prng.chance(0.5)) changed[at] = prng.below(256);
    else if (prng.chance(0.8)) changed.set(encodeText(wire).subarray(0, changed.length - at), at);
    else return changed.slice(0, at);
  }
  return changed;
}

describe("Decoder fuzz", () => {
  it("gives back random replies, however they are cut", () => {
    for (let seed = 1; seed <= Math.ceil(SEEDS / 10); seed++) {
      const prng = new Prng(seed);
      const replies = Array.from({ length: 1 + prng.below(5) }, () => randomReply(prng));
      const found = decode(concat(replies.map(encodeReply)), prng);
      deepStrictEqual(found.map(comparable), replies.map(comparable), `seed=${seed}`);
    }
  });

  it("gives replies or a RespError for changed bytes", () => {
    let refused = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const prng = new Prng(seed);
      const wire = concat(
        Array.from({ length: 1 + prng.below(3) }, () => encodeReply(randomReply(prng))),
      );
      try {
        decode(mutate(wire, prng), prng);
      } catch (error) {
        if (!(error instanceof RespError)) throw new Error(`seed=${seed}`, { cause: error });
        refused++;
      }
    }
    ok(refused > SEEDS / 10, "too few of the inputs were malformed to prove anything");
  });
});

/** Errors compared by their message: their stacks differ. */
function comparable(reply: Reply): unknown {
  if (reply instanceof ReplyError) return { error: reply.message };
  if (Array.isArray(reply)) return reply.map(comparable);
  if (reply instanceof Map) return new Map([...reply].map(([k, v]) => [k, comparable(v)]));
  return reply;
}
