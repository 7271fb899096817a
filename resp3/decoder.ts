/**
 * Reads RESP3, and what RESP2 servers send, from bytes that come in pieces of any size.
 *
 * Open aggregates stand on an explicit stack, so a reply may stop at any byte and nesting cannot
 * overflow. A line that a chunk cuts is carried over; a bulk that a chunk cuts is read into its
 * final array at once. So no byte is looked at twice and a big value is copied once. What a caller
 * gets owns its memory: chunks may be reused.
 *
 * Every length comes from outside: it is held against the limits before memory is taken for it.
 */

import { Budget } from "./budget.ts";
import { CutBulk } from "./cut_bulk.ts";
import {
  failValue,
  readBigNumber,
  readBoolean,
  readDouble,
  readLength,
  readNumber,
} from "./scalars.ts";
import { failEnd, join, NONE, readUtf8, textOr, type Utf8Reader } from "./strings.ts";
import { type Limits, type ReadAs, type Reply, ReplyError, RespError, TYPE } from "./types.ts";

const CR = 0x0d, LF = 0x0a;

const KNOWN = new Uint8Array(256);
for (const type of Object.values(TYPE)) KNOWN[type] = 1;

/** Options of a {@linkcode Decoder}. */
export interface DecoderOptions {
  /** Limits other than the default ones. */
  readonly limits?: Partial<Limits>;
  /**
   * Called with each push message (`>`), which is no reply to a command. Without it they are
   * dropped.
   */
  readonly onPush?: (items: readonly Reply[]) => void;
  /** A faster reader of text than `TextDecoder`, where the runtime has one. */
  readonly readUtf8?: Utf8Reader;
}

/** An aggregate, or a streamed string, whose end has not come. */
interface Frame {
  readonly type: number;
  readonly items: Reply[];
  /** Items it has when complete; `Infinity` for a streamed one. */
  readonly count: number;
}

/**
 * A decoder for one connection: give it what arrives, take replies until there is none.
 *
 * After one {@linkcode RespError} it throws the same for ever: what follows bad bytes cannot be
 * understood.
 *
 * @example
 * ```ts
 * import { Decoder } from "@jetkv/jetkv/resp3";
 *
 * const decoder = new Decoder();
 * decoder.push(new TextEncoder().encode("$5\r\nhello\r\n:4"));
 * console.log(decoder.next()); // hello
 * console.log(decoder.next()); // undefined: the number is not complete
 * decoder.push(new TextEncoder().encode("2\r\n"));
 * console.log(decoder.next()); // 42
 * ```
 */
export class Decoder {
  readonly #budget: Budget;
  readonly #onPush: ((items: readonly Reply[]) => void) | undefined;
  readonly #readUtf8: Utf8Reader;

  #chunk: Uint8Array = NONE;
  #at = 0;
  #failure: RespError | undefined;

  /** The line that is being read is `#line` from `#lineAt` to `#lineEnd`, without type and CRLF. */
  #line: Uint8Array = NONE;
  #lineAt = 0;
  #lineEnd = 0;
  /** The start of a line that the last chunk cut, with its type. */
  #carry: Uint8Array = NONE;
  #carryBytes = 0;

  readonly #cut = new CutBulk();
  readonly #frames: Frame[] = [];

  /**
   * Makes a decoder.
   *
   * @param options Limits, and who gets push messages.
   */
  constructor(options: DecoderOptions = {}) {
    this.#budget = new Budget(options.limits);
    this.#onPush = options.onPush;
    this.#readUtf8 = options.readUtf8 ?? readUtf8;
  }

  /**
   * Takes bytes that arrived. They are not kept: once {@linkcode next} has given `undefined`, the
   * chunk may be reused.
   *
   * @param chunk Bytes, as many as there are.
   */
  push(chunk: Uint8Array): void {
    if (chunk.constructor !== Uint8Array) {
      // The `slice` of a Node `Buffer` shares its memory.
      chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    const rest = this.#chunk.length - this.#at;
    if (rest === 0) {
      this.#chunk = chunk;
    } else {
      const joined = new Uint8Array(rest + chunk.length);
      joined.set(this.#chunk.subarray(this.#at));
      joined.set(chunk, rest);
      this.#chunk = joined;
    }
    this.#at = 0;
  }

  /**
   * Where the next bytes of a string that a chunk cut will stand, `null` while none is cut. What is
   * read straight into the beginning of it, and then given to {@linkcode push}, is not copied. An
   * offer only: other bytes may be pushed as well, and after each push it is another.
   */
  get missing(): Uint8Array | null {
    return this.#cut.missing;
  }

  /**
   * Takes the next reply.
   *
   * @param as What bulk strings become. Must stay the same until a reply is complete.
   * @returns The reply, or `undefined` while none is complete.
   * @throws {RespError} If the bytes are not RESP or over a limit, then and ever after.
   */
  next(as: ReadAs = "text"): Reply | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#read(as);
    } catch (error) {
      if (error instanceof RespError) this.#failure = error;
      throw error;
    }
  }

  #read(as: ReadAs): Reply | undefined {
    const cut = this.#cut;
    for (;;) {
      let value: Reply | undefined;
      if (cut.type !== 0) {
        this.#at = cut.fill(this.#chunk, this.#at);
        if (!cut.isComplete) return undefined;
        value = this.#stringOf(cut.type, cut.take(), as);
      } else {
        const type = this.#takeLine();
        if (type === 0) return undefined;
        value = this.#readValue(type, as);
      }
      if (value === undefined) continue;
      if (this.#frames.length > 0) value = this.#deliver(value);
      if (value === undefined) continue;
      this.#budget.reset();
      return value;
    }
  }

  /** Finds the next line and gives its type, or 0 while its end has not come. */
  #takeLine(): number {
    const chunk = this.#chunk, start = this.#at, end = chunk.length;
    if (start === end) return 0;
    if (this.#carryBytes === 0 && KNOWN[chunk[start]!] === 0) {
      throw new RespError(`Cannot decode a reply of type ${hex(chunk[start]!)}: there is none`);
    }
    let at = start;
    while (at < end && chunk[at] !== LF) at++;
    if (at === end || this.#carryBytes > 0) {
      return this.#carryLine(start, at === end ? at : at + 1, at !== end);
    }
    if (at - start > this.#budget.lineBytesMax + 2) this.#failLine(); // type and CR stand in it
    this.#at = at + 1;
    return this.#markLine(chunk, start, at);
  }

  /** Carries over the part of a line that is there; gives its type once its end is. */
  #carryLine(start: number, end: number, isComplete: boolean): number {
    const bytes = this.#carryBytes + (end - start);
    // One byte for the type, and two for CR and LF.
    if (bytes > this.#budget.lineBytesMax + (isComplete ? 3 : 2)) this.#failLine();
    if (bytes > this.#carry.length) {
      const grown = new Uint8Array(Math.max(64, 2 * bytes));
      grown.set(this.#carry.subarray(0, this.#carryBytes));
      this.#carry = grown;
    }
    this.#carry.set(this.#chunk.subarray(start, end), this.#carryBytes);
    this.#at = end;
    this.#carryBytes = bytes;
    if (!isComplete) return 0;
    this.#carryBytes = 0;
    return this.#markLine(this.#carry, 0, bytes - 1);
  }

  #markLine(bytes: Uint8Array, start: number, lfAt: number): number {
    if (bytes[lfAt - 1] !== CR) throw new RespError("Cannot decode a line: it has LF without CR");
    this.#line = bytes;
    this.#lineAt = start + 1;
    this.#lineEnd = lfAt - 1;
    return bytes[start]!;
  }

  #failLine(): never {
    throw new RespError(`Cannot decode a line of over ${this.#budget.lineBytesMax} bytes`);
  }

  /** Reads what the line begins; `undefined` if that needs more than the line. */
  #readValue(type: number, as: ReadAs): Reply | undefined {
    if (this.#frames.length > 0) this.#checkPlace(type);
    switch (type) {
      case TYPE.BULK:
      case TYPE.VERBATIM:
      case TYPE.BULK_ERROR:
      case TYPE.CHUNK:
        return this.#openBulk(type, as);
      case TYPE.SIMPLE:
        return this.#simple();
      case TYPE.ERROR:
        return new ReplyError(this.#simple());
      case TYPE.NUMBER:
        return readNumber(this.#line, this.#lineAt, this.#lineEnd);
      case TYPE.NULL:
        if (this.#lineAt !== this.#lineEnd) failValue("null");
        return null;
      case TYPE.BOOLEAN:
        return readBoolean(this.#line, this.#lineAt, this.#lineEnd);
      case TYPE.DOUBLE:
        return readDouble(this.#line, this.#lineAt, this.#lineEnd);
      case TYPE.BIG_NUMBER:
        return readBigNumber(this.#line, this.#lineAt, this.#lineEnd);
      case TYPE.END:
        return this.#endStreamed();
      default:
        return this.#open(type);
    }
  }

  /** Checks what only an open streamed string, or only the top level, may hold. */
  #checkPlace(type: number): void {
    const frame = this.#frames[this.#frames.length - 1]!;
    if ((frame.type === TYPE.BULK) !== (type === TYPE.CHUNK)) {
      throw new RespError("Cannot decode a streamed string: it must be of chunks and nothing else");
    }
    if (type === TYPE.PUSH) throw new RespError("Cannot decode a push inside a reply");
  }

  #openBulk(type: number, as: ReadAs): Reply | undefined {
    const length = readLength(this.#line, this.#lineAt, this.#lineEnd, type === TYPE.BULK);
    if (length === -1) return null;
    if (type === TYPE.CHUNK) {
      if (this.#frames.length === 0) {
        throw new RespError("Cannot decode a chunk: no streamed string is open");
      }
      if (length === 0) return this.#endStreamedString(as);
    }
    if (length === Infinity) {
      this.#budget.startStream();
      return this.#push(type, Infinity);
    }
    if (type === TYPE.CHUNK) this.#budget.takeChunk(length);
    else this.#budget.takeBytes(length);
    const start = this.#at, end = start + length, chunk = this.#chunk;
    if (end + 2 > chunk.length) {
      this.#cut.open(type, length);
      return undefined;
    }
    if (chunk[end] !== CR || chunk[end + 1] !== LF) failEnd();
    this.#at = end + 2;
    if (type === TYPE.BULK && as === "text") return textOr(this.#readUtf8, chunk, start, end);
    return this.#stringOf(type, chunk.slice(start, end), as);
  }

  /** What the complete bytes of a bulk stand for. */
  #stringOf(type: number, bytes: Uint8Array, as: ReadAs): Reply | undefined {
    if (type === TYPE.CHUNK) {
      (this.#frames[this.#frames.length - 1]!.items as Uint8Array[]).push(bytes);
      return undefined;
    }
    if (type === TYPE.BULK_ERROR) return new ReplyError(this.#readUtf8(bytes, 0, bytes.length));
    if (type === TYPE.VERBATIM) {
      if (bytes.length < 4 || bytes[3] !== TYPE.NUMBER) failValue("verbatim string");
      bytes = bytes.slice(4);
    }
    return as === "text" ? textOr(this.#readUtf8, bytes, 0, bytes.length) : bytes;
  }

  #endStreamedString(as: ReadAs): Reply {
    const joined = join(this.#frames.pop()!.items as Uint8Array[]);
    return as === "text" ? textOr(this.#readUtf8, joined, 0, joined.length) : joined;
  }

  #simple(): string {
    const line = this.#line;
    for (let at = this.#lineAt; at < this.#lineEnd; at++) {
      if (line[at] === CR) throw new RespError("Cannot decode a line: it has CR without LF");
    }
    this.#budget.takeBytes(this.#lineEnd - this.#lineAt);
    return this.#readUtf8(line, this.#lineAt, this.#lineEnd);
  }

  #open(type: number): Reply | undefined {
    const isPaired = type === TYPE.MAP || type === TYPE.ATTRIBUTE;
    const mayStream = type === TYPE.ARRAY || type === TYPE.SET || type === TYPE.MAP;
    const length = readLength(this.#line, this.#lineAt, this.#lineEnd, mayStream);
    if (length === -1) {
      if (type !== TYPE.ARRAY) failValue("length");
      return null;
    }
    if (length === Infinity) return this.#push(type, length);
    const count = isPaired ? 2 * length : length;
    this.#budget.takeItems(count);
    if (count === 0 && type !== TYPE.PUSH && type !== TYPE.ATTRIBUTE) return close(type, []);
    return count === 0 ? undefined : this.#push(type, count);
  }

  #push(type: number, count: number): undefined {
    this.#budget.checkDepth(this.#frames.length);
    this.#frames.push({ type, items: [], count });
    return undefined;
  }

  /** Gives `value` to the innermost open aggregate, and closes each one that it completes. */
  #deliver(value: Reply): Reply | undefined {
    for (;;) {
      const frame = this.#frames[this.#frames.length - 1];
      if (frame === undefined) return value;
      if (frame.count === Infinity) this.#budget.takeItems(1);
      frame.items.push(value);
      if (frame.items.length < frame.count) return undefined;
      this.#frames.pop();
      if (frame.type === TYPE.ATTRIBUTE) return undefined;
      if (frame.type === TYPE.PUSH) return this.#handAside(frame.items);
      value = close(frame.type, frame.items);
    }
  }

  #handAside(items: readonly Reply[]): undefined {
    this.#budget.reset();
    this.#onPush?.(items);
    return undefined;
  }

  #endStreamed(): Reply {
    const frame = this.#frames.pop();
    const isOdd = frame?.type === TYPE.MAP && frame.items.length % 2 === 1;
    if (frame?.count !== Infinity || isOdd || this.#lineAt !== this.#lineEnd) {
      throw new RespError("Cannot decode the end of a streamed aggregate: none can end here");
    }
    return close(frame.type, frame.items);
  }
}

function close(type: number, items: Reply[]): Reply {
  if (type === TYPE.SET) return new Set(items);
  if (type !== TYPE.MAP) return items;
  const map = new Map<Reply, Reply>();
  for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
  return map;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
