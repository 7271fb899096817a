/**
 * What each call is to the server: its words, whether it may be sent twice, and what its answer
 * means. Pure: nothing here sends anything.
 */

import { byteLength, fitsIn } from "../../internal/bytes.ts";
import { decodeValue } from "../../kv/codec.ts";
import { KvError, show, wrongType } from "../../kv/errors.ts";
import type { Inspection } from "../../kv/call_types.ts";
import type { Value } from "../../kv/kv.ts";
import type { End, StorePut } from "../../kv/store.ts";
import { type Argument, Encoder, type Reply, type ReplyError } from "../../resp3/mod.ts";
import { cannot, type Command, NO_ARGUMENTS, oddAnswer, type Request } from "./request.ts";
import {
  INCREMENT,
  INSPECT,
  PUT_IF_EQUAL,
  REMOVE,
  REMOVE_IF_EQUAL,
  type Script,
} from "./scripts.ts";

type Parse<R> = Command<R>["parse"];
type Traits = Partial<Pick<Command, "refusal" | "script" | "isRepeatable" | "isRaw">>;

const STRING: Traits = { refusal: atArray };
const NUMBER: Traits = { refusal: atNoNumber };
const ARRAY: Traits = { refusal: atString };
const TWO_ARRAYS: Traits = { refusal: atEither };
const READ: Traits = { isRepeatable: true };

/** Defines a command of the server by its words; what it does is for messages. */
export function define<R>(
  action: string,
  words: string,
  parse: Parse<R>,
  traits: Traits = {},
): Command<R> {
  const parts = words === "" ? [] : words.split(" ");
  return {
    refusal: null,
    script: null,
    isRepeatable: false,
    isRaw: false,
    ...traits,
    action,
    words: encodeWords(parts),
    wordCount: parts.length,
    parse,
  };
}

function defineScript<R>(
  action: string,
  script: Script,
  parse: Parse<R>,
  traits: Traits = {},
): Command<R> {
  return define(action, "", parse, { ...traits, script });
}

/** Encodes words as they stand in a command, each with its length. */
export function encodeWords(words: readonly Argument[]): Uint8Array {
  const encoder = new Encoder();
  for (const word of words) encoder.bulk(word);
  const [bytes = new Uint8Array(0), ...more] = encoder.take();
  if (more.length > 0) throw new RangeError("Cannot encode words over 8 KiB");
  return bytes;
}

// --- What answers mean ---------------------------------------------------------------------------

/** The answer as it is. */
export function toReply(reply: Reply): Reply {
  return reply;
}

function toCount(reply: Reply, request: Request): number {
  if (typeof reply !== "number") throw oddAnswer(request);
  return reply;
}

function toFlag(reply: Reply, request: Request): boolean {
  return toCount(reply, request) === 1;
}

/** `SET` answers OK, or null where `NX` kept it from storing. */
function toStored(reply: Reply, request: Request): boolean {
  if (reply === "OK") return true;
  if (reply === null) return false;
  throw oddAnswer(request);
}

function toBulk(reply: Reply, request: Request): string | Uint8Array | null {
  if (reply === null || typeof reply === "string" || reply instanceof Uint8Array) return reply;
  throw oddAnswer(request);
}

/** A value as the caller's codec reads it. */
export function toValue(reply: Reply, request: Request): unknown {
  const value = toBulk(reply, request);
  return value === null ? null : decodeValue(value, request.decoder!);
}

function toValues(reply: Reply, request: Request): unknown[] {
  return toArray(reply, request).map((item) => toValue(item, request));
}

/** An answer that must be an array. */
function toArray(reply: Reply, request: Request): readonly Reply[] {
  if (!Array.isArray(reply)) throw oddAnswer(request);
  return reply;
}

/** `BLPOP` and `BRPOP` answer the key and the element. */
function toPopped(reply: Reply, request: Request): Reply {
  return reply === null ? null : toArray(reply, request)[1]!;
}

function toInspection(reply: Reply, request: Request): Inspection | null {
  if (reply === null) return null;
  const [kind, length, leftMs] = toArray(reply, request);
  if (kind !== "string" && kind !== "list") {
    const found = `it holds a ${kind === "zset" ? "sorted set" : kind}, which JetKV does not read`;
    throw new KvError("wrong_type", `Cannot inspect ${show(request.key!)}: ${found}`);
  }
  if (typeof length !== "number" || typeof leftMs !== "number") throw oddAnswer(request);
  return {
    type: kind === "string" ? "string" : "array",
    length,
    // A key in its last millisecond has 0 left; -1 is no expiry.
    expiresIn: leftMs < 0 ? null : Math.max(1, leftMs),
  };
}

// --- What refusals mean --------------------------------------------------------------------------

function atArray({ command, key }: Request, { code }: ReplyError): KvError | null {
  return code === "WRONGTYPE" ? wrongType(command.action, key!, "an array") : null;
}

function atString({ command, key }: Request, { code }: ReplyError): KvError | null {
  return code === "WRONGTYPE" ? wrongType(command.action, key!, "a string") : null;
}

/** Of two arrays the server does not say which is none. */
function atEither(request: Request, error: ReplyError): KvError | null {
  const { key, value: to } = request;
  if (error.code !== "WRONGTYPE" || typeof to !== "string" || to === key) {
    return atString(request, error);
  }
  const message = `${cannot(request)} to ${show(to)}: one of them holds a string`;
  return new KvError("wrong_type", message);
}

function atNoNumber(request: Request, error: ReplyError): KvError | null {
  const refused = /^(ERR (value is not an integer|increment or decrement would overflow)|RANGE\b)/;
  if (!refused.test(error.message)) return atArray(request, error);
  return new KvError(
    "not_a_number",
    `${cannot(request)}: the value or the sum is no whole number within ±(2^53 − 1)`,
  );
}

// --- The commands --------------------------------------------------------------------------------

type OnRead = (isHit: boolean) => void;

/** `GET`, whose answers are counted: `onRead` is told whether there was a value. */
export function getCommand(onRead: OnRead): Command {
  return define("get", "GET", toCountedValue(onRead), { ...STRING, ...READ });
}

/** `GETDEL`, whose answers are counted likewise. */
export function fetchRemoveCommand(onRead: OnRead): Command {
  return define("fetchRemove", "GETDEL", toCountedValue(onRead), STRING);
}

function toCountedValue(onRead: OnRead): Parse<unknown> {
  return (reply, request) => {
    const value = toValue(reply, request);
    onRead(reply !== null);
    return value;
  };
}

/** `INFO`; `onAnswer` is called when its answer is there, before later ones are looked at. */
export function infoCommand<R>(onAnswer: (info: string) => R): Command<R> {
  return define("read counters", "INFO", (reply) => onAnswer(String(reply)), READ);
}

export const SET: Command<boolean> = define("put", "SET", toStored);
export const DELETE: Command<boolean> = define("delete", "DEL", toFlag);
export const LENGTH: Command<number> = define("tell the length of", "LLEN", toCount, {
  ...ARRAY,
  ...READ,
});
export const RANGE: Command = define("read a range of", "LRANGE", toValues, { ...ARRAY, ...READ });
export const HAS: Command<boolean> = define("look for", "EXISTS", toFlag, READ);
export const TOUCH: Command<boolean> = define("touch", "PEXPIRE", toFlag);
export const PERSIST: Command<boolean> = define("persist", "PERSIST", toFlag);

export const REMOVE_STRING: Command<boolean> = defineScript("remove", REMOVE, toFlag);
export const INCREMENT_BY: Command<number> = defineScript("increment", INCREMENT, toCount, NUMBER);
export const REPLACE_EQUAL: Command<boolean> = defineScript(
  "putIfEqual",
  PUT_IF_EQUAL,
  toFlag,
  STRING,
);
export const REMOVE_EQUAL: Command<boolean> = defineScript(
  "removeIfEqual",
  REMOVE_IF_EQUAL,
  toFlag,
  STRING,
);
export const INSPECT_KEY: Command<Inspection | null> = defineScript(
  "inspect",
  INSPECT,
  toInspection,
  READ,
);

export const PUSH: Readonly<Record<End, Command<number>>> = {
  first: define("prepend to", "LPUSH", toCount, ARRAY),
  last: define("append to", "RPUSH", toCount, ARRAY),
};

/** Pops that do not wait. */
export const POP: Readonly<Record<End, Command>> = {
  first: define("pop from", "LPOP", toValue, ARRAY),
  last: define("pop from", "RPOP", toValue, ARRAY),
};
export const MOVE: Command = define("move from", "LMOVE", toValue, TWO_ARRAYS);

/** The same for callers who may wait: they tell an element from none before they decode it. */
export const TRY_POP: Readonly<Record<End, Command<Reply>>> = {
  first: define("pop from", "LPOP", toReply, ARRAY),
  last: define("pop from", "RPOP", toReply, ARRAY),
};
export const TRY_MOVE: Command<Reply> = define("move from", "LMOVE", toReply, TWO_ARRAYS);

/** Pops that wait on the server. */
export const WAIT_POP: Readonly<Record<End, Command<Reply>>> = {
  first: define("pop from", "BLPOP", toPopped, ARRAY),
  last: define("pop from", "BRPOP", toPopped, ARRAY),
};
export const WAIT_MOVE: Command<Reply> = define("move from", "BLMOVE", toReply, TWO_ARRAYS);
export const UNBLOCK: Command = define("end a waiting pop", "CLIENT UNBLOCK", toReply, READ);

export const SCAN: Command<readonly Reply[]> = define("list keys", "SCAN", toArray, READ);
export const GET_ENTRY: Command<string | Uint8Array | null> = define(
  "list the entry",
  "GET",
  toBulk,
  { ...STRING, ...READ },
);
export const DELETE_PAGE: Command<number> = define("clear", "DEL", toCount);
export const COUNT_KEYS: Command<number> = define("count keys", "DBSIZE", toCount, READ);
export const PING: Command = define("ask for an answer", "PING", toReply, READ);
export const LOAD_SCRIPT: Command = define("load a script", "SCRIPT LOAD", toReply);
/** A command of the caller's own. */
export const RAW: Command<Reply> = define("run a command", "", toReply, { isRaw: true });

// --- Their arguments -----------------------------------------------------------------------------

/** The longest value that a server takes: past it, it hangs up. */
const VALUE_BYTES_MAX = 2 ** 29;

/**
 * Checks the length of a value.
 *
 * @throws {RangeError} If it is more than a server takes.
 */
export function checkLength(value: Value): Value {
  if (fitsIn(value, VALUE_BYTES_MAX)) return value;
  throw new RangeError(
    `Cannot store a value of ${byteLength(value)} bytes on Valkey: at most ${VALUE_BYTES_MAX}`,
  );
}

const IF_ABSENT: readonly Argument[] = ["NX"];
const KEEP_TTL: readonly Argument[] = ["KEEPTTL"];

/** The arguments of `SET` after the value. */
export function setArguments({ expireIn, ifAbsent, keepTtl }: StorePut): readonly Argument[] {
  if (expireIn > 0) return ifAbsent ? ["PX", expireIn, "NX"] : ["PX", expireIn];
  if (keepTtl) return ifAbsent ? ["KEEPTTL", "NX"] : KEEP_TTL;
  return ifAbsent ? IF_ABSENT : NO_ARGUMENTS;
}

/** The arguments of `LRANGE` for the rules of `Array#slice`. */
export function rangeArguments(start: number, end: number): readonly Argument[] {
  const bound = Number.MAX_SAFE_INTEGER;
  const isEmpty = start === Infinity || end === 0 || end === -Infinity;
  if (isEmpty) return [1, 0]; // asked all the same: the key may hold a string
  const first = Math.max(start, -bound);
  const last = end === Infinity ? -1 : Math.max(end, -bound) - 1;
  return [Math.min(first, bound), Math.min(last, bound)].map((index) => BigInt(index).toString());
}

/** The words for the two ends in `LMOVE`. */
export function endWord(end: End): string {
  return end === "first" ? "LEFT" : "RIGHT";
}

const TEXT_OF_GLOB = /[*?[\]\\^]/g;

/** The arguments of `SCAN` after the cursor. The prefix is taken literally. */
export function scanArguments(
  prefix: string,
  { count, stringsOnly }: { count: number; stringsOnly: boolean },
): readonly Argument[] {
  return [
    ...(prefix === "" ? [] : ["MATCH", `${prefix.replace(TEXT_OF_GLOB, "\\$&")}*`]),
    "COUNT",
    count,
    ...(stringsOnly ? ["TYPE", "string"] : []),
  ];
}
