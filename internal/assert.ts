/**
 * Assertions: what can be false only by a bug of this package. They are never caught inside, and
 * never stand for a check of what comes from outside.
 */

/** Throws if `condition` does not hold. */
export function assert(condition: boolean, message?: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** A bug of this package. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";

  constructor(message = "unexpected state") {
    super(`Assertion failed, please report this as a bug of JetKV: ${message}`);
  }
}
