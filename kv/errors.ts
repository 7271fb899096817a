/**
 * What a correct program may meet at run time. Misuse (a key that is no string, a duration of zero)
 * is a `TypeError` or a `RangeError` instead, and a bug of this package an assertion: the three
 * never mix.
 *
 * A code is for programs, a message for people. Messages show keys cut at 64 characters, and never
 * values or credentials.
 */

/**
 * What went wrong, for a program to act on.
 *
 * - `closed`: the store was closed; open a new one.
 * - `locked`: another process has the file; see {@linkcode KvLockedError}.
 * - `corrupt`: bytes of a file are not what was written; see {@linkcode KvCorruptError}.
 * - `wrong_type`: the key holds a string where the call needs an array, or the other way round.
 *   Nothing changed.
 * - `not_a_number`: `increment` met text that is no whole number within ±(2^53 − 1), or would leave
 *   that range. Nothing changed.
 * - `full`: no room is left (`maxEntries`, `maxBytes`, the disk, the server's `maxmemory`). Nothing
 *   changed, except by `putMany`; works again once there is room.
 * - `io`: the disk failed. A file store refuses work until it is opened anew.
 * - `timeout`: the server stayed silent for too long. A call that writes may have taken effect.
 * - `connection`: the connection was lost or could not be made; see
 *   {@linkcode KvConnectionError.outcome}.
 * - `server`: the server answered with an error; see {@linkcode KvServerError.serverCode}.
 */
export type KvErrorCode =
  | "closed"
  | "locked"
  | "corrupt"
  | "wrong_type"
  | "not_a_number"
  | "full"
  | "io"
  | "timeout"
  | "connection"
  | "server";

/**
 * An error that a correct program may meet, told apart by {@linkcode KvError.code}.
 *
 * @example Reading an array as a string
 * ```ts
 * import { KvError, openKv } from "@jetkv/jetkv";
 *
 * await using kv = await openKv();
 * await kv.append("jobs", "resize 42.png");
 * try {
 *   await kv.get("jobs");
 * } catch (error) {
 *   if (!(error instanceof KvError) || error.code !== "wrong_type") throw error;
 *   console.log(error.message); // Cannot get "jobs": it holds an array
 * }
 * ```
 */
export class KvError extends Error {
  /** The class by name, which survives a minifier. */
  override readonly name: string = "KvError";
  /** What went wrong, for a program to act on. */
  readonly code: KvErrorCode;

  /**
   * Makes the error.
   *
   * @param code What went wrong, for a program.
   * @param message The same for a person: "Cannot <do> <what>: <state>".
   * @param options `cause`: the error underneath.
   */
  constructor(code: KvErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Bytes of a file are not what was written: nothing was returned from them, and nothing was
 * changed.
 */
export class KvCorruptError extends KvError {
  /** The class by name, which survives a minifier. */
  override readonly name = "KvCorruptError";
  /** The file. */
  readonly path: string;
  /** Where the bad bytes begin, counted in bytes from the start of the file. */
  readonly offset: number;

  /**
   * Makes the error.
   *
   * @param path The file.
   * @param offset Where the bad bytes begin, in bytes from the start of the file.
   * @param found What stands there, in a few words.
   */
  constructor(path: string, offset: number, found: string) {
    super("corrupt", `Cannot read "${path}" at byte ${offset}: ${found}`);
    this.path = path;
    this.offset = offset;
  }
}

/** Another process, or another store of this one, holds the lock of the file. */
export class KvLockedError extends KvError {
  /** The class by name, which survives a minifier. */
  override readonly name = "KvLockedError";
  /** The file. */
  readonly path: string;

  /**
   * Makes the error.
   *
   * @param path The file.
   */
  constructor(path: string) {
    super(
      "locked",
      `Cannot open "${path}": another store holds its lock; lock: "wait" waits for it`,
    );
    this.path = path;
  }
}

/** The connection to the server was lost, or could not be made. */
export class KvConnectionError extends KvError {
  /** The class by name, which survives a minifier. */
  override readonly name = "KvConnectionError";
  /**
   * Whether the command may have taken effect: `"not_sent"` never left this machine and may be
   * tried again, `"unknown"` was sent and got no answer.
   */
  readonly outcome: "not_sent" | "unknown";

  /**
   * Makes the error.
   *
   * @param outcome Whether the command may have taken effect.
   * @param message What could not be done and why.
   * @param options `cause`: the error underneath.
   */
  constructor(outcome: "not_sent" | "unknown", message: string, options?: ErrorOptions) {
    super("connection", message, options);
    this.outcome = outcome;
  }
}

/** The server answered with an error of its own. Its code is `full` where that was `OOM`. */
export class KvServerError extends KvError {
  /** The class by name, which survives a minifier. */
  override readonly name = "KvServerError";
  /** The first word of the server's answer, such as `NOAUTH`, `OOM` or `ERR`. */
  readonly serverCode: string;

  /**
   * Makes the error.
   *
   * @param serverCode The first word of the server's answer.
   * @param message What could not be done, and the server's own words.
   */
  constructor(serverCode: string, message: string) {
    super(serverCode === "OOM" ? "full" : "server", message);
    this.serverCode = serverCode;
  }
}

const SHOWN_CHARACTERS_MAX = 64;

/** What a terminal obeys instead of showing it, and what turns the direction of the text around. */
const CONTROLS = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A key or an option as a message shows it: quoted, and cut at 64 characters. */
export function show(text: string): string {
  const cut = text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
  return escapeControls(JSON.stringify(cut));
}

/** Text with its control characters as escapes, which in JSON mean the same. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (found) => {
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** The error of a call for another type than the one `key` holds. */
export function wrongTypeError(
  action: string,
  key: string,
  holds: "a string" | "an array" | "no string" | "no array",
): KvError {
  return new KvError("wrong_type", `Cannot ${action} ${show(key)}: it holds ${holds}`);
}

/** The error of a call on a closed store. */
export function closedError(): KvError {
  return new KvError("closed", "Cannot use the store: it is closed");
}
