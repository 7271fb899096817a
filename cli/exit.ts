/**
 * How a command ends: the exit codes, and which one an error leads to.
 */

import { KvError } from "../kv/errors.ts";

/** The exit codes, for scripts. */
export const EXIT = {
  /** Done; the answer is yes. */
  ok: 0,
  /** Done; the answer is no: there is no such key, or nothing was stored or removed. */
  no: 1,
  /** The command line is wrong: nothing was done. */
  usage: 2,
  /** The store, the server or a file failed or refused; the message says how. */
  failed: 3,
  /** A store's file or a dump is cut or damaged. */
  corrupt: 4,
  /** Deno was not given a permission; the message names the flag. */
  permission: 5,
  /** The terminal has gone: SIGHUP. */
  hungUp: 129,
  /** Ctrl-C. */
  interrupted: 130,
  /** Whoever read the output has gone, as `head` does. */
  brokenPipe: 141,
  /** SIGTERM. */
  terminated: 143,
} as const;

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command cannot go on, for a reason that is not the store's. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** A command ended in the midst of its work: the cause says why, the message what that leaves. */
export class Unfinished extends Error {
  override readonly name = "Unfinished";

  constructor(left: string, cause: unknown) {
    super(left, { cause });
  }
}

const INTERRUPTS = {
  SIGINT: ["Interrupted", EXIT.interrupted],
  SIGTERM: ["Terminated", EXIT.terminated],
  SIGHUP: ["Hung up", EXIT.hungUp],
} as const;

/** The program was told to stop. */
export class Interrupt extends Error {
  override readonly name = "Interrupt";
  /** What the program ends with. */
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM" | "SIGHUP") {
    super(INTERRUPTS[signal][0]);
    this.exitCode = INTERRUPTS[signal][1];
  }
}

/** The exit code that an error leads to. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupt) return error.exitCode;
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.brokenPipe;
  if (missingPermission(error) !== null) return EXIT.permission;
  if (error instanceof KvError) return error.code === "corrupt" ? EXIT.corrupt : EXIT.failed;
  return error instanceof UsageError || isMisuse(error) ? EXIT.usage : EXIT.failed;
}

/** Tells whether an error says that a call was wrong. */
export function isMisuse(error: unknown): error is TypeError | RangeError {
  return error instanceof TypeError || error instanceof RangeError;
}

/** The message of an error; of a missing permission always the one that names the flag. */
export function messageOf(error: unknown): string {
  const refusal = missingPermission(error) ?? error;
  return refusal instanceof Error ? refusal.message : String(refusal);
}

/** The code of an error, for programs: a store's own, or a word for what else went wrong. */
export function codeOf(error: unknown): string {
  const exitCode = exitCodeOf(error);
  if (error instanceof KvError && exitCode !== EXIT.permission) return error.code;
  return Object.entries(EXIT).find(([, code]) => code === exitCode)?.[0] ?? "failed";
}

/** The refusal of a permission that an error goes back to. */
function missingPermission(error: unknown): Error | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Deno.errors.NotCapable) return cause;
  }
  return null;
}
