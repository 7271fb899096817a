/**
 * Calls to the system, whose errors say what could not be done, and with what.
 */

import { CommandError } from "./exit.ts";

/**
 * Makes a call to the system.
 *
 * @param action What could not be done if it fails, such as `write "backup.jsonl"`.
 * @throws {CommandError} If the call fails; the error of a pipe that nobody reads stays as it is.
 */
export async function attempt<R>(action: string, call: () => Promise<R>): Promise<R> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof CommandError || cause instanceof Deno.errors.BrokenPipe) throw cause;
    throw new CommandError(`Cannot ${action}: ${reasonOf(cause)}`, { cause });
  }
}

/** What the system said, without the path: the message has it, or it is none of the user's. */
function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file or directory";
  const message = cause instanceof Error ? cause.message : String(cause);
  return /^.*?\(os error \d+\)/s.exec(message)?.[0] ?? message;
}
