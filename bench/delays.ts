/**
 * Event-loop delays: how late a timer of one millisecond comes, again and again, while something
 * else is at work. A runtime's own histogram counts from a resolution on and differs between the
 * runtimes; this one is the same everywhere.
 */

/** Upper bounds of the buckets, in milliseconds; the last bucket takes the rest. */
const BOUNDS_MS: readonly number[] = [1, 2, 5, 10, 20, 50, 100];

/** A running measurement of event-loop delays. */
export class Delays {
  readonly #counts: number[] = new Array(BOUNDS_MS.length + 1).fill(0);
  #longestMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = 0;

  constructor() {
    this.#arm();
  }

  /** Looks away until `work` is done. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.#timer);
    const result = await work();
    this.#arm();
    return result;
  }

  /** Ends the measurement. A timer that is late by now counts as what it is late by. */
  stop(): DelayHistogram {
    clearTimeout(this.#timer);
    const lateMs = performance.now() - this.#dueMs;
    if (lateMs > 0) this.#record(lateMs);
    const labels = [
      ...BOUNDS_MS.map((bound) => `< ${bound} ms`),
      `>= ${BOUNDS_MS.at(-1)} ms`,
    ];
    return {
      longestMs: Number(this.#longestMs.toFixed(1)),
      counts: Object.fromEntries(
        labels.map((label, at) => [label, this.#counts[at] as number]),
      ),
    };
  }

  #arm(): void {
    this.#dueMs = performance.now() + 1;
    this.#timer = setTimeout(() => {
      this.#record(performance.now() - this.#dueMs);
      this.#arm();
    }, 1);
  }

  #record(lateMs: number): void {
    const bucket = BOUNDS_MS.findIndex((bound) => lateMs < bound);
    const at = bucket === -1 ? BOUNDS_MS.length : bucket;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#longestMs = Math.max(this.#longestMs, lateMs);
  }
}

/** What the machine alone does: the delays of a loop that is busy for a millisecond at a time. */
export async function delaysOfMachine(ms: number): Promise<DelayHistogram> {
  const delays = new Delays();
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const turnEnd = performance.now() + 1;
    while (performance.now() < turnEnd);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return delays.stop();
}

/** How often the loop was how late. */
export interface DelayHistogram {
  readonly longestMs: number;
  /** Timers by how late they came. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The histogram in one line, buckets that nothing fell into left out. */
export function delayLine({ longestMs, counts }: DelayHistogram): string {
  const filled = Object.entries(counts).filter(([, count]) => count > 0);
  const buckets = filled.map(([label, count]) => `${label}: ${count}`).join(
    ", ",
  );
  return `longest ${longestMs} ms (${buckets})`;
}
