/**
 * When keys expire, in a form that survives being carried from store to store: whole seconds since
 * the Unix epoch.
 *
 * A store tells the milliseconds that a key has left. By the time the answer is here, and again by
 * the time another store has taken it, some of them have passed: nobody knows how many. A deadline
 * in milliseconds would therefore wander with each copy, and no two dumps would agree. Rounded to
 * the nearest second it stays where it is: a copy is due on a whole second, and being late by less
 * than half of one changes nothing. Price: a copied key lives up to half a second longer or shorter
 * than the original.
 *
 * A first reading may find a deadline in the middle between two seconds. It is asked for again
 * until the answer came fast enough to tell the side.
 */

import type { Inspection } from "../kv/call_types.ts";

const MS_A_SECOND = 1_000;

/** The most times that a deadline near to the middle of a second is asked for. */
const ASKED_MAX = 16;

/** Tells milliseconds since the Unix epoch. */
export type Now = () => number;

/** What is at a key, and when it expires. */
export interface Found {
  readonly type: "string" | "array";
  /** Bytes of a string, elements of an array. */
  readonly length: number;
  /** Seconds since the Unix epoch, or `null`. */
  readonly expires: number | null;
}

/** Asks for what is at a key, as often as it takes to tell the second in which it expires. */
export async function inspectDeadline(
  inspect: () => Promise<Inspection | null>,
  now: Now,
): Promise<Found | null> {
  for (let asked = 1;; asked++) {
    const askedMs = now();
    const inspection = await inspect();
    if (inspection === null) return null;
    const { type, length, expiresIn } = inspection;
    if (expiresIn === null) return { type, length, expires: null };
    const earliest = toSeconds(askedMs + expiresIn);
    const latest = toSeconds(now() + expiresIn);
    if (earliest === latest || asked === ASKED_MAX) return { type, length, expires: earliest };
  }
}

/** Milliseconds from now until a deadline, up to 2^53 − 1; 0 or less where it has passed. */
export function expireIn(expires: number, nowMs: number): number {
  // The longest was rounded to a second past it.
  return Math.min(expires * MS_A_SECOND - nowMs, Number.MAX_SAFE_INTEGER);
}

function toSeconds(deadlineMs: number): number {
  return Math.round(deadlineMs / MS_A_SECOND);
}
