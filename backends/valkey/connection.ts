/**
 * One connection: requests go out in order, answers come back in order, and the oldest request owns
 * the next answer.
 *
 * Requests of one turn leave in one write, by a microtask; and early once they are a third of what
 * is in flight, so that the server works while answers are taken here. Those in flight stand in a
 * ring of fixed size. A connection that owes an answer and stays silent, or that sends what is no
 * answer, is closed and never used again: what comes late can meet no other caller.
 */

import { Buffer } from "node:buffer";
import { assert } from "../../internal/assert.ts";
import { Deque } from "../../internal/deque.ts";
import { Decoder, Encoder, type Reply, ReplyError, RespError } from "../../resp3/mod.ts";
import { encodeWords, LOAD_SCRIPT } from "./commands.ts";
import { wordOf } from "./raw_commands.ts";
import { NO_ARGUMENTS, notSentError, Request } from "./request.ts";
import type { Script } from "./scripts.ts";
import { SilenceWatch } from "./silence_watch.ts";
import type { ConnectSocket, Socket, SocketHandlers, SocketTarget } from "./socket.ts";

/** Requests in flight at most: a power of two. */
const IN_FLIGHT_MAX = 4096;
/** What one may take of them: a script is loaded first. */
const SLOTS_A_REQUEST = 2;
/** Bytes given to the socket and not written at most, unless a single request is longer. */
const UNWRITTEN_BYTES_MAX = 2 ** 23;
/** In how many parts what is in flight is at work: one here, one on the way, one at the server. */
const PARTS = 3;
/** Requests that make a part, at least and at most: they leave before the end of the turn. */
const PART_REQUESTS_MIN = 8;
const PART_REQUESTS_MAX = 128;
/** Bytes that leave likewise, in times `bufferSize`. */
const PART_BUFFERS = 4;
/** A longer write goes in pieces: else a slow upload would look like a silent server. */
const PIECE_BYTES = 2 ** 18;
/** The rest of a long reply is read straight into its array: what is shorter comes with others. */
const TARGET_BYTES_MIN = 2 ** 16;

const EVAL = encodeWords(["EVAL"]);
const EVALSHA = encodeWords(["EVALSHA"]);
const ONE_KEY = encodeWords(["1"]);

/** What the runtime has to read text, faster than `TextDecoder` for short ones. */
const { utf8Slice } = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
};

function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  return utf8Slice.call(bytes, start, end);
}

/** What a connection tells the one who uses it. */
export interface ConnectionHooks {
  /** There is room for further requests, or nothing is in flight any more. */
  onRoom(): void;
  /** The connection is lost, and these requests have no answer. */
  onLost(loss: Loss): void;
}

/** A connection that is lost, and what was on it, in order. */
export interface Loss {
  readonly cause: Error | undefined;
  /** Why: it was closed, it stayed silent, or it sent what is no answer. */
  readonly reason: "closed" | "silent" | "garbage";
  /** Whether it had answered anything but its greeting. */
  readonly hasAnswered: boolean;
  readonly sent: readonly Request[];
  readonly unsent: readonly Request[];
}

/** Bytes that the socket has. */
interface Write {
  /** What they end: memory that may be used again once they are written. `null` before its end. */
  readonly whole: Uint8Array | null;
  /** Their length when they were given away: a caller may detach its bytes meanwhile. */
  readonly length: number;
}

/** Options of a connection. */
export interface ConnectionOptions {
  readonly bufferSize: number;
  readonly readTimeoutMs: number;
}

/** A connection, from its first byte to its last. */
export class Connection implements SocketHandlers {
  readonly #hooks: ConnectionHooks;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  readonly #partBytes: number;
  readonly #flushLater = (): void => this.#flush();
  #socket: Socket | null = null;
  #isClosed = false;

  /** The requests in flight: `#count` from `#first` on, the last `#unflushed` of them not sent. */
  readonly #ring: (Request | undefined)[] = new Array(IN_FLIGHT_MAX).fill(undefined);
  #first = 0;
  #count = 0;
  #unflushed = 0;
  #isFlushQueued = false;

  readonly #unwritten = new Deque<Write>();
  #unwrittenBytes = 0;
  /** Scripts that the server was told to load on this connection. */
  readonly #loaded = new Set<Script>();

  readonly #silence: SilenceWatch;
  /** Whether it has answered anything but its greeting. */
  #hasAnswered = false;

  private constructor({ bufferSize, readTimeoutMs }: ConnectionOptions, hooks: ConnectionHooks) {
    this.#hooks = hooks;
    this.#partBytes = PART_BUFFERS * bufferSize;
    this.#encoder = new Encoder({ bufferBytes: bufferSize });
    this.#decoder = new Decoder({ readUtf8 });
    this.#silence = new SilenceWatch(readTimeoutMs, {
      owesAnswer: () => this.#count > this.#unflushed,
      onSilent: () => this.#lose("silent", undefined),
    });
  }

  /** Opens a connection by `connect`. What the server wants to hear first is the caller's task. */
  static async open(
    connect: ConnectSocket,
    { target, signal, ...options }: ConnectionOptions & {
      target: SocketTarget;
      signal: AbortSignal;
    },
    hooks: ConnectionHooks,
  ): Promise<Connection> {
    const connection = new Connection(options, hooks);
    const socket = await connect(target, connection, signal);
    connection.#socket = socket;
    if (connection.#isClosed) socket.close();
    return connection;
  }

  /** Whether it may still give answers. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** Requests that have no answer. */
  get inFlight(): number {
    return this.#count;
  }

  /** Whether `send` may be called. */
  get hasRoom(): boolean {
    return this.#count <= IN_FLIGHT_MAX - SLOTS_A_REQUEST &&
      this.#unwrittenBytes < UNWRITTEN_BYTES_MAX &&
      !this.#isClosed;
  }

  /** Sends a request, soon. There must be room. */
  send(request: Request): void {
    assert(this.hasRoom);
    const { script } = request.command;
    if (script !== null && request.sendCount === 0 && !this.#loaded.has(script)) {
      this.#loaded.add(script);
      this.#put(new Request(LOAD_SCRIPT, null, script.text, NO_ARGUMENTS, null));
      if (this.#isClosed) return request.reject(notSentError(request, "there is no memory for it"));
    }
    this.#put(request);
    // Of the caller's own: it may make the server forget its scripts.
    if (request.command.isRaw && wordOf(request.rest[0]) === "SCRIPT") this.#loaded.clear();
    this.#flushSoon();
  }

  /** Its greeting is over: from now on what it answers is an answer. */
  endGreeting(): void {
    this.#hasAnswered = false;
  }

  /** Allows `ms` of silence from now on, for a command that has the server wait. */
  allowSilence(ms: number): void {
    this.#silence.allow(ms);
  }

  /** Ends the connection. Requests in flight go to `onLost`. */
  close(): void {
    this.#lose("closed", undefined);
  }

  /** Encodes a request, and gives it a slot in the ring. There must be one. */
  #put(request: Request): void {
    try {
      this.#encode(request);
    } catch (error) {
      // For want of memory. Half a command is in the buffer, and nothing may follow it.
      request.reject(error);
      return this.#lose("closed", error as Error);
    }
    this.#ring[(this.#first + this.#count) & (IN_FLIGHT_MAX - 1)] = request;
    this.#count++;
    this.#unflushed++;
  }

  #flushSoon(): void {
    const share = this.#count / PARTS;
    const part = Math.min(Math.max(share, PART_REQUESTS_MIN), PART_REQUESTS_MAX);
    if (this.#unflushed >= part || this.#encoder.length >= this.#partBytes) {
      this.#flush();
    } else if (!this.#isFlushQueued) {
      this.#isFlushQueued = true;
      queueMicrotask(this.#flushLater);
    }
  }

  #encode(request: Request): void {
    const { command, key, value, rest } = request;
    const { script } = command;
    const encoder = this.#encoder;
    let count = command.wordCount + rest.length;
    if (key !== null) count++;
    if (value !== null) count++;
    if (script === null) {
      encoder.head(count);
      encoder.raw(command.words);
    } else {
      request.own(); // it is sent again where the server has no such script
      encoder.head(count + 3);
      const isFirst = request.sendCount === 0;
      encoder.raw(isFirst ? EVALSHA : EVAL);
      encoder.bulk(isFirst ? script.sha1 : script.text);
      encoder.raw(ONE_KEY);
    }
    if (key !== null) encoder.bulk(key);
    if (value !== null) encoder.bulk(value);
    for (let i = 0; i < rest.length; i++) encoder.bulk(rest[i]!);
    request.sendCount++;
  }

  #flush(): void {
    this.#isFlushQueued = false;
    if (this.#unflushed === 0 || this.#isClosed) return;
    const isFirst = this.#count === this.#unflushed;
    if (isFirst) this.#silence.start();
    this.#unflushed = 0;
    try {
      for (const bytes of this.#encoder.take()) {
        if (bytes.length <= PIECE_BYTES) this.#write(bytes, bytes);
        else this.#writePieces(bytes);
      }
      if (isFirst) this.#silence.noteWrites(this.#unwritten.length);
    } catch (error) {
      this.#lose("closed", error as Error); // for want of memory: a socket may copy what it has
    }
  }

  #write(bytes: Uint8Array, whole: Uint8Array | null): void {
    this.#unwritten.pushLast({ whole, length: bytes.length });
    this.#unwrittenBytes += bytes.length;
    this.#socket!.write(bytes);
  }

  /** Each piece that is written shows that the server reads. */
  #writePieces(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const isLast = at + PIECE_BYTES >= bytes.length;
      this.#write(bytes.subarray(at, at + PIECE_BYTES), isLast ? bytes : null);
    }
  }

  // --- What the socket tells ---------------------------------------------------------------------

  onWritten(): void {
    const write = this.#unwritten.popFirst();
    if (write === undefined) return;
    this.#silence.written();
    this.#unwrittenBytes -= write.length;
    if (write.whole !== null) this.#encoder.recycle(write.whole);
    if (!this.#isClosed) this.#hooks.onRoom();
  }

  readTarget(): Uint8Array | null {
    const missing = this.#decoder.missing;
    return missing !== null && missing.length >= TARGET_BYTES_MIN ? missing : null;
  }

  onData(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    this.#silence.heard(this.#unwritten.length);
    try {
      this.#decoder.push(chunk);
      this.#takeReplies();
    } catch (error) {
      this.#lose("garbage", error as Error);
      return;
    }
    if (!this.#isClosed) this.#hooks.onRoom();
  }

  onClosed(cause: Error | undefined): void {
    this.#lose("closed", cause);
  }

  #takeReplies(): void {
    while (!this.#isClosed) {
      const request = this.#ring[this.#first];
      const reply = this.#decoder.next(request?.readAs);
      if (reply === undefined) return;
      // One that has not left is not waiting: such as a call that is to be sent again.
      if (request === undefined || this.#count === this.#unflushed) throw strayError(reply);
      this.#ring[this.#first] = undefined;
      this.#first = (this.#first + 1) & (IN_FLIGHT_MAX - 1);
      this.#count--;
      this.#hasAnswered = true;
      this.#deliver(request, reply);
    }
  }

  #deliver(request: Request, reply: Reply): void {
    if (!(reply instanceof ReplyError)) return request.answer(reply);
    const { script } = request.command;
    const isForgotten = reply.code === "NOSCRIPT" && script !== null && request.sendCount === 1;
    if (!isForgotten) return request.refuse(reply);
    // The server has forgotten the script, or would not load it, and has done nothing: this time
    // the text is sent. There is a slot for it: its own, which has just become free.
    this.#loaded.delete(script);
    this.#put(request);
    this.#flushSoon();
  }

  #lose(reason: Loss["reason"], cause: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#silence.stop();
    this.#socket?.close();
    const sent: Request[] = [], unsent: Request[] = [];
    for (; this.#count > 0; this.#count--) {
      const request = this.#ring[this.#first]!;
      const isSent = this.#count > this.#unflushed;
      if (!isSent) request.sendCount--;
      // Nobody waits for a script to be loaded.
      if (request.command !== LOAD_SCRIPT) (isSent ? sent : unsent).push(request);
      this.#ring[this.#first] = undefined;
      this.#first = (this.#first + 1) & (IN_FLIGHT_MAX - 1);
    }
    this.#hooks.onLost({ cause, reason, hasAnswered: this.#hasAnswered, sent, unsent });
  }
}

/** What a reply that nobody waits for ends a connection with: a server says so why it hangs up. */
function strayError(reply: Reply): Error {
  if (reply instanceof ReplyError) return reply;
  return new RespError("Cannot match a reply: no command waits for one");
}
