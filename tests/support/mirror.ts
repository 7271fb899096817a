/**
 * Plays the steps of a seed on a store and on the model, and compares every answer. A failure names
 * the seed and the step, which is all it takes to see it again.
 */

import { deepStrictEqual } from "node:assert/strict";
import { KvError } from "../../kv/errors.ts";
import type { Kv } from "../../kv/kv.ts";
import { listed, sorted } from "../conformance/expect.ts";
import type { Subject } from "../conformance/subject.ts";
import { Model, type Outcome } from "./model.ts";
import { Prng } from "./prng.ts";
import { type Step, Steps } from "./steps.ts";

/** The calls of one turn, whose order is part of the contract. */
const TURN_STEPS_MAX = 8;
/** Steps between two looks at the whole store. */
const LOOK_EVERY = 50;

/** How far to play. */
export interface MirrorOptions {
  readonly seed: number;
  readonly steps: number;
}

/** Plays a seed. The store must be empty and its clock the test's own. */
export async function mirror(subject: Subject, { seed, steps }: MirrorOptions): Promise<void> {
  const prng = new Prng(seed);
  const drawn = new Steps(prng);
  const model = new Model();
  for (let at = 0; at < steps;) {
    const turn = drawTurn(drawn, 1 + prng.below(TURN_STEPS_MAX));
    const answers = await Promise.all(turn.map((step) => play(subject, step)));
    for (const [index, step] of turn.entries()) {
      const where = `seed=${seed} step=${at + index}: ${JSON.stringify(step)}`;
      deepStrictEqual(answers[index], model.play(step), where);
    }
    if (at % LOOK_EVERY + turn.length >= LOOK_EVERY) {
      deepStrictEqual(await whole(subject.kv), modelWhole(model), `seed=${seed} after step=${at}`);
    }
    at += turn.length;
  }
}

/** Draws calls to issue at once. What is not one atomic step has a turn of its own. */
function drawTurn(drawn: Steps, count: number): Step[] {
  const turn = [drawn.next()];
  if (turn.some(isAlone)) return turn;
  for (let more = 1; more < count; more++) {
    const step = drawn.next();
    if (!isAlone(step)) turn.push(step);
  }
  return turn;
}

function isAlone({ method }: Step): boolean {
  return ["advance", "keys", "entries", "clear"].includes(method);
}

/** Plays a step on a store. What rejects with a `KvError` is an answer too. */
export async function play(subject: Subject, { method, args }: Step): Promise<Outcome> {
  if (method === "advance") return { answer: await subject.advance(args[0] as number) };
  try {
    const call = subject.kv[method] as (...args: unknown[]) => unknown;
    const result = call.apply(subject.kv, [...args]);
    const isScan = method === "keys" || method === "entries";
    return { answer: isScan ? await sorted(result as AsyncIterable<string>) : await result };
  } catch (error) {
    if (error instanceof KvError) return { code: error.code };
    throw error;
  }
}

/** Everything that is in a store. */
export async function whole(kv: Kv): Promise<unknown[]> {
  const rows = [];
  for (const key of (await listed(kv.keys())).sort()) {
    const inspection = await kv.inspect(key);
    rows.push([
      key,
      inspection,
      inspection?.type === "array" ? await kv.range(key) : await kv.get(key),
    ]);
  }
  return rows;
}

/** Everything that is in the model, as `whole` gives it. */
export function modelWhole(model: Model): unknown[] {
  return model.keys().map((key) => {
    const inspection = model.inspect(key);
    return [key, inspection, inspection?.type === "array" ? model.range(key) : model.get(key)];
  });
}
