/**
 * What memory and file stores do in a round: from an empty store through each kind of write and
 * read back to an empty store, with every answer checked.
 */

import { type Load, measure, type Sample } from "./measure.ts";
import type { Subject } from "./subject.ts";
import { type Pass, type Row, WARM_UP_SHARE, type WarmPass } from "./turns.ts";
import { ARRAY_COUNT, arrayOf, digest, keyOf, shuffled, valueOf } from "./workloads.ts";

/** Array calls are the fastest ones: as many of them as keys take 20 to 30 ms in memory. */
const ELEMENTS_A_KEY = 5;

/**
 * Makes the pass that plays each row with `load`, whose count is that of the keys, after a shorter
 * one that is not counted.
 */
export function warmStorePass(load: Load): WarmPass<Subject> {
  const count = Math.ceil(load.count * WARM_UP_SHARE);
  const warmUp = storePass({ ...load, count, budgetMs: load.budgetMs * WARM_UP_SHARE });
  return { warmUp, pass: storePass(load) };
}

function storePass(load: Load): Pass<Subject> {
  const { count, inFlight } = load;
  return async function* (subject, name): AsyncGenerator<Row & { sample: Sample }> {
    const play = (row: string, ids: Uint32Array, calls: Calls): Promise<Sample> =>
      playRow(subject, ids, { ...load, ...calls, title: `${name}: ${row}` });

    await subject.prepareArrays?.(Array.from({ length: ARRAY_COUNT }, (_, id) => arrayOf(id)));
    const written = shuffled(count, 11);
    const put = await play("put new", written, { call: putNew });
    yield { row: "put new", inFlight, sample: put };
    const rest = await fill(subject, written.subarray(put.operations), FILLING_MS_MAX);
    const stored = written.subarray(0, put.operations + rest);

    const get = await play("get", mixed(stored, 12), { call: read, expected: newValueOf });
    yield { row: "get", inFlight, sample: get };

    const overwritten = mixed(stored, 13);
    const overwrite = await play("overwrite", overwritten, { call: putAgain });
    yield { row: "overwrite", inFlight, sample: overwrite };
    await expectValues(subject, name, overwritten.subarray(0, overwrite.operations), 1);

    const elements = shuffled(count * ELEMENTS_A_KEY, 15);
    const append = await play("append", elements, { call: appendElement });
    yield { row: "append", inFlight, sample: append };
    const popFirst = await play("popFirst", elements.subarray(0, append.operations), {
      call: popElement,
      expected: elementOf,
    });
    yield { row: "popFirst", inFlight, sample: popFirst };

    const removed = mixed(stored, 14);
    const remove = await play("remove", removed, { call: removeKey });
    yield { row: "remove", inFlight, sample: remove };
    await expectValues(subject, name, removed.subarray(0, remove.operations), null);
  };
}

/** A call for the key or the element with number `id`. */
type CallById<S> = (subject: S, id: number) => Promise<unknown>;

/** The value that a key is filled with. */
export const newValueOf = (id: number): string => valueOf(id, 0);
const elementOf = (id: number): string => valueOf(id, 2);

/** Puts what a store is filled with. */
export const putNew: CallById<Pick<Subject, "put">> = (subject, id) =>
  subject.put(keyOf(id), newValueOf(id));
/** Reads a key. */
export const read: CallById<Subject> = (subject, id) => subject.get(keyOf(id));
const putAgain: CallById<Subject> = (subject, id) => subject.put(keyOf(id), valueOf(id, 1));
const removeKey: CallById<Subject> = (subject, id) => subject.remove(keyOf(id));
const appendElement: CallById<Subject> = (subject, id) =>
  subject.append(arrayOf(id), elementOf(id));
const popElement: CallById<Subject> = (subject, id) => subject.popFirst(arrayOf(id));

interface Calls {
  readonly call: CallById<Subject>;
  /** What the answer must be; without it the answers are not looked at. */
  readonly expected?: (id: number) => string;
}

/** The calls of a row: one for each of `ids`. */
interface CallsByIds<S> {
  readonly subject: S;
  readonly ids: Uint32Array;
  readonly call: CallById<S>;
}

function callNext<S>({ subject, ids, call }: CallsByIds<S>, at: number): Promise<unknown> {
  return call(subject, ids[at] as number);
}

/**
 * Times a call for each of `ids`, within the time of `load`, and checks the answers.
 *
 * @throws If an answer is not what was expected.
 */
export async function playRow(
  subject: Subject,
  ids: Uint32Array,
  { title, call, expected, ...load }: Calls & Load & { title: string },
): Promise<Sample> {
  const calls: CallsByIds<Subject> = { subject, ids, call };
  const sample = await measure({ ...load, count: ids.length }, calls, callNext);
  if (expected !== undefined) {
    let checksum = 0;
    for (const id of ids.subarray(0, sample.operations)) checksum += digest(expected(id));
    if (checksum !== sample.checksum) throw new Error(`Cannot trust ${title}: checksum differs`);
  }
  return sample;
}

/** `ids` in another order, which `seed` decides. */
function mixed(ids: Uint32Array, seed: number): Uint32Array {
  return shuffled(ids.length, seed).map((at) => ids[at] as number);
}

const FILLING_IN_FLIGHT = 256;
/** The slowest peers do not come to an end within this: they go on with fewer keys. */
const FILLING_MS_MAX = 1000;

/**
 * Puts what the timed row had no time for, so that the later rows find as many keys in a slow store
 * as in a fast one.
 *
 * @returns How many were put within `budgetMs`.
 */
export async function fill(
  subject: Pick<Subject, "put">,
  ids: Uint32Array,
  budgetMs: number = Infinity,
): Promise<number> {
  const load = { count: ids.length, inFlight: FILLING_IN_FLIGHT, budgetMs };
  const { operations } = await measure(load, { subject, ids, call: putNew }, callNext);
  return operations;
}

const LOOKED_AT = 1000;

/** Looks at some of the keys, not timed: each has the value of that version, or `null` none. */
async function expectValues(
  subject: Subject,
  name: string,
  ids: Uint32Array,
  version: number | null,
): Promise<void> {
  for (const id of ids.subarray(0, LOOKED_AT)) {
    const expected = version === null ? 0 : digest(valueOf(id, version));
    if (digest(await subject.get(keyOf(id))) !== expected) {
      throw new Error(`Cannot trust ${name}: key ${id} is not what was written`);
    }
  }
}
