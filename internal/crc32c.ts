/**
 * CRC-32C (Castagnoli): the checksum of journal records. It finds every error within 32
 * neighbouring bits, and all others but one in four billion.
 *
 * Sixteen bytes a step by sixteen tables ("slicing by 16"), about 2 GB/s on a machine of 2024.
 *
 * Source: RFC 3720, appendix B.4, has the polynomial and the test vectors.
 */

/** The polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** The sum of one byte is in the first 256; those of it and `n` zeros begin at 256 `n`. */
const TABLES: Int32Array = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const crc = tables[i - 256]!;
    tables[i] = (crc >>> 8) ^ tables[crc & 0xff]!;
  }
  return tables;
}

/** Computes the checksum of the bytes from `from` to before `to`, 0 to 2^32 − 1. */
export function crc32c(view: DataView, from = 0, to: number = view.byteLength): number {
  const t = TABLES;
  let crc = -1;
  let at = from;
  for (; at + 16 <= to; at += 16) {
    const a = view.getInt32(at, true) ^ crc;
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    crc = t[0xf00 + (a & 0xff)]! ^ t[0xe00 + ((a >>> 8) & 0xff)]! ^
      t[0xd00 + ((a >>> 16) & 0xff)]! ^ t[0xc00 + (a >>> 24)]! ^
      t[0xb00 + (b & 0xff)]! ^ t[0xa00 + ((b >>> 8) & 0xff)]! ^
      t[0x900 + ((b >>> 16) & 0xff)]! ^ t[0x800 + (b >>> 24)]! ^
      t[0x700 + (c & 0xff)]! ^ t[0x600 + ((c >>> 8) & 0xff)]! ^
      t[0x500 + ((c >>> 16) & 0xff)]! ^ t[0x400 + (c >>> 24)]! ^
      t[0x300 + (d & 0xff)]! ^ t[0x200 + ((d >>> 8) & 0xff)]! ^
      t[0x100 + ((d >>> 16) & 0xff)]! ^ t[d >>> 24]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ t[(crc ^ view.getUint8(at)) & 0xff]!;
  return ~crc >>> 0;
}
