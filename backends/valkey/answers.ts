/**
 * What the server's answers mean, and its refusals.
 */

import type { Inspection } from "../../kv/call_types.ts";
import { decodeValue } from "../../kv/codec.ts";
import { KvError, show, wrongTypeError } from "../../kv/errors.ts";
import type { Reply, ReplyError } from "../../resp3/mod.ts";
import { cannot, oddAnswerError, type Parse, type Request } from "./request.ts";

/** Told of each read whether there was a value. */
export type OnRead = (isHit: boolean) => void;

/** The answer as it is. */
export function toReply(reply: Reply): Reply {
  return reply;
}

/** A whole number. */
export function toCount(reply: Reply, request: Request): number {
  if (typeof reply !== "number") throw oddAnswerError(request);
  return reply;
}

/** Whether it is 1: the server counts what it changed. */
export function toFlag(reply: Reply, request: Request): boolean {
  return toCount(reply, request) === 1;
}

/** `SET` answers OK, or null where `NX` kept it from storing. */
export function toStored(reply: Reply, request: Request): boolean {
  if (reply === "OK") return true;
  if (reply === null) return false;
  throw oddAnswerError(request);
}

/** A bulk string as it is. */
export function toBulk(reply: Reply, request: Request): string | Uint8Array | null {
  if (reply === null || typeof reply === "string" || reply instanceof Uint8Array) return reply;
  throw oddAnswerError(request);
}

/** A value as the caller's codec reads it. */
export function toValue(reply: Reply, request: Request): unknown {
  const value = toBulk(reply, request);
  return value === null ? null : decodeValue(value, request.decoder!);
}

/** `toValue`, counted: `onRead` is told whether there was a value. */
export function toCountedValue(onRead: OnRead): Parse<unknown> {
  return (reply, request) => {
    const value = toValue(reply, request);
    onRead(reply !== null);
    return value;
  };
}

/** Values as the caller's codec reads them. */
export function toValues(reply: Reply, request: Request): unknown[] {
  return toArray(reply, request).map((item) => toValue(item, request));
}

/** An answer that must be an array. */
export function toArray(reply: Reply, request: Request): readonly Reply[] {
  if (!Array.isArray(reply)) throw oddAnswerError(request);
  return reply;
}

/** `BLPOP` and `BRPOP` answer the key and the element. */
export function toPopped(reply: Reply, request: Request): Reply {
  return reply === null ? null : toBulk(toArray(reply, request)[1]!, request);
}

/** What the script of `inspect` answers. */
export function toInspection(reply: Reply, request: Request): Inspection | null {
  if (reply === null) return null;
  const [kind, length, leftMs] = toArray(reply, request);
  if (kind !== "string" && kind !== "list") {
    const found = `it holds a ${kind === "zset" ? "sorted set" : kind}, which JetKV does not read`;
    throw new KvError("wrong_type", `Cannot inspect ${show(request.key!)}: ${found}`);
  }
  if (typeof length !== "number" || typeof leftMs !== "number") throw oddAnswerError(request);
  return {
    type: kind === "string" ? "string" : "array",
    length,
    // A key in its last millisecond has 0 left; -1 is no expiry.
    expiresIn: leftMs < 0 ? null : Math.max(1, leftMs),
  };
}

/** The key holds an array, or a type that only other programs use: the server does not say. */
export function atArray({ command, key }: Request, { code }: ReplyError): KvError | null {
  return code === "WRONGTYPE" ? wrongTypeError(command.action, key!, "no string") : null;
}

/** The key holds a string, or a type that only other programs use. */
export function atString({ command, key }: Request, { code }: ReplyError): KvError | null {
  return code === "WRONGTYPE" ? wrongTypeError(command.action, key!, "no array") : null;
}

/** Of two arrays the server does not say which is none. */
export function atEither(request: Request, error: ReplyError): KvError | null {
  const { key, value: to } = request;
  if (error.code !== "WRONGTYPE" || typeof to !== "string" || to === key) {
    return atString(request, error);
  }
  const message = `${cannot(request)} to ${show(to)}: one of them holds no array`;
  return new KvError("wrong_type", message);
}

/** The key holds no number, or none that may be counted with. */
export function atNoNumber(request: Request, error: ReplyError): KvError | null {
  const refused = /^(ERR (value is not an integer|increment or decrement would overflow)|RANGE\b)/;
  if (!refused.test(error.message)) return atArray(request, error);
  return new KvError(
    "not_a_number",
    `${cannot(request)}: the value or the sum is no whole number within ±(2^53 − 1)`,
  );
}
