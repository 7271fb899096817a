/**
 * Writes commands as RESP arrays of bulk strings straight into byte buffers.
 *
 * There is no array and no string per command: text goes in by a loop over its characters while it
 * is ASCII, and by `encodeInto` where it is not. A buffer grows while commands come faster than
 * they are taken; at its greatest size it is set aside and the next one begun. What was taken and
 * written comes back by {@linkcode Encoder.recycle}, so a busy encoder allocates nothing. An
 * argument too big for a buffer is not copied: it leaves as a write of its own.
 */

import type { Argument } from "./types.ts";

const CR = 0x0d, LF = 0x0a, ZERO = 0x30, STAR = 0x2a, DOLLAR = 0x24;
/** `$`, up to 16 digits and CRLF twice: what stands around an argument. */
const FRAME_BYTES_MAX = 32;
/** UTF-8 bytes that one character (UTF-16 unit) takes at most. */
const UNIT_BYTES_MAX = 3;
/** Text up to this long is tried as ASCII. Longer text is faster by `encodeInto`. */
const LOOPED_CHARACTERS_MAX = 96;
/** Bytes up to this many are copied by a loop, more by `set`. */
const SHORT_BYTES_MAX = 64;
const BUFFER_BYTES_MIN = 64;
/** Written buffers that are kept for use again. */
const SPARES_MAX = 16;
const CRLF = Uint8Array.of(CR, LF);

const utf8 = new TextEncoder();

/** Options of an {@linkcode Encoder}. */
export interface EncoderOptions {
  /** Bytes that a buffer begins with, 64 or more. Default 8192. */
  readonly bufferBytes?: number;
  /** Bytes that it may grow to; longer arguments are not copied. Default: 8 times `bufferBytes`. */
  readonly bufferBytesMax?: number;
}

/**
 * An encoder of commands.
 *
 * @example
 * ```ts
 * import { Encoder } from "@jetkv/jetkv/resp3";
 *
 * const encoder = new Encoder();
 * encoder.command("SET", "greeting", "hello");
 * for (const bytes of encoder.take()) console.log(bytes.length); // 38
 * ```
 */
export class Encoder {
  readonly #bufferBytes: number;
  readonly #bufferBytesMax: number;
  #buffer: Uint8Array;
  #at = 0;
  /** What is to be written before the buffer. */
  #full: Uint8Array[] = [];
  #fullBytes = 0;
  readonly #spares: Uint8Array[] = [];
  /** The memory that is the encoder's own. */
  readonly #own = new WeakSet<ArrayBufferLike>();

  /**
   * Makes an encoder.
   *
   * @param options How big its buffers are.
   * @throws {RangeError} If they are too small, or no numbers.
   */
  constructor({ bufferBytes = 8192, bufferBytesMax = 8 * bufferBytes }: EncoderOptions = {}) {
    // So put, it refuses NaN as well.
    if (!(bufferBytes >= BUFFER_BYTES_MIN && bufferBytesMax >= bufferBytes)) {
      throw new RangeError(
        `Cannot encode into buffers of ${bufferBytes} to ${bufferBytesMax} bytes: ` +
          `at least ${BUFFER_BYTES_MIN}, and not growing smaller`,
      );
    }
    this.#bufferBytes = bufferBytes;
    this.#bufferBytesMax = bufferBytesMax;
    this.#buffer = this.#allocate(bufferBytes);
  }

  /** Bytes that were encoded and not taken. */
  get length(): number {
    return this.#fullBytes + this.#at;
  }

  /**
   * Encodes a whole command.
   *
   * @param args Its name and its arguments.
   */
  command(...args: readonly Argument[]): void {
    this.head(args.length);
    for (const arg of args) this.bulk(arg);
  }

  /**
   * Begins a command.
   *
   * @param count How many arguments follow, its name included.
   */
  head(count: number): void {
    this.#makeRoom(FRAME_BYTES_MAX);
    this.#at = writeHead(this.#buffer, this.#at, STAR, count);
  }

  /**
   * Adds bytes as they are, such as a head and a name that were encoded before.
   *
   * @param bytes Whole arguments, their heads included. They are copied.
   */
  raw(bytes: Uint8Array): void {
    const count = bytes.length;
    if (count > SHORT_BYTES_MAX) return this.#copy(bytes);
    this.#makeRoom(count);
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = 0; i < count; i++) buffer[at++] = bytes[i]!;
    this.#at = at;
  }

  /**
   * Adds an argument.
   *
   * @param arg Text, a number, or bytes. Bytes longer than `bufferBytesMax` are not copied: they
   * must not change until they are written.
   */
  bulk(arg: Argument): void {
    if (typeof arg === "string") this.#text(arg);
    else if (typeof arg === "number") this.#text(String(arg));
    else this.#bytes(arg);
  }

  /**
   * Takes what was encoded, to be written in this order. The arrays stay as they are until given to
   * {@linkcode recycle}.
   *
   * @returns The writes.
   */
  take(): Uint8Array[] {
    this.#seal();
    const writes = this.#full;
    this.#full = [];
    this.#fullBytes = 0;
    return writes;
  }

  /**
   * Gives back an array of {@linkcode take} once it is written, so that its memory is used again.
   *
   * @param bytes An array of `take`, each once. An argument that was not copied is left alone.
   */
  recycle(bytes: Uint8Array): void {
    const isOwn = this.#own.has(bytes.buffer); // by identity: the size of an argument may change
    if (isOwn && this.#spares.length < SPARES_MAX) this.#spares.push(new Uint8Array(bytes.buffer));
  }

  #allocate(bytes: number): Uint8Array {
    const buffer = new Uint8Array(bytes);
    this.#own.add(buffer.buffer);
    return buffer;
  }

  /** Makes room for `count` bytes, which a buffer of the greatest size has. */
  #makeRoom(count: number): void {
    if (this.#at + count <= this.#buffer.length) return;
    if (this.#at + count > this.#bufferBytesMax) this.#seal();
    const wanted = this.#at + count;
    if (wanted <= this.#buffer.length) return;
    const bytes = Math.min(this.#bufferBytesMax, Math.max(wanted, 2 * this.#buffer.length));
    const grown = this.#allocate(bytes);
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
  }

  /** Sets the buffer aside, if anything is in it, and begins the next. */
  #seal(): void {
    if (this.#at === 0) return;
    this.#full.push(this.#buffer.subarray(0, this.#at));
    this.#fullBytes += this.#at;
    this.#buffer = this.#spares.pop() ?? this.#allocate(this.#bufferBytes);
    this.#at = 0;
  }

  #text(text: string): void {
    const length = text.length;
    const bytesMax = length * UNIT_BYTES_MAX + FRAME_BYTES_MAX;
    if (bytesMax > this.#bufferBytesMax) return this.#bytes(utf8.encode(text));
    this.#makeRoom(bytesMax);
    if (length > LOOPED_CHARACTERS_MAX) return this.#unicode(text);
    const buffer = this.#buffer;
    let at = writeHead(buffer, this.#at, DOLLAR, length);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.#unicode(text);
      buffer[at++] = code;
    }
    buffer[at] = CR;
    buffer[at + 1] = LF;
    this.#at = at + 2;
  }

  /** Text that fits into the buffer, ASCII or not. */
  #unicode(text: string): void {
    const buffer = this.#buffer, start = this.#at;
    // As if it were ASCII, which it mostly is: else the head may be longer and the text moves up.
    const guessAt = start + headBytes(text.length);
    const { written } = utf8.encodeInto(text, buffer.subarray(guessAt));
    const textAt = start + headBytes(written);
    if (textAt !== guessAt) buffer.copyWithin(textAt, guessAt, guessAt + written);
    writeHead(buffer, start, DOLLAR, written);
    buffer[textAt + written] = CR;
    buffer[textAt + written + 1] = LF;
    this.#at = textAt + written + 2;
  }

  #bytes(bytes: Uint8Array): void {
    this.#makeRoom(FRAME_BYTES_MAX);
    this.#at = writeHead(this.#buffer, this.#at, DOLLAR, bytes.length);
    if (bytes.length > this.#bufferBytesMax) {
      this.#seal();
      this.#full.push(bytes);
      this.#fullBytes += bytes.length;
    } else {
      this.#copy(bytes);
    }
    this.#copy(CRLF);
  }

  /** Copies bytes, over two buffers where one has no room for all of them. */
  #copy(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      this.#makeRoom(Math.min(bytes.length - from, this.#bufferBytesMax - this.#at) || 1);
      const count = Math.min(bytes.length - from, this.#buffer.length - this.#at);
      this.#buffer.set(bytes.subarray(from, from + count), this.#at);
      this.#at += count;
      from += count;
    }
  }
}

/** Bytes of the head of an argument of this length. */
function headBytes(length: number): number {
  return String(length).length + 3;
}

/** Writes a type, a length and CRLF; gives where they end. */
function writeHead(buffer: Uint8Array, at: number, type: number, length: number): number {
  buffer[at++] = type;
  if (length < 10) {
    buffer[at++] = ZERO + length;
  } else if (length < 100) {
    const tens = (length / 10) | 0;
    buffer[at++] = ZERO + tens;
    buffer[at++] = ZERO + length - 10 * tens;
  } else {
    const digits = String(length);
    for (let i = 0; i < digits.length; i++) buffer[at++] = digits.charCodeAt(i);
  }
  buffer[at] = CR;
  buffer[at + 1] = LF;
  return at + 2;
}
