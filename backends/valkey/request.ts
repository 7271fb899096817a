/**
 * One command on its way: what to send, who waits, and what its answer means. There is one object
 * a call and no closure: whatever is the same for all calls of a kind stands in its `Command`.
 */

import { BYTES_A_UNIT_MAX, toBytes } from "../../internal/bytes.ts";
import type { Decoder } from "../../kv/codec.ts";
import { KvConnectionError, KvError, KvServerError, show } from "../../kv/errors.ts";
import type { Argument, ReadAs, Reply, ReplyError } from "../../resp3/mod.ts";
import type { Script } from "./scripts.ts";

/** Says what a refusal of the server means; `null` where its words are to be passed on. */
export type Refusal = (request: Request, error: ReplyError) => KvError | null;

/** Makes of the server's answer what the call resolves with. Throws what it rejects with. */
export type Parse<R> = (reply: Reply, request: Request) => R;

/** A kind of call. */
export interface Command<R = unknown> {
  /** What it does, for messages: "Cannot <action> <key>". */
  readonly action: string;
  /** What its refusals mean; `null` to pass on the server's words always. */
  readonly refusal: Refusal | null;
  /** The words before the key, encoded, and how many they are. */
  readonly words: Uint8Array;
  readonly wordCount: number;
  /** The script that is run in place of a command of the server's own. */
  readonly script: Script | null;
  /** Whether sending it twice changes no more than sending it once: it only reads. */
  readonly isRepeatable: boolean;
  /** Whether it is the caller's own: the first argument is its name. */
  readonly isRaw: boolean;
  /** What its answers mean. */
  readonly parse: Parse<R>;
}

/** The rest of a command that has none. */
export const NO_ARGUMENTS: readonly Argument[] = [];

type Resolve = (value: unknown) => void;
type Reject = (error: unknown) => void;

/** Shorter arguments are no secret, and would be found in any message. */
const HIDDEN_LENGTH_MIN = 3;
/** Bytes of an argument that a server repeats at most. */
const SHOWN_BY_SERVER_MAX = 128;

const utf8 = new TextDecoder();

/** One call. */
export class Request {
  readonly command: Command;
  /** The key, which follows the words; `null` where there is none. */
  readonly key: string | null;
  /** The argument after the key; `null` where there is none. */
  value: Argument | null;
  /** The arguments after that. */
  rest: readonly Argument[];
  readonly decoder: Decoder<unknown> | null;
  readonly readAs: ReadAs;
  resolve: Resolve = ignore;
  reject: Reject = ignore;
  /** How often it was given to a connection, and left by it for all we know. */
  sendCount = 0;
  /** At which look of its pipeline it began to wait for a connection. */
  waitingSince = 0;

  constructor(
    command: Command,
    key: string | null,
    value: Argument | null,
    rest: readonly Argument[],
    decoder: Decoder<unknown> | null,
  ) {
    this.command = command;
    this.key = key;
    this.value = value;
    this.rest = rest;
    this.decoder = decoder;
    this.readAs = decoder === null || decoder.decodeText !== undefined ? "text" : "bytes";
  }

  /** Makes the promise of its outcome. Called at most once. */
  promise<R>(): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.resolve = resolve as Resolve;
      this.reject = reject;
    });
  }

  /** Copies byte arguments, which are the caller's: the request is to be sent later. */
  own(): void {
    if (this.value instanceof Uint8Array) this.value = new Uint8Array(this.value);
    if (this.rest.length > 0) this.rest = this.rest.map(ownArgument);
  }

  /** Takes the server's answer. */
  answer(reply: Reply): void {
    try {
      this.resolve(this.command.parse(reply, this));
    } catch (error) {
      this.reject(error);
    }
  }

  /** Takes the server's refusal. */
  refuse(error: ReplyError): void {
    this.reject(this.command.refusal?.(this, error) ?? serverError(this, error));
  }
}

function ignore(): void {}

function ownArgument(arg: Argument): Argument {
  return arg instanceof Uint8Array ? new Uint8Array(arg) : arg;
}

/** "Cannot get "k"": the beginning of each message about a request. */
export function cannot({ command, key }: Request): string {
  return key === null ? `Cannot ${command.action}` : `Cannot ${command.action} ${show(key)}`;
}

/** The error of a refusal, with the server's words. */
function serverError(request: Request, { code, message }: ReplyError): KvServerError {
  const words = code + withoutArguments(message.slice(code.length), request);
  return new KvServerError(code, `${cannot(request)}: the server answered "${words}"`);
}

/** The server's words, less those in which it repeats the arguments: they may be values. */
function withoutArguments(words: string, { command, value, rest }: Request): string {
  let left = words.replace(/, with args beginning with.*$/s, "");
  const texts = [value ?? "", ...rest.slice(command.isRaw ? 1 : 0)]
    .filter((arg) => typeof arg !== "number")
    .filter(({ length }) => length >= HIDDEN_LENGTH_MIN)
    // Of a long one no more than could stand there; line ends as the server has them; cut as there.
    .map((arg) => utf8.decode(toBytes(arg.slice(0, words.length * BYTES_A_UNIT_MAX))))
    .map((text) => text.replaceAll(/[\r\n]/g, " "))
    .flatMap((text) => [text, utf8.decode(toBytes(text).subarray(0, SHOWN_BY_SERVER_MAX))])
    .sort((a, b) => b.length - a.length); // one may be part of another
  for (const text of texts) left = left.replaceAll(text, "…");
  return left;
}

/** The error of an answer that no server of this protocol gives. */
export function oddAnswerError(request: Request): KvServerError {
  return new KvServerError("ERR", `${cannot(request)}: the server's answer is not of its type`);
}

/** The error of a request that never left. */
export function notSentError(request: Request, why: string, cause?: unknown): KvConnectionError {
  const message = `${cannot(request)}: ${why}`;
  return new KvConnectionError("not_sent", message, cause === undefined ? {} : { cause });
}

/** The error of a request that was sent and got no answer. */
export function outcomeUnknownError(
  request: Request,
  cause?: unknown,
  more = "",
): KvConnectionError {
  const message = `${cannot(request)}: the connection was lost before the answer came${more}`;
  return new KvConnectionError("unknown", message, cause === undefined ? {} : { cause });
}

/** The error of a request that was sent on a connection which was then lost. */
export function lostError(
  request: Request,
  { reason, cause }: { readonly reason: string; readonly cause: unknown },
  readTimeoutMs: number,
): KvError {
  return reason === "silent"
    ? silenceError(request, readTimeoutMs)
    : outcomeUnknownError(request, cause);
}

/** The error of a request whose server stayed silent. */
function silenceError(request: Request, ms: number): KvError {
  return new KvError("timeout", `${cannot(request)}: the server was silent for ${ms} ms`);
}
