/**
 * What the suite asks of a store under test, and the shape of its cases.
 */

import type { Kv } from "../../kv/kv.ts";

/** A fresh, empty store and a hand on its clock. */
export interface Subject {
  readonly kv: Kv;
  /**
   * Lets `ms` milliseconds pass for the store's expiry and its waiting calls, and gives what waits
   * a turn. Where the clock is a server's, the deadlines of its keys move instead and at most 50
   * milliseconds really pass. So a case must not count on single milliseconds, and one whose call
   * is to time out gives it a `wait` of 50 or less.
   */
  readonly advance: (ms: number) => Promise<void>;
}

/** Cases by title. Each gets a subject of its own and could fail on its own. */
export type Cases = Readonly<Record<string, (subject: Subject) => Promise<void>>>;
