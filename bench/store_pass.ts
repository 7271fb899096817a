/**
 * What memory and file stores do in a round: from an empty store through each kind of write and
 * read back to an empty store, with every answer checked.
 */

import { type Load, measure, type Sample } from "./measure.ts";
import type { Pass, Row } from "./rounds.ts";
import type { Subject } from "./subject.ts";
import { ARRAY_COUNT, arrayOf, digest, keyOf, shuffled, valueOf } from "./workloads.ts";

/** Makes the pass that plays each row with `load`, whose count is that of the keys. */
export function storePass(load: Load): Pass<Subject> {
  const { count, inFlight } = load;
  return async function* (subject, name): AsyncGenerator<Row & { sample: Sample }> {
    const play = (row: string, ids: Uint32Array, calls: Calls): Promise<Sample> =>
      playRow(ids, { ...load, ...calls, title: `${name}: ${row}` });

    await subject.prepareArrays?.(Array.from({ length: ARRAY_COUNT }, (_, id) => arrayOf(id)));
    const written = shuffled(count, 11);
    const put = await play("put new", written, {
      run: (id) => subject.put(keyOf(id), valueOf(id, 0)),
    });
    yield { row: "put new", inFlight, sample: put };
    await fill(subject, written.subarray(put.operations));

    const get = await play("get", shuffled(count, 12), {
      run: (id) => subject.get(keyOf(id)),
      expected: (id) => valueOf(id, 0),
    });
    yield { row: "get", inFlight, sample: get };

    const overwritten = shuffled(count, 13);
    const overwrite = await play("overwrite", overwritten, {
      run: (id) => subject.put(keyOf(id), valueOf(id, 1)),
    });
    yield { row: "overwrite", inFlight, sample: overwrite };
    await expectValues(subject, name, overwritten.subarray(0, overwrite.operations), 1);

    const append = await play("append", written, {
      run: (id) => subject.append(arrayOf(id), valueOf(id, 2)),
    });
    yield { row: "append", inFlight, sample: append };
    const popFirst = await play("popFirst", written.subarray(0, append.operations), {
      run: (id) => subject.popFirst(arrayOf(id)),
      expected: (id) => valueOf(id, 2),
    });
    yield { row: "popFirst", inFlight, sample: popFirst };

    const removed = shuffled(count, 14);
    const remove = await play("remove", removed, { run: (id) => subject.remove(keyOf(id)) });
    yield { row: "remove", inFlight, sample: remove };
    await expectValues(subject, name, removed.subarray(0, remove.operations), null);
  };
}

interface Calls {
  readonly run: (id: number) => Promise<unknown>;
  /** What the answer must be; without it the answers are not looked at. */
  readonly expected?: (id: number) => string;
}

async function playRow(
  ids: Uint32Array,
  { title, run, expected, ...load }: Calls & Load & { title: string },
): Promise<Sample> {
  const sample = await measure({ ...load, count: ids.length }, (at) => run(ids[at] as number));
  if (expected !== undefined) {
    let checksum = 0;
    for (const id of ids.subarray(0, sample.operations)) checksum += digest(expected(id));
    if (checksum !== sample.checksum) throw new Error(`Cannot trust ${title}: checksum differs`);
  }
  return sample;
}

const FILLING_IN_FLIGHT = 256;

/** Puts the rest, not timed, so that the later rows find as many keys in a slow store. */
export async function fill(subject: Subject, ids: Uint32Array): Promise<void> {
  const load = { count: ids.length, inFlight: FILLING_IN_FLIGHT, budgetMs: Infinity };
  await measure(load, (at) => {
    const id = ids[at] as number;
    return subject.put(keyOf(id), valueOf(id, 0));
  });
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
