/**
 * Waiting that ends at Ctrl-C, for what has no end of its own: a pipe that nobody writes to, a call
 * that takes no signal.
 */

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

/** A stream that fails with the signal's reason, however idle what it reads from is. */
export function readUntilAborted(
  input: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  return input.pipeThrough(new TransformStream(), { signal });
}
