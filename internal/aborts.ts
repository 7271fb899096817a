/**
 * Hears of the abort of a signal that many may share, such as one for the whole program.
 *
 * Runtimes take it for a leak, and warn, where more than ten listen to one signal. So there is one
 * listener a signal, while anybody waits, and it tells all of them.
 */

interface Waiting {
  readonly calls: Set<() => void>;
  readonly tell: () => void;
}

const bySignal = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `call` once when `signal` aborts. It must not have aborted, and `call` must not throw.
 *
 * @returns Takes it back: `call` will not be called.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const waiting = bySignal.get(signal) ?? listen(signal);
  waiting.calls.add(call);
  return () => {
    waiting.calls.delete(call);
    if (waiting.calls.size > 0 || bySignal.get(signal) !== waiting) return;
    bySignal.delete(signal);
    signal.removeEventListener("abort", waiting.tell);
  };
}

function listen(signal: AbortSignal): Waiting {
  const calls = new Set<() => void>();
  const tell = (): void => {
    for (const call of calls) call();
  };
  const waiting = { calls, tell };
  bySignal.set(signal, waiting);
  signal.addEventListener("abort", tell);
  return waiting;
}
