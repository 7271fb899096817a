/**
 * Which commands a caller may send by hand. All calls share one connection, so what would change it
 * for the others, hold it up, or answer otherwise than once, is refused.
 */

import { isBytes } from "../../internal/bytes.ts";
import { kindOf } from "../../kv/checks.ts";
import { show } from "../../kv/errors.ts";

/** Commands that change the connection for every other call, or make the server talk unasked. */
const CHANGES_CONNECTION = new Set([
  "ASKING",
  "AUTH",
  "CLIENT CACHING",
  "CLIENT CAPA",
  "CLIENT IMPORT-SOURCE",
  "CLIENT NO-EVICT",
  "CLIENT NO-TOUCH",
  "CLIENT REPLY",
  "CLIENT SETINFO",
  "CLIENT SETNAME",
  "CLIENT TRACKING",
  "HELLO",
  "MONITOR",
  "PSUBSCRIBE",
  "PSYNC",
  "PUNSUBSCRIBE",
  "QUIT",
  "READONLY",
  "READWRITE",
  "REPLCONF",
  "RESET",
  "SCRIPT DEBUG",
  "SELECT",
  "SSUBSCRIBE",
  "SUBSCRIBE",
  "SUNSUBSCRIBE",
  "SYNC",
  "UNSUBSCRIBE",
]);
/** Commands that span several: those of other calls would come between. */
const SPANS_COMMANDS = new Set(["DISCARD", "EXEC", "MULTI", "UNWATCH", "WATCH"]);
/** Commands that wait on the server, and every other call with them. */
const WAITS = new Set([
  "BLMOVE",
  "BLMPOP",
  "BLPOP",
  "BRPOP",
  "BRPOPLPUSH",
  "BZMPOP",
  "BZPOPMAX",
  "BZPOPMIN",
  "WAIT",
  "WAITAOF",
]);
/** Commands that wait if they are told to. */
const STREAM_READS = new Set(["XREAD", "XREADGROUP"]);

const utf8 = new TextDecoder();

/**
 * Checks a command.
 *
 * @throws {TypeError} If an argument is none, or the command is not for a shared connection.
 */
export function checkCommand(args: readonly unknown[]): void {
  if (args.length === 0) throw new TypeError("Cannot run a command: it has no name");
  for (const arg of args) checkArgument(arg);
  const [name = "", second = ""] = args.slice(0, 2).map(wordOf);
  for (const words of [name, `${name} ${second}`]) {
    if (CHANGES_CONNECTION.has(words)) {
      fail(words, "it changes the connection that all calls share");
    }
  }
  if (SPANS_COMMANDS.has(name)) fail(name, "all calls share a connection, use a script");
  if (WAITS.has(name) || (STREAM_READS.has(name) && hasBlock(args))) {
    fail(name, "it would hold up the calls behind it");
  }
}

/** Tells whether BLOCK is among the options, in whatever order; they end where the keys begin. */
function hasBlock([name, ...args]: readonly unknown[]): boolean {
  const isOfGroup = wordOf(name) === "XREADGROUP";
  for (let at = 0; at < args.length; at++) {
    const word = wordOf(args[at]);
    if (word === "STREAMS") return false;
    if (word === "BLOCK") return true;
    if (word === "GROUP" && isOfGroup) at += 2; // the names of a group and a consumer
  }
  return false;
}

function checkArgument(arg: unknown): void {
  if (typeof arg === "string" && arg.isWellFormed()) return;
  if (isBytes(arg) || (typeof arg === "number" && Number.isFinite(arg))) return;
  const found = typeof arg === "string" ? "a string with a lone surrogate" : kindOf(arg);
  throw new TypeError(
    `Cannot send ${found} in a command: it must be text, a finite number or a Uint8Array`,
  );
}

/** A word of a command, as the server compares it. */
export function wordOf(arg: unknown): string {
  const text = arg instanceof Uint8Array ? utf8.decode(arg.subarray(0, 64)) : String(arg);
  return text.toUpperCase();
}

function fail(name: string, why: string): never {
  throw new TypeError(`Cannot run ${show(name)}: ${why}`);
}
