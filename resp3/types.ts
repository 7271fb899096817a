/**
 * The values of RESP3 as JavaScript has them, the two errors of the protocol, and the limits that a
 * decoder keeps.
 */

/**
 * A reply of a server.
 *
 * | RESP3 | here |
 * |---|---|
 * | simple string `+` | string |
 * | bulk `$`, verbatim `=`, streamed string | string or bytes, as {@linkcode ReadAs} says |
 * | number `:` | number within ±(2^53 − 1), bigint past that |
 * | double `,` | number |
 * | big number `(` | bigint |
 * | boolean `#` | boolean |
 * | null `_`, and RESP2's `$-1` and `*-1` | null |
 * | error `-`, bulk error `!` | {@linkcode ReplyError}, as a value |
 * | array `*`, push `>` | array |
 * | map `%` | Map |
 * | set `~` | Set |
 */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ReplyError
  | readonly Reply[]
  | ReadonlyMap<Reply, Reply>
  | ReadonlySet<Reply>;

/**
 * What bulk strings become: `"text"` makes a string of those that are UTF-8 and bytes of all
 * others, `"bytes"` makes bytes of all.
 */
export type ReadAs = "text" | "bytes";

/** An argument of a command. A string stands for its UTF-8, a number for its decimal text. */
export type Argument = string | number | Uint8Array;

/**
 * An error that the server sent in place of a value. It is given as a value, not thrown: the stream
 * goes on behind it, and it may stand inside an array.
 */
export class ReplyError extends Error {
  /** The class by name, which survives a minifier. */
  override readonly name = "ReplyError";
  /** The first word, such as `ERR`, `WRONGTYPE` or `NOAUTH`. */
  readonly code: string;

  /**
   * Makes the error.
   *
   * @param message The server's words, the code first.
   */
  constructor(message: string) {
    super(message);
    const space = message.indexOf(" ");
    this.code = space === -1 ? message : message.slice(0, space);
  }
}

/**
 * The bytes are not RESP, or are more than a limit allows. What follows them cannot be understood,
 * so a decoder that has thrown this never answers again.
 */
export class RespError extends Error {
  /** The class by name, which survives a minifier. */
  override readonly name = "RespError";
}

/** The limits of a decoder. Each is checked before memory is taken for what it limits. */
export interface Limits {
  /** How deep aggregates may nest. Default 64. */
  readonly depthMax: number;
  /** Items in all aggregates of one reply together; a map has two an entry. Default 2^24. */
  readonly itemsMax: number;
  /** Bytes of one line: a simple string, an error, a number, a length. Default 64 KiB. */
  readonly lineBytesMax: number;
  /** Bytes of one bulk or streamed string. Default 512 MiB, as of a server. */
  readonly bulkBytesMax: number;
  /** Bytes of all strings of one reply together. Default 1 GiB. */
  readonly replyBytesMax: number;
}

/** The limits of a decoder that is told none. */
export const LIMITS: Limits = {
  depthMax: 64,
  itemsMax: 2 ** 24,
  lineBytesMax: 2 ** 16,
  bulkBytesMax: 2 ** 29,
  replyBytesMax: 2 ** 30,
};

/** The type bytes of RESP3, by their names in its specification. */
export const TYPE = {
  SIMPLE: 0x2b, // +
  ERROR: 0x2d, // -
  NUMBER: 0x3a, // :
  BULK: 0x24, // $
  ARRAY: 0x2a, // *
  NULL: 0x5f, // _
  DOUBLE: 0x2c, // ,
  BOOLEAN: 0x23, // #
  BULK_ERROR: 0x21, // !
  VERBATIM: 0x3d, // =
  BIG_NUMBER: 0x28, // (
  MAP: 0x25, // %
  SET: 0x7e, // ~
  PUSH: 0x3e, // >
  ATTRIBUTE: 0x7c, // |
  CHUNK: 0x3b, // ; a piece of a streamed string
  END: 0x2e, // . the end of a streamed aggregate
} as const;
