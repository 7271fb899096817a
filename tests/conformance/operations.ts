/**
 * Every operation on a key as a row of data: what it answers and leaves where there is no such
 * key, a string or an array. Whole subjects are loops over this table.
 */

import type { Kv } from "../../kv/kv.ts";
import { type Held, listed } from "./expect.ts";

/** What a call answers, and what is at its key afterwards. */
export interface Outcome {
  readonly answer: unknown;
  readonly leaves: Held;
}

/** One operation. `"wrong_type"` stands for the rejection with that code. */
export interface Operation {
  readonly call: (kv: Kv, key: string) => Promise<unknown>;
  readonly missing: Outcome;
  /** Where the key holds {@linkcode STRING}. */
  readonly string: Outcome | "wrong_type";
  /** Where the key holds {@linkcode ARRAY}. */
  readonly array: Outcome | "wrong_type";
  /** Whether a key that had an expiry before has one afterwards, if it is still there. */
  readonly expires: boolean;
}

/** What the key holds in the state "string". A number, so that `increment` takes it. */
export const STRING = "5";
/** What the key holds in the state "array". */
export const ARRAY: readonly string[] = ["a", "b"];
/** An array at another key, which a `move` to the key takes its element from. */
export const SOURCE = "source";

function outcome(answer: unknown, leaves: Held): Outcome {
  return { answer, leaves };
}

const stringLeft = (answer: unknown): Outcome => outcome(answer, STRING);
const arrayLeft = (answer: unknown): Outcome => outcome(answer, [...ARRAY]);

const writes: Record<string, Operation> = {
  "put()": {
    call: (kv, key) => kv.put(key, "new"),
    missing: outcome(true, "new"),
    string: outcome(true, "new"),
    array: outcome(true, "new"),
    expires: false,
  },
  "put() with ifAbsent": {
    call: (kv, key) => kv.put(key, "new", { ifAbsent: true }),
    missing: outcome(true, "new"),
    string: stringLeft(false),
    array: arrayLeft(false),
    expires: true,
  },
  "put() with keepTtl": {
    call: (kv, key) => kv.put(key, "new", { keepTtl: true }),
    missing: outcome(true, "new"),
    string: outcome(true, "new"),
    array: outcome(true, "new"),
    expires: true,
  },
  "put() with expireIn": {
    call: (kv, key) => kv.put(key, "new", { expireIn: 60_000 }),
    missing: outcome(true, "new"),
    string: outcome(true, "new"),
    array: outcome(true, "new"),
    expires: true,
  },
  "put() with ifAbsent and expireIn": {
    call: (kv, key) => kv.put(key, "new", { ifAbsent: true, expireIn: 60_000 }),
    missing: outcome(true, "new"),
    string: stringLeft(false),
    array: arrayLeft(false),
    expires: true,
  },
  "putExpire()": {
    call: (kv, key) => kv.putExpire(key, "new", 60_000),
    missing: outcome(true, "new"),
    string: outcome(true, "new"),
    array: outcome(true, "new"),
    expires: true,
  },
  "increment()": {
    call: (kv, key) => kv.increment(key),
    missing: outcome(1, "1"),
    string: outcome(6, "6"),
    array: "wrong_type",
    expires: true,
  },
  "putIfEqual()": {
    call: (kv, key) => kv.putIfEqual(key, STRING, "new"),
    missing: outcome(false, null),
    string: outcome(true, "new"),
    array: "wrong_type",
    expires: false,
  },
  "putIfEqual() of another value": {
    call: (kv, key) => kv.putIfEqual(key, "other", "new"),
    missing: outcome(false, null),
    string: stringLeft(false),
    array: "wrong_type",
    expires: true,
  },
  "putMany()": {
    call: (kv, key) => kv.putMany([[key, "new"]]),
    missing: outcome(undefined, "new"),
    string: outcome(undefined, "new"),
    array: outcome(undefined, "new"),
    expires: false,
  },
  "putMany() with expireIn": {
    call: (kv, key) => kv.putMany([[key, "new"]], { expireIn: 60_000 }),
    missing: outcome(undefined, "new"),
    string: outcome(undefined, "new"),
    array: outcome(undefined, "new"),
    expires: true,
  },
  "touch()": {
    call: (kv, key) => kv.touch(key, 60_000),
    missing: outcome(false, null),
    string: stringLeft(true),
    array: arrayLeft(true),
    expires: true,
  },
  "append()": {
    call: (kv, key) => kv.append(key, "x", "y"),
    missing: outcome(2, ["x", "y"]),
    string: "wrong_type",
    array: outcome(4, ["a", "b", "x", "y"]),
    expires: true,
  },
  "prepend()": {
    call: (kv, key) => kv.prepend(key, "x", "y"),
    missing: outcome(2, ["y", "x"]),
    string: "wrong_type",
    array: outcome(4, ["y", "x", "a", "b"]),
    expires: true,
  },
  "move() to the key": {
    call: (kv, key) => kv.move(SOURCE, key, { take: "first", put: "last" }),
    missing: outcome("s", ["s"]),
    string: "wrong_type",
    array: outcome("s", ["a", "b", "s"]),
    expires: true,
  },
  "move() within the key": {
    call: (kv, key) => kv.move(key, key, { take: "first", put: "last" }),
    missing: outcome(null, null),
    string: "wrong_type",
    array: outcome("a", ["b", "a"]),
    expires: true,
  },
};

const removals: Record<string, Operation> = {
  "fetchRemove()": {
    call: (kv, key) => kv.fetchRemove(key),
    missing: outcome(null, null),
    string: outcome(STRING, null),
    array: "wrong_type",
    expires: false,
  },
  "remove()": {
    call: (kv, key) => kv.remove(key),
    missing: outcome(false, null),
    string: outcome(true, null),
    array: arrayLeft(false),
    expires: true,
  },
  "delete()": {
    call: (kv, key) => kv.delete(key),
    missing: outcome(false, null),
    string: outcome(true, null),
    array: outcome(true, null),
    expires: false,
  },
  "removeIfEqual()": {
    call: (kv, key) => kv.removeIfEqual(key, STRING),
    missing: outcome(false, null),
    string: outcome(true, null),
    array: "wrong_type",
    expires: false,
  },
  "removeIfEqual() of another value": {
    call: (kv, key) => kv.removeIfEqual(key, "other"),
    missing: outcome(false, null),
    string: stringLeft(false),
    array: "wrong_type",
    expires: true,
  },
  "removeMany()": {
    call: (kv, key) => kv.removeMany([key]),
    missing: outcome([false], null),
    string: outcome([true], null),
    array: arrayLeft([false]),
    expires: true,
  },
  "pop()": {
    call: (kv, key) => kv.pop(key),
    missing: outcome(null, null),
    string: "wrong_type",
    array: outcome("b", ["a"]),
    expires: true,
  },
  "popFirst()": {
    call: (kv, key) => kv.popFirst(key),
    missing: outcome(null, null),
    string: "wrong_type",
    array: outcome("a", ["b"]),
    expires: true,
  },
  "move() from the key": {
    call: (kv, key) => kv.move(key, "target", { take: "first", put: "last" }),
    missing: outcome(null, null),
    string: "wrong_type",
    array: outcome("a", ["b"]),
    expires: true,
  },
  "persist()": {
    call: (kv, key) => kv.persist(key),
    missing: outcome(false, null),
    string: stringLeft(false),
    array: arrayLeft(false),
    expires: false,
  },
};

const reads: Record<string, Operation> = {
  "get()": {
    call: (kv, key) => kv.get(key),
    missing: outcome(null, null),
    string: stringLeft(STRING),
    array: "wrong_type",
    expires: true,
  },
  "getMany()": {
    call: (kv, key) => kv.getMany([key]),
    missing: outcome([null], null),
    string: stringLeft([STRING]),
    array: "wrong_type",
    expires: true,
  },
  "has()": {
    call: (kv, key) => kv.has(key),
    missing: outcome(false, null),
    string: stringLeft(true),
    array: arrayLeft(true),
    expires: true,
  },
  "inspect()": {
    call: (kv, key) => kv.inspect(key),
    missing: outcome(null, null),
    string: stringLeft({ type: "string", length: 1, expiresIn: null }),
    array: arrayLeft({ type: "array", length: 2, expiresIn: null }),
    expires: true,
  },
  "length()": {
    call: (kv, key) => kv.length(key),
    missing: outcome(0, null),
    string: "wrong_type",
    array: arrayLeft(2),
    expires: true,
  },
  "range()": {
    call: (kv, key) => kv.range(key),
    missing: outcome([], null),
    string: "wrong_type",
    array: arrayLeft([...ARRAY]),
    expires: true,
  },
};

/** The operations on single keys. */
export const keyOperations: Readonly<Record<string, Operation>> = {
  ...reads,
  ...writes,
  ...removals,
};

/** The operations on all keys with a prefix, which here is a key of which it is the only one. */
export const prefixOperations: Readonly<Record<string, Operation>> = {
  "keys()": {
    call: (kv, prefix) => listed(kv.keys({ prefix })),
    missing: outcome([], null),
    string: stringLeft(["key"]),
    array: arrayLeft(["key"]),
    expires: true,
  },
  "entries()": {
    call: (kv, prefix) => listed(kv.entries({ prefix })),
    missing: outcome([], null),
    string: stringLeft([["key", STRING]]),
    array: arrayLeft([]),
    expires: true,
  },
  "clear()": {
    call: (kv, prefix) => kv.clear({ prefix }),
    missing: outcome(0, null),
    string: outcome(1, null),
    array: outcome(1, null),
    expires: false,
  },
};
