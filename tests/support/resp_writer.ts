/**
 * Writes replies as a server does: what the decoder's round trips and the scripted server need.
 */

import { type Reply, ReplyError } from "../../resp3/mod.ts";

const utf8 = new TextEncoder();

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The UTF-8 bytes of a text. */
export function encodeText(text: string): Uint8Array {
  return utf8.encode(text);
}

/** Encodes a reply as RESP3. Text becomes a bulk string. */
export function encodeReply(reply: Reply): Uint8Array {
  if (typeof reply === "string") return bulk(utf8.encode(reply));
  if (reply instanceof Uint8Array) return bulk(reply);
  if (typeof reply === "number") {
    return Number.isSafeInteger(reply) && !Object.is(reply, -0)
      ? utf8.encode(`:${reply}\r\n`)
      : utf8.encode(`,${double(reply)}\r\n`);
  }
  if (typeof reply === "bigint") return utf8.encode(`(${reply}\r\n`);
  if (typeof reply === "boolean") return utf8.encode(`#${reply ? "t" : "f"}\r\n`);
  if (reply === null) return utf8.encode("_\r\n");
  if (reply instanceof ReplyError) return utf8.encode(`-${reply.message}\r\n`);
  if (reply instanceof Map) {
    return aggregate("%", reply.size, [...reply].flat() as Reply[]);
  }
  if (reply instanceof Set) return aggregate("~", reply.size, [...reply] as Reply[]);
  return aggregate("*", (reply as Reply[]).length, reply as Reply[]);
}

function double(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

function bulk(bytes: Uint8Array): Uint8Array {
  return concat([utf8.encode(`$${bytes.length}\r\n`), bytes, utf8.encode("\r\n")]);
}

function aggregate(type: string, count: number, items: readonly Reply[]): Uint8Array {
  return concat([utf8.encode(`${type}${count}\r\n`), ...items.map(encodeReply)]);
}
