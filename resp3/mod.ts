/**
 * RESP3, the protocol of Valkey and Redis, without a socket: commands to bytes and bytes to
 * replies.
 *
 * It reads the whole of RESP3 and what RESP2 servers send, from chunks of any size, within limits
 * that are checked before memory is taken.
 *
 * @example
 * ```ts
 * import { Decoder, Encoder } from "@jetkv/jetkv/resp3";
 *
 * const encoder = new Encoder();
 * encoder.command("HELLO", 3);
 * const writes = encoder.take(); // send these
 *
 * const decoder = new Decoder({ limits: { bulkBytesMax: 1_000_000 } });
 * decoder.push(new TextEncoder().encode("%1\r\n+proto\r\n:3\r\n")); // what came back
 * console.log(writes.length, decoder.next()); // 1 Map(1) { "proto" => 3 }
 * ```
 *
 * @module
 */

export { Decoder, type DecoderOptions } from "./decoder.ts";
export { Encoder, type EncoderOptions } from "./encoder.ts";
export type { Utf8Reader } from "./strings.ts";
export {
  type Argument,
  LIMITS,
  type Limits,
  type ReadAs,
  type Reply,
  ReplyError,
  RespError,
} from "./types.ts";
