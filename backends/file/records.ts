/**
 * Records: what a cell says of a key.
 *
 * Each begins with a head of eight bytes: kind, flags, length of the key, length of the value (or
 * of the list). Then come, where they apply, its deadline, the first page of a long value or the
 * links of a list, then the key, then the value. {@linkcode Records.open} finds out where all that
 * stands; its fields are good until the next one.
 */

import { BYTES_A_UNIT_MAX } from "../../internal/bytes.ts";
import { halfSipHash, type HashKey } from "../../internal/hash.ts";
import { type Decoder, decodeValue } from "../../kv/codec.ts";
import { KvCorruptError } from "../../kv/errors.ts";
import { KEY_BYTES_MAX, type Value } from "../../kv/kv.ts";
import type { Allocator } from "./allocator.ts";
import { asciiText, writeAscii } from "./ascii.ts";
import type { Journal } from "./journal.ts";
import {
  CELL_BYTES_MAX,
  ELEMENT,
  EXPIRES,
  HASH_BITS,
  LIST,
  LONG,
  PAGE_BYTES,
  PAGE_SUM_AT,
  pageOf,
  placeOf,
  RECORD,
  STRING,
  VALUE_BYTES_MAX,
} from "./layout.ts";
import type { Pager } from "./pager.ts";

const utf8 = new TextEncoder();
const utf8Text = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text up to here is encoded by a loop: a call of the runtime costs as much as 50 characters. */
const SHORT_TEXT = 50;
const SCRATCH_BYTES = 16 * 1024;

/** A value as bytes: `bytes` from 0 to `length`. Good until the next value is encoded. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Reads and writes records. */
export class Records {
  readonly #pager: Pager;
  readonly #journal: Journal;
  readonly #allocator: Allocator;
  readonly #hashKey: HashKey;
  /** The key in hand. */
  readonly #key = new Uint8Array(KEY_BYTES_MAX + 3);
  #keyBytes = 0;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #encoded = { bytes: this.#scratch, length: 0 };

  /** Where the open record stands, and what its head says. */
  address = 0;
  frame = 0;
  at = 0;
  kind = 0;
  flags = 0;
  keyBytes = 0;
  length = 0;
  deadlineMs = 0;
  /** Where the links of a list, or the first page of a long value, stand in the page. */
  bodyAt = 0;
  keyAt = 0;
  valueAt = 0;

  constructor(pager: Pager, journal: Journal, allocator: Allocator, hashKey: HashKey) {
    this.#pager = pager;
    this.#journal = journal;
    this.#allocator = allocator;
    this.#hashKey = hashKey;
  }

  /** Bytes of the key in hand. */
  get keyInHandBytes(): number {
    return this.#keyBytes;
  }

  /** Takes a key in hand: `holdsKey` and `write` mean it. Returns its hash. */
  takeKey(key: string): number {
    if (writeAscii(key, this.#key)) this.#keyBytes = key.length;
    else this.#keyBytes = utf8.encodeInto(key, this.#key).written;
    return this.#hash();
  }

  /** Takes the key of the record at an address in hand. Returns its hash. */
  takeKeyOf(address: number): number {
    this.open(address);
    const start = this.#pager.start(this.frame) + this.keyAt;
    this.#key.set(this.#pager.slab(this.frame).subarray(start, start + this.keyBytes));
    this.#keyBytes = this.keyBytes;
    return this.#hash();
  }

  /** Reads the head of the record at an address. */
  open(address: number): void {
    const frame = this.#allocator.cellsFrame(pageOf(address));
    const at = placeOf(address);
    const pager = this.#pager;
    const kind = pager.u8(frame, at + RECORD.kindAt);
    const flags = pager.u8(frame, at + RECORD.flagsAt);
    this.address = address;
    this.frame = frame;
    this.at = at;
    this.kind = kind;
    this.flags = flags;
    this.keyBytes = pager.u16(frame, at + RECORD.keyBytesAt);
    this.length = pager.u32(frame, at + RECORD.lengthAt);
    let end = at + RECORD.headBytes;
    this.deadlineMs = 0;
    if ((flags & EXPIRES) !== 0) {
      this.deadlineMs = pager.f64(frame, end);
      end += RECORD.deadlineBytes;
    }
    this.bodyAt = end;
    if (kind === LIST) end += RECORD.linksBytes;
    else if ((flags & LONG) !== 0) end += RECORD.runBytes;
    this.keyAt = end;
    this.valueAt = end + this.keyBytes;
    const isLong = kind === LIST || (flags & LONG) !== 0;
    if (
      (kind !== STRING && kind !== LIST) ||
      this.valueAt + (isLong ? 0 : this.length) > PAGE_SUM_AT
    ) this.#failAt(frame, at, "this is no record of a key");
  }

  /** Tells whether the record at an address has the key in hand. Opens it. */
  readonly holdsKey = (address: number): boolean => {
    this.open(address);
    if (this.keyBytes !== this.#keyBytes) return false;
    const bytes = this.#pager.slab(this.frame);
    const start = this.#pager.start(this.frame) + this.keyAt;
    const key = this.#key;
    for (let i = 0; i < this.keyBytes; i++) {
      if (bytes[start + i] !== key[i]) return false;
    }
    return true;
  };

  /** Reads the key of the open record. */
  readKey(): string {
    const start = this.#pager.start(this.frame) + this.keyAt;
    const bytes = this.#pager.slab(this.frame);
    const end = start + this.keyBytes;
    return asciiText(bytes, this.#pager.view(this.frame), start, end) ??
      utf8Text.decode(bytes.subarray(start, end));
  }

  /** Reads the value of the open record, a string, by a codec. */
  readValue<T>(decoder: Decoder<T>): T {
    if ((this.flags & LONG) === 0) {
      return this.#decode(this.frame, this.valueAt, this.length, decoder);
    }
    return this.#decodeLong(this.frame, this.bodyAt, this.length, decoder);
  }

  /** Reads the value of the element at a place of a frame, by a codec. */
  readElement<T>(frame: number, at: number, decoder: Decoder<T>): T {
    const length = this.#pager.u32(frame, at + RECORD.lengthAt);
    const valueAt = at + RECORD.elementHeadBytes;
    if ((this.#pager.u8(frame, at + RECORD.flagsAt) & LONG) !== 0) {
      return this.#decodeLong(frame, valueAt, length, decoder);
    }
    if (this.#pager.u8(frame, at + RECORD.kindAt) !== ELEMENT || valueAt + length > PAGE_SUM_AT) {
      this.#failAt(frame, at, "this is no element of a list");
    }
    return this.#decode(frame, valueAt, length, decoder);
  }

  /** Turns a value into bytes, in a buffer that is used again for the next one. */
  encode(value: Value): Encoded {
    const encoded = this.#encoded;
    if (typeof value !== "string") {
      encoded.bytes = value as Uint8Array<ArrayBuffer>;
      encoded.length = value.length;
    } else if (value.length <= SHORT_TEXT && writeAscii(value, this.#scratch)) {
      encoded.bytes = this.#scratch;
      encoded.length = value.length;
    } else if (value.length * BYTES_A_UNIT_MAX <= SCRATCH_BYTES) {
      encoded.bytes = this.#scratch;
      encoded.length = utf8.encodeInto(value, this.#scratch).written;
    } else {
      encoded.bytes = utf8.encode(value);
      encoded.length = encoded.bytes.length;
    }
    return encoded;
  }

  /** Counts the bytes of a record of the key in hand, without the value if that is long. */
  static bytesFor(keyBytes: number, bodyBytes: number, deadlineMs: number): number {
    return RECORD.headBytes + (deadlineMs > 0 ? RECORD.deadlineBytes : 0) + keyBytes + bodyBytes;
  }

  /** Tells whether a value of a key is too long for a cell. */
  static isLong(keyBytes: number, valueBytes: number, deadlineMs: number): boolean {
    return Records.bytesFor(keyBytes, valueBytes, deadlineMs) > CELL_BYTES_MAX;
  }

  /**
   * Writes the head and the key in hand at an address, and opens what it has written; the caller
   * writes the body or the value, and logs all of it.
   */
  write(address: number, kind: number, length: number, deadlineMs: number, isLong: boolean): void {
    const pager = this.#pager;
    const frame = this.#allocator.cellsFrame(pageOf(address));
    const at = placeOf(address);
    pager.setU8(frame, at + RECORD.kindAt, kind);
    const flags = (deadlineMs > 0 ? EXPIRES : 0) | (isLong ? LONG : 0);
    pager.setU8(frame, at + RECORD.flagsAt, flags);
    pager.setU16(frame, at + RECORD.keyBytesAt, this.#keyBytes);
    pager.setU32(frame, at + RECORD.lengthAt, length);
    if (deadlineMs > 0) pager.setF64(frame, at + RECORD.headBytes, deadlineMs);
    this.address = address;
    this.frame = frame;
    this.at = at;
    this.kind = kind;
    this.flags = flags;
    this.keyBytes = this.#keyBytes;
    this.length = length;
    this.deadlineMs = deadlineMs;
    this.bodyAt = at + RECORD.headBytes + (deadlineMs > 0 ? RECORD.deadlineBytes : 0);
    this.keyAt = this.bodyAt + (kind === LIST ? RECORD.linksBytes : isLong ? RECORD.runBytes : 0);
    this.valueAt = this.keyAt + this.#keyBytes;
    const bytes = pager.slab(frame);
    const start = pager.start(frame) + this.keyAt;
    for (let i = 0; i < this.#keyBytes; i++) bytes[start + i] = this.#key[i]!;
  }

  /** Writes a new value over that of the open record, whose cell has room for it. */
  rewrite(value: Encoded): void {
    this.#pager.setU32(this.frame, this.at + RECORD.lengthAt, value.length);
    this.length = value.length;
    this.#pager.setBytes(this.frame, this.valueAt, value.bytes, 0, value.length);
    const from = this.at + RECORD.lengthAt;
    this.#journal.log(this.frame, from, this.valueAt + value.length - from);
  }

  #hash(): number {
    return halfSipHash(this.#key, this.#keyBytes, this.#hashKey) >>> (32 - HASH_BITS);
  }

  #failAt(frame: number, at: number, found: string): never {
    const offset = this.#pager.pageOf(frame) * PAGE_BYTES + at;
    throw new KvCorruptError(this.#pager.path, offset, found);
  }

  #decode<T>(frame: number, at: number, length: number, decoder: Decoder<T>): T {
    const start = this.#pager.start(frame) + at;
    const end = start + length;
    const bytes = this.#pager.slab(frame);
    if (decoder.decodeText !== undefined) {
      const text = asciiText(bytes, this.#pager.view(frame), start, end);
      if (text !== null) return decoder.decodeText(text);
    }
    return decodeValue(bytes.slice(start, end), decoder);
  }

  #decodeLong<T>(frame: number, runAt: number, length: number, decoder: Decoder<T>): T {
    if (length > VALUE_BYTES_MAX) this.#failAt(frame, runAt, "a value is longer than any can be");
    const bytes = this.#allocator.readRun(this.#pager.u32(frame, runAt), length);
    return decodeValue(bytes, decoder);
  }
}
