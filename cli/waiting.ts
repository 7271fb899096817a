/**
 * Waiting that ends at Ctrl-C, for what has no end of its own: a pipe that nobody writes to or
 * reads, a call that takes no signal.
 */

import type { Sink } from "./terminal.ts";

/** Gives what `work` comes to, or rejects with the signal's reason if that comes first. */
export async function untilAborted<R>(work: Promise<R>, signal: AbortSignal): Promise<R> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * A sink whose writes fail with the signal's reason, though nobody takes what they write. Not for
 * what has left the store, such as an element.
 */
export function sinkUntilAborted(sink: Sink, signal: AbortSignal): Sink {
  const write = (bytes: Uint8Array): Promise<void> => untilAborted(sink.write(bytes), signal);
  return { isTerminal: sink.isTerminal, write };
}

/** A stream that fails with the signal's reason, however idle what it reads from is. */
export function readUntilAborted(
  input: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  return input.pipeThrough(new TransformStream(), { signal });
}
