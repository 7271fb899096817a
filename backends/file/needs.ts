/**
 * What calls log at most: they wait until the journal has so much room.
 */

import { Buffer } from "node:buffer";
import { BYTES_A_UNIT_MAX } from "../../internal/bytes.ts";
import type { Value } from "../../kv/kv.ts";
import { VALUE_BYTES_MAX } from "./layout.ts";

/** What a call logs at most for a key besides its value: record, slot, lists of pages, counters. */
export const CALL_BYTES: number = 5 * 1024;
/** What an element of an array logs at most besides its value: its head, links and cell. */
const ELEMENT_BYTES = 512;
/** What a pop or a move logs at most. */
export const TAKE_BYTES: number = 2 * CALL_BYTES;
/** Up to here the length of text, three bytes a unit, says enough. */
const SHORT_VALUE = 1024;
/** A long value takes pages, each of which is logged with heads: this part of its bytes at most. */
const RUN_HEADS_SHARE = 1 / 128;
/** A call that logs more is refused, so that the journal need not grow without end. */
const CALL_NEED_MAX: number = VALUE_BYTES_MAX + 8 * 2 ** 20;

/** Counts what storing a value logs at most. */
export function needOf(value: Value): number {
  const bytes = value.length <= SHORT_VALUE
    ? BYTES_A_UNIT_MAX * value.length
    : Buffer.byteLength(value);
  if (bytes > VALUE_BYTES_MAX) {
    throw new RangeError(
      `Cannot store a value of ${bytes} bytes in a file: at most ${VALUE_BYTES_MAX}`,
    );
  }
  return CALL_BYTES + bytes * (1 + RUN_HEADS_SHARE);
}

/** Counts what pushing values logs at most. */
export function needOfAll(values: readonly Value[]): number {
  let need = CALL_BYTES;
  for (const value of values) need += needOf(value) - CALL_BYTES + ELEMENT_BYTES;
  if (need > CALL_NEED_MAX) {
    const found = `${values.length} values take more than ${CALL_NEED_MAX} bytes of the journal`;
    throw new RangeError(`Cannot add so much to an array in one call: ${found}`);
  }
  return need;
}
