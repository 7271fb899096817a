/**
 * What a store holds, as a stream of pieces that is the same for every backend: what a dump writes
 * down, a restore puts back, and a copy hands from one store to another.
 *
 * A string is one piece. An array is one with its first elements and as many more as it takes, so
 * that a queue of a million jobs is never in memory whole.
 */

import { isUtf8 } from "node:buffer";
import type { Codec } from "../kv/codec.ts";
import type { Value } from "../kv/kv.ts";

/** A string, with its value whole. */
export interface StringPiece {
  readonly type: "string";
  readonly key: string;
  /** When the key expires, in seconds since the Unix epoch; `null` where it stays. */
  readonly expires: number | null;
  readonly value: Value;
}

/** An array, with its first elements. */
export interface ArrayPiece {
  readonly type: "array";
  readonly key: string;
  /** When the key expires, in seconds since the Unix epoch; `null` where it stays. */
  readonly expires: number | null;
  readonly elements: readonly Value[];
}

/** More elements of the array that came before. */
export interface ElementsPiece {
  readonly type: "elements";
  readonly elements: readonly Value[];
}

/** A part of what a store holds. */
export type Piece = StringPiece | ArrayPiece | ElementsPiece;

/** How far a dump, a restore or a copy has come. */
export interface Progress {
  /** Strings that have been passed on. */
  strings: number;
  /** Arrays that have been passed on, or begun. */
  arrays: number;
  /** Elements of these arrays. */
  elements: number;
  /** Keys that were left out, as they had expired by then. */
  expired: number;
}

/** No progress yet. */
export function noProgress(): Progress {
  return { strings: 0, arrays: 0, elements: 0, expired: 0 };
}

/** Counts a piece; one that is not wanted belongs to a key that has expired. */
export function count(progress: Progress, piece: Piece, isWanted = true): void {
  if (!isWanted) {
    if (piece.type !== "elements") progress.expired++;
    return;
  }
  if (piece.type === "string") progress.strings++;
  else progress.elements += piece.elements.length;
  if (piece.type === "array") progress.arrays++;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes as text where they are UTF-8, else as they are: one form for one sequence of bytes. */
export function textOrBytes(bytes: Uint8Array): Value {
  // Asked first: a decoder that throws costs each binary value a hundred times as much.
  return isUtf8(bytes) ? decoder.decode(bytes) : bytes;
}

/** Values in that one form. */
export const values: Codec<Value> = {
  encode: (value: Value): Value => value,
  decode: textOrBytes,
  decodeText: (text: string): Value => text,
};
