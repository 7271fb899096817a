/**
 * What each call is to the server: its words, whether it may be sent twice, and what its answer
 * means. Pure: nothing here sends anything.
 */

import type { Inspection } from "../../kv/call_types.ts";
import type { End } from "../../kv/store.ts";
import { type Argument, Encoder, type Reply } from "../../resp3/mod.ts";
import {
  atArray,
  atEither,
  atNoNumber,
  atString,
  type OnRead,
  toArray,
  toBulk,
  toCount,
  toCountedValue,
  toFlag,
  toInspection,
  toPopped,
  toReply,
  toStored,
  toValue,
  toValues,
} from "./answers.ts";
import type { Command, Parse } from "./request.ts";
import * as scripts from "./scripts.ts";

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
  script: scripts.Script,
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

/** `GET`, whose answers are counted: `onRead` is told whether there was a value. */
export function getCommand(onRead: OnRead): Command {
  return define("get", "GET", toCountedValue(onRead), { ...STRING, ...READ });
}

/** `GETDEL`, whose answers are counted likewise. */
export function fetchRemoveCommand(onRead: OnRead): Command {
  return define("fetchRemove", "GETDEL", toCountedValue(onRead), STRING);
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

export const REMOVE: Command<boolean> = defineScript("remove", scripts.REMOVE, toFlag);
export const INCREMENT: Command<number> = defineScript(
  "increment",
  scripts.INCREMENT,
  toCount,
  NUMBER,
);
export const PUT_IF_EQUAL: Command<boolean> = defineScript(
  "putIfEqual",
  scripts.PUT_IF_EQUAL,
  toFlag,
  STRING,
);
export const REMOVE_IF_EQUAL: Command<boolean> = defineScript(
  "removeIfEqual",
  scripts.REMOVE_IF_EQUAL,
  toFlag,
  STRING,
);
export const INSPECT: Command<Inspection | null> = defineScript(
  "inspect",
  scripts.INSPECT,
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
  first: define("pop from", "LPOP", toBulk, ARRAY),
  last: define("pop from", "RPOP", toBulk, ARRAY),
};
export const TRY_MOVE: Command<Reply> = define("move from", "LMOVE", toBulk, TWO_ARRAYS);

/** Pops that wait on the server. */
export const WAIT_POP: Readonly<Record<End, Command<Reply>>> = {
  first: define("pop from", "BLPOP", toPopped, ARRAY),
  last: define("pop from", "BRPOP", toPopped, ARRAY),
};
export const WAIT_MOVE: Command<Reply> = define("move from", "BLMOVE", toBulk, TWO_ARRAYS);
export const UNBLOCK: Command<boolean> = define(
  "end a waiting pop",
  "CLIENT UNBLOCK",
  toFlag,
  READ,
);

export const SCAN: Command<readonly Reply[]> = define("list keys", "SCAN", toArray, READ);
export const GET_ENTRY: Command<string | Uint8Array | null> = define(
  "list the entry",
  "GET",
  toBulk,
  { ...STRING, ...READ },
);
/** Milliseconds that an entry has left: below 0 if it never expires, or is gone. */
export const ENTRY_LIFE: Command<number> = define("list the entry", "PTTL", toCount, READ);
export const DELETE_PAGE: Command<number> = define("clear", "DEL", toCount);
export const COUNT_KEYS: Command<number> = define("count keys", "DBSIZE", toCount, READ);
export const PING: Command = define("ask for an answer", "PING", toReply, READ);
export const LOAD_SCRIPT: Command = define("load a script", "SCRIPT LOAD", toReply);
/** A command of the caller's own. */
export const RAW: Command<Reply> = define("run a command", "", toReply, { isRaw: true });
