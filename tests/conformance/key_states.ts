/**
 * Each operation in each state of its key: missing, a string, an array, expired, about to expire.
 * The cases are made from the table in `operations.ts`.
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Kv } from "../../kv/kv.ts";
import { contents, held, wrongTypeError } from "./expect.ts";
import {
  ARRAY,
  keyOperations,
  type Operation,
  type Outcome,
  prefixOperations,
  SOURCE,
  STRING,
} from "./operations.ts";
import type { Cases } from "./subject.ts";

const KEY = "key";

async function putString(kv: Kv): Promise<void> {
  await kv.put(KEY, STRING);
  await kv.append(SOURCE, "s");
}

async function putArray(kv: Kv): Promise<void> {
  await kv.append(KEY, ...ARRAY);
  await kv.append(SOURCE, "s");
}

async function check(kv: Kv, { call }: Operation, expected: Outcome | "wrong_type") {
  if (expected === "wrong_type") {
    const before = await contents(kv);
    await rejects(call(kv, KEY), wrongTypeError);
    deepStrictEqual(await contents(kv), before);
  } else {
    deepStrictEqual(await call(kv, KEY), expected.answer);
    deepStrictEqual(await held(kv, KEY), expected.leaves);
  }
}

async function checkExpiry(kv: Kv, operation: Operation, expected: Outcome | "wrong_type") {
  await kv.touch(KEY, 600_000);
  if (expected === "wrong_type") await rejects(operation.call(kv, KEY), wrongTypeError);
  else await operation.call(kv, KEY);
  const inspection = await kv.inspect(KEY);
  if (inspection === null) return;
  strictEqual(inspection.expiresIn !== null, expected === "wrong_type" || operation.expires);
}

function outcomeTitle(name: string, state: string, expected: Outcome | "wrong_type"): string {
  if (expected === "wrong_type") return `${name} on ${state} rejects and changes nothing`;
  return `${name} on ${state} answers ${JSON.stringify(expected.answer) ?? "nothing"}`;
}

function casesOf(name: string, operation: Operation): Cases {
  const { missing, string, array } = operation;
  return {
    [outcomeTitle(name, "a missing key", missing)]: async ({ kv }) => {
      await kv.append(SOURCE, "s");
      await check(kv, operation, missing);
    },
    [outcomeTitle(name, "a string", string)]: async ({ kv }) => {
      await putString(kv);
      await check(kv, operation, string);
    },
    [outcomeTitle(name, "an array", array)]: async ({ kv }) => {
      await putArray(kv);
      await check(kv, operation, array);
    },
    [`${name} takes an expired string for a missing key`]: async ({ kv, advance }) => {
      await putString(kv);
      await kv.touch(KEY, 10_000);
      await advance(10_000);
      await check(kv, operation, missing);
    },
    [`${name} takes an expired array for a missing key`]: async ({ kv, advance }) => {
      await putArray(kv);
      await kv.touch(KEY, 10_000);
      await advance(10_000);
      await check(kv, operation, missing);
    },
    [`${name} ${operation.expires ? "leaves" : "drops"} an expiry`]: async ({ kv }) => {
      await putString(kv);
      await checkExpiry(kv, operation, string);
      await kv.delete(KEY);
      await putArray(kv);
      await checkExpiry(kv, operation, array);
    },
  };
}

/** Every operation in every state of its key. */
export const keyStates: Cases = Object.assign(
  {},
  ...Object.entries({ ...keyOperations, ...prefixOperations })
    .map(([name, operation]) => casesOf(name, operation)),
);
