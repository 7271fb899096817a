/**
 * From an address to a connection that is ready for commands: the socket, RESP3, who we are, the
 * database. All of it within one time limit, and every failure is one of the documented errors.
 */

import { onAbort } from "../../internal/aborts.ts";
import type { CheckedValkeyOptions } from "../../kv/checked_options.ts";
import { KvConnectionError, KvServerError } from "../../kv/errors.ts";
import { type Argument, type Reply, ReplyError, RespError } from "../../resp3/mod.ts";
import { toReply } from "./answers.ts";
import { define } from "./commands.ts";
import { Connection, type ConnectionHooks } from "./connection.ts";
import { countDown } from "./countdown.ts";
import { outcomeUnknownError, Request } from "./request.ts";
import type { ConnectSocket } from "./socket.ts";

/** A connection that is ready, and the number by which the server knows it. */
export interface Session {
  readonly connection: Connection;
  readonly clientId: number;
}

/** What a session tells the one who opens it. */
export interface SessionHooks extends ConnectionHooks {
  /** Ends the opening: nobody wants the session any more. */
  readonly ended: AbortSignal;
}

const LOST_AT_ONCE = "the connection was lost at once";
/** The codes of OpenSSL for a certificate by an authority that nobody here knows. */
const UNTRUSTED: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/**
 * Opens a connection and makes it ready. It may be lost again before the caller has it:
 * {@linkcode checkSession} tells.
 *
 * @param hooks Called once the session is there, not before.
 * @throws {KvConnectionError} `not_sent`, if there is no connection in time.
 * @throws {KvServerError} If the server refuses us.
 * @throws {TypeError} If a permission is missing.
 */
export async function openSession(
  connect: ConnectSocket,
  options: CheckedValkeyOptions,
  hooks: SessionHooks,
): Promise<Session> {
  const abort = new AbortController();
  let connection: Connection | undefined;
  let lostBy: Error | undefined;
  let isReady = false;
  let isLate = false;
  const giveUp = (): void => {
    abort.abort();
    connection?.close();
  };
  const stopCounting = countDown(options.connectTimeout, () => {
    isLate = true;
    giveUp();
  });
  const stopListening = onAbort(hooks.ended, giveUp);
  try {
    connection = await Connection.open(connect, {
      target: options,
      signal: abort.signal,
      bufferSize: options.bufferSize,
      readTimeoutMs: options.readTimeout,
    }, {
      onRoom(): void {
        if (isReady) hooks.onRoom();
      },
      onLost(loss): void {
        if (isReady) return hooks.onLost(loss);
        const isSilent = loss.reason === "silent";
        const silence = `the server was silent for ${options.readTimeout} ms`;
        lostBy = isSilent ? new Error(silence) : loss.cause;
        for (const request of [...loss.sent, ...loss.unsent]) {
          request.reject(outcomeUnknownError(request, lostBy));
        }
      },
    });
    // A server may have sent us away before it has heard us.
    if (!connection.isOpen) throw lostBy ?? new Error(LOST_AT_ONCE);
    const clientId = await greet(connection, options);
    if (!connection.isOpen) throw lostBy ?? new Error(LOST_AT_ONCE);
    connection.endGreeting();
    isReady = true;
    return { connection, clientId };
  } catch (cause) {
    connection?.close();
    throw connectError(options, cause, isLate);
  } finally {
    stopCounting();
    stopListening();
  }
}

/**
 * Checks that a session is still there once its opener has it.
 *
 * @throws {KvConnectionError} `not_sent`, if it was lost meanwhile.
 */
export function checkSession({ connection }: Session, options: CheckedValkeyOptions): void {
  if (!connection.isOpen) throw connectError(options, new Error(LOST_AT_ONCE), false);
}

/** Says hello, all in one write, and gives the number of the connection. */
async function greet(connection: Connection, options: CheckedValkeyOptions): Promise<number> {
  const action = `connect to ${hostAndPort(options)}`;
  const ask = (words: string, args: readonly Argument[]): Promise<Reply> => {
    const request = new Request(define(action, words, toReply), null, null, args, null);
    const answer = request.promise<Reply>();
    connection.send(request);
    return answer;
  };
  const { username = "default", password, clientName, database } = options;
  const hasCredentials = password !== undefined || options.username !== undefined;
  const hello = ask("HELLO", [
    3,
    ...(hasCredentials ? ["AUTH", username, password ?? ""] : []),
    ...(clientName === undefined ? [] : ["SETNAME", clientName]),
  ]);
  const others = database === 0 ? [] : [ask("SELECT", [database])];
  // A server that is still loading its data greets, and then refuses everything.
  others.push(ask("PING", []).catch(passOverNoPermission));
  const [facts] = await Promise.all([hello, ...others]);
  const clientId = facts instanceof Map ? facts.get("id") : undefined;
  if (typeof clientId !== "number") throw new Error("the server did not say hello");
  return clientId;
}

/** A user who may not ask is one who was let in. */
function passOverNoPermission(error: unknown): null {
  if (error instanceof KvServerError && error.serverCode === "NOPERM") return null;
  throw error;
}

/** Where the server is, for messages. */
export function hostAndPort({ host, port }: CheckedValkeyOptions): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function connectError(
  options: CheckedValkeyOptions,
  cause: unknown,
  isLate: boolean,
): Error {
  const where = hostAndPort(options);
  if (cause instanceof KvServerError) {
    const isOld = cause.serverCode === "NOPROTO" || /unknown command/i.test(cause.message);
    const isLocked = cause.serverCode === "NOAUTH";
    if (!isOld && !isLocked) return cause;
    const why = isOld
      ? "the server does not speak RESP3, as Valkey and Redis 7 do"
      : "the server wants a password";
    return new KvServerError(cause.serverCode, `Cannot connect to ${where}: ${why}`);
  }
  const root = cause instanceof KvConnectionError ? cause.cause : cause;
  if (root instanceof ReplyError) {
    const words = `Cannot connect to ${where}: the server answered "${root.message}"`;
    return new KvServerError(root.code, words);
  }
  if (isNotPermitted(cause)) {
    return new TypeError(`Cannot connect to ${where}: run with --allow-net=${where}`, { cause });
  }
  const isTls = options.tls !== false;
  const why = isLate
    ? `no answer within ${options.connectTimeout} ms${isTls ? "; does it speak TLS?" : ""}`
    : `${reasonOf(root) ?? LOST_AT_ONCE}${hintFor(root, isTls)}`;
  const message = `Cannot connect to ${where}: ${why}`;
  return new KvConnectionError("not_sent", message, root === undefined ? {} : { cause: root });
}

/** Whether Deno refuses: to connect, or to look for the address of a name. */
function isNotPermitted(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const { code, syscall } = cause as { code?: unknown; syscall?: unknown };
  return cause.name === "NotCapable" || (code === "EPERM" && syscall === "getaddrinfo");
}

/** What may help where a socket fails so. */
function hintFor(cause: unknown, isTls: boolean): string {
  const { code } = (cause ?? {}) as { code?: unknown };
  if (!isTls && code === "ECONNRESET") {
    return "; if the server speaks TLS, its URL begins with valkeys:";
  }
  if (isTls && UNTRUSTED.has(code)) return "; tls.caCerts says whom to trust";
  return "";
}

/** What went wrong with a socket, in the system's words. */
function reasonOf(cause: unknown): string | undefined {
  if (cause instanceof RespError) return "what answers there is no Valkey server";
  return cause instanceof Error && cause.message !== "" ? cause.message : undefined;
}
